/* The dynamic loader's verbs as steps: each does one thing, tells what came of it, and returns whether it
 * could be done. need() ends the program where it could not. */
#ifndef STEPS_H
#define STEPS_H

#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "observe.h"

static __thread const char *failed_step = ""; /* the last step that could not be done */
static __thread char failed_why[512];
static __attribute__((unused)) void (*leave)(int) = exit; /* a forked child leaves by _exit */
#define HANDLES 256
static __attribute__((unused)) void *open_handles[HANDLES];

OBSERVE int failed(const char *name, const char *verb, const char *why)
{
	struct observe_line line = observe_begin(name, verb);

	failed_step = name ? name : verb;
	snprintf(failed_why, sizeof failed_why, "%s", why ? why : "no error was given");
	observe_flag_field(&line, "ok", 0);
	observe_field(&line, "error", failed_why);
	observe_end(&line);
	return 0;
}

OBSERVE int done(const char *name, const char *verb)
{
	struct observe_line line = observe_begin(name, verb);

	observe_flag_field(&line, "ok", 1);
	observe_end(&line);
	return 1;
}

OBSERVE void need(int ok)
{
	struct observe_line line;

	if (ok)
		return;
	line = observe_begin("failed", NULL);
	observe_field(&line, "step", failed_step);
	observe_field(&line, "error", failed_why);
	observe_end(&line);
	leave(1);
}

/* What is known of an object that was opened: its namespace, load address and path. */
OBSERVE int opened(const char *name, const char *verb, void *handle)
{
	struct observe_line line;
	struct link_map *map;

	if (!handle)
		return failed(name, verb, dlerror());
	line = observe_begin(name, verb);
	observe_flag_field(&line, "ok", 1);
#ifdef LM_ID_NEWLM
	Lmid_t lmid;
	if (dlinfo(handle, RTLD_DI_LMID, &lmid) == 0)
		observe_int_field(&line, "lmid", lmid);
#endif
	if (dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0) {
		observe_address_field(&line, "base", (void *)map->l_addr);
		observe_field(&line, "path", map->l_name);
	}
	observe_end(&line);
	for (size_t i = 0; i < HANDLES && !__sync_bool_compare_and_swap(&open_handles[i], NULL, handle); i++)
		;
	return 1;
}

OBSERVE int step_dlopen(const char *name, const char *path, int flags, void **handle)
{
	*handle = dlopen(path, flags);
	return opened(name, "dlopen", *handle);
}

#ifdef LM_ID_NEWLM
OBSERVE int step_dlmopen(const char *name, Lmid_t lmid, const char *path, int flags, void **handle)
{
	*handle = dlmopen(lmid, path, flags);
	return opened(name, "dlmopen", *handle);
}

OBSERVE Lmid_t namespace_of(void *handle)
{
	Lmid_t lmid = LM_ID_BASE;

	if (!handle || dlinfo(handle, RTLD_DI_LMID, &lmid) != 0)
		need(failed("namespace_of", "dlinfo", handle ? dlerror() : "the object is not open"));
	return lmid;
}
#else /* musl */
#define LM_ID_BASE 0
#define LM_ID_NEWLM (-1)
#define namespace_of(handle) LM_ID_BASE
#define dlvsym(handle, symbol, version) (observe_unsupported("this C library has no dlvsym"), NULL)
#define step_dlmopen(name, lmid, path, flags, handle) \
	((void)(handle), observe_unsupported("this C library has no dlmopen"), 0)
#endif

OBSERVE int step_dlclose(const char *name, void **handle)
{
	void *const closed = *handle;

	if (!closed)
		return failed(name, "dlclose", "the object is not open");
	*handle = NULL;
	for (size_t i = 0; i < HANDLES && !__sync_bool_compare_and_swap(&open_handles[i], closed, NULL); i++)
		;
	return dlclose(closed) == 0 ? done(name, "dlclose") : failed(name, "dlclose", dlerror());
}

/* A loop that ended: how many rounds were whole, and what ended it. */
OBSERVE void step_loop(const char *name, long count, const char *why)
{
	struct observe_line line = observe_begin(name, "loop");

	observe_flag_field(&line, "ok", 1);
	observe_int_field(&line, "count", count);
	if (why && *why)
		observe_field(&line, "error", why);
	observe_end(&line);
}

/* An object that is not open has no symbols; its handle is NULL, which dlsym takes for RTLD_DEFAULT. */
#define NOT_OPEN ((void *)-3)
#define held(handle) ((handle) ? (handle) : NOT_OPEN)

/* A symbol may be there and be NULL: only dlerror tells. */
OBSERVE int find(const char *name, const char *verb, void *handle, const char *symbol, const char *version, void **found)
{
	const char *error;

	if (handle == NOT_OPEN)
		return failed(name, verb, "the object is not open");
	dlerror();
	*found = version ? dlvsym(handle, symbol, version) : dlsym(handle, symbol);
	error = *found ? NULL : dlerror();
	return error ? failed(name, verb, error) : 1;
}

OBSERVE int step_dlsym(const char *name, void *handle, const char *symbol, const char *version, void **found)
{
	struct observe_line line;

	if (!find(name, "dlsym", handle, symbol, version, found))
		return 0;
	line = observe_begin(name, "dlsym");
	observe_flag_field(&line, "ok", 1);
	observe_address_field(&line, "address", *found);
	observe_end(&line);
	return 1;
}

#endif
