/* Claim: a plugin loaded into a namespace of its own has its own globals, and so has the base it needs. */
#include "user.h"

#include "../base/base.h"

#include <stdio.h>
#include <stdlib.h>

enum { NAME_BYTES = 128 };

int global_value = VERSION;

int version(void)
{
	return VERSION;
}

char *fullname(void)
{
	char *name = malloc(NAME_BYTES);

	if (name)
		snprintf(name, NAME_BYTES, "my_glob='%d', my_version=%d, base_glob='%d', base_version=%d",
			 global_value, version(), base_global_value, base_version());
	return name;
}

/* A namespace has a malloc of its own, so what came from it must go back to it. */
void release_name(char *name)
{
	free(name);
}
