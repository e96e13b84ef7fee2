/* Claim: a few preloaded lines can bring a library into a process with its dependencies kept to itself.
 *
 * Preload this, and say in INJECTED which library is meant. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static __attribute__((constructor)) void inject(void)
{
	const char *path = getenv("INJECTED");

	if (path && !dlmopen(LM_ID_NEWLM, path, RTLD_NOW))
		fprintf(stderr, "shim: %s\n", dlerror());
}
