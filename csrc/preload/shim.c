/* Claim: a few preloaded lines can bring a library into a process with its dependencies kept to itself.
 *
 * Preload this, and say in INJECTED which library is meant. -DWAY=way_dlopen loads it beside the application. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef WAY
#define WAY way_dlmopen
#endif
#define way_dlmopen(path) dlmopen(LM_ID_NEWLM, path, RTLD_NOW)
#define way_dlopen(path) dlopen(path, RTLD_NOW)

static __attribute__((constructor)) void inject(void)
{
	const char *path = getenv("INJECTED");

	if (path && !WAY(path))
		fprintf(stderr, "shim: %s\n", dlerror());
}
