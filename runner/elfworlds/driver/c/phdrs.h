/* Which objects dl_iterate_phdr(3) shows. The C library looks at who calls it: a library that includes this
 * header and is loaded into a namespace sees that namespace's. Compile it with -D_GNU_SOURCE. */
#ifndef PHDRS_H
#define PHDRS_H

#include <link.h>

#include "observe.h"

OBSERVE int observe_phdrs_one(struct dl_phdr_info *info, size_t size, void *name)
{
	struct observe_line line = observe_begin((const char *)name, NULL);

	(void)size;
	observe_field(&line, "part", "names");
	observe_field(&line, "value", info->dlpi_name);
	observe_end(&line);
	return 0;
}

OBSERVE int observe_phdrs(const char *name)
{
	struct observe_line line;

	dl_iterate_phdr(observe_phdrs_one, (void *)(uintptr_t)name);
	line = observe_begin(name, "phdrs");
	observe_flag_field(&line, "ok", 1);
	observe_end(&line);
	return 1;
}

#endif
