#!/bin/sh
# Into which namespace does a library load what it opens by dlopen, when it lies in one of its own?
# dlopen-inside: application-calls-the-opener, opener=optimised, flag=RTLD_LOCAL, libc=debian/bookworm
# claim S2-01: dlopen loads into the namespace of the library that calls it. (the-openers-namespace)
# Needs: ${CC:-cc}. Run it in an empty directory: sh THIS-FILE
set -eu
here=$(pwd)

# The trial's standard output was a pipe.
if [ -t 1 ]; then
	{ sh "$0" "$@" || echo "exit status $?" >&2; } | cat
	exit
fi

# plugin
mkdir -p objects/plugin
mkdir -p src
cat > src/plugin.c << 'end_of_file'
int value = 42;
end_of_file
(cd src && ${CC:-cc} -std=gnu17 -g -O0 -fPIC -shared -Iinclude plugin.c -o "$here/objects/plugin/libplugin.so" -Wl,--no-as-needed -Wl,--enable-new-dtags -Wl,-z,lazy -Wl,-z,noexecstack -Wl,--build-id=sha1 -Wl,--hash-style=gnu -Wl,-soname,libplugin.so)

# the program of application-calls-the-opener
mkdir -p program
mkdir -p program
cat > program/program.c << 'end_of_file'
/* Into which namespace does a library load what it opens by dlopen, when it lies in one of its own?
 * dlopen-inside: application-calls-the-opener, opener=optimised, flag=RTLD_LOCAL, libc=debian/bookworm
 * claim S2-01: dlopen loads into the namespace of the library that calls it. (the-openers-namespace) */
#define _GNU_SOURCE
#include <limits.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#define OBSERVE static __attribute__((unused))

#define OBSERVE_DESCRIPTOR 9

#define OBSERVE_TEXT 1024 /* bytes told of a text at the most, */

#define OBSERVE_ROOM 3500 /* fewer where escapes would fill the line */

struct observe_line {
	char text[4096];
	size_t used;
	int told;
};

OBSERVE __attribute__((format(printf, 2, 3))) void observe_put(struct observe_line *line, const char *format, ...)
{
	const size_t room = sizeof line->text - 2 - line->used;
	va_list values;
	int length;

	va_start(values, format);
	length = vsnprintf(line->text + line->used, room, format, values);
	va_end(values);
	line->used += length < 0 ? 0 : (size_t)length < room ? (size_t)length : room - 1;
}

/* A field whose value is a JSON string, or null. */
OBSERVE void observe_field(struct observe_line *line, const char *key, const char *text)
{
	int told = 0;

	observe_put(line, text ? "%c\"%s\":\"" : "%c\"%s\":null", line->used ? ',' : '{', key);
	if (!text)
		return;
	for (; *text && line->used < OBSERVE_ROOM; text++, told++) {
		const unsigned char byte = (unsigned char)*text;
		if (told >= OBSERVE_TEXT && (byte & 0xc0) != 0x80)
			break; /* between two characters of UTF-8 */
		observe_put(line, byte < ' ' || byte == '"' || byte == '\\' || byte == 127 ? "\\u%04x" : "%c", byte);
	}
	observe_put(line, *text ? "…\"" : "\"");
}

OBSERVE void observe_int_field(struct observe_line *line, const char *key, long long value)
{
	observe_put(line, ",\"%s\":%lld", key, value);
}

OBSERVE void observe_unsigned_field(struct observe_line *line, const char *key, unsigned long long value)
{
	observe_put(line, ",\"%s\":%llu", key, value);
}

/* JSON has neither an infinity nor a NaN: these are told as text. */
OBSERVE void observe_real_field(struct observe_line *line, const char *key, double value)
{
	observe_put(line, value - value == 0 ? ",\"%s\":%.17g" : ",\"%s\":\"%g\"", key, value);
}

OBSERVE void observe_flag_field(struct observe_line *line, const char *key, int value)
{
	observe_put(line, ",\"%s\":%s", key, value ? "true" : "false");
}

OBSERVE void observe_address_field(struct observe_line *line, const char *key, const volatile void *value)
{
	const unsigned long long address = (uintptr_t)value;

	observe_put(line, address ? ",\"%s\":\"0x%llx\"" : ",\"%s\":null", key, address);
}

OBSERVE struct observe_line observe_begin(const char *event, const char *verb)
{
	struct observe_line line;

	line.used = 0;
	line.told = event != NULL;
	observe_field(&line, "event", event);
	if (verb)
		observe_field(&line, "verb", verb);
	return line;
}

OBSERVE void observe_end(struct observe_line *line)
{
	const int flags = fcntl(OBSERVE_DESCRIPTOR, F_GETFL);
	const int watched = flags != -1 && flags & O_APPEND && (flags & O_ACCMODE) == O_WRONLY;

	line->text[line->used++] = '}';
	line->text[line->used++] = '\n';
	line->told = line->told && write(watched ? OBSERVE_DESCRIPTOR : 2, line->text, line->used) >= 0; /* else nobody listens */
}

#define OBSERVE_VALUE(name, type, field) \
	OBSERVE void name##_of(const char *event, const char *verb, type value) \
	{ \
		struct observe_line line = observe_begin(event, verb); \
		field(&line, "value", value); \
		observe_end(&line); \
	} \
	OBSERVE void name(const char *event, type value) { name##_of(event, NULL, value); }

OBSERVE_VALUE(observe_int, long long, observe_int_field)

OBSERVE_VALUE(observe_unsigned, unsigned long long, observe_unsigned_field)

OBSERVE_VALUE(observe_real, double, observe_real_field)

OBSERVE_VALUE(observe_flag, int, observe_flag_field)

OBSERVE_VALUE(observe_text, const char *, observe_field)

OBSERVE_VALUE(observe_address, const volatile void *, observe_address_field)

OBSERVE void observe_unsupported(const char *why)
{
	observe_text("unsupported", why);
	_exit(77);
}

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

#ifdef LM_ID_NEWLM
OBSERVE int step_dlmopen(const char *name, Lmid_t lmid, const char *path, int flags, void **handle)
{
	*handle = dlmopen(lmid, path, flags);
	return opened(name, "dlmopen", *handle);
}
#else /* musl */
#define LM_ID_NEWLM (-1)
#define dlvsym(handle, symbol, version) (observe_unsupported("this C library has no dlvsym"), NULL)
#define step_dlmopen(name, lmid, path, flags, handle) \
	((void)(handle), observe_unsupported("this C library has no dlmopen"), 0)
#endif

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

#define tell(event, verb, value) \
	_Generic((value), _Bool: observe_flag_of, char: observe_int_of, signed char: observe_int_of, \
		short: observe_int_of, int: observe_int_of, long: observe_int_of, long long: observe_int_of, \
		unsigned char: observe_unsigned_of, unsigned short: observe_unsigned_of, unsigned: observe_unsigned_of, \
		unsigned long: observe_unsigned_of, unsigned long long: observe_unsigned_of, float: observe_real_of, \
		double: observe_real_of, long double: observe_real_of, char *: observe_text_of, \
		const char *: observe_text_of, default: observe_address_of)(event, verb, value)


static struct { /* what the program is given */
	const char *opening, *plugin;
} given;

static struct { /* what its steps find */
	void *opener;
	void *opened;
} it;

int main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: program OPENING PLUGIN\n", stderr);
		return 2;
	}
	given.opening = argv[1];
	given.plugin = argv[2];

	/* 1. dlmopen opening, as opener */
	need(step_dlmopen("opener", LM_ID_NEWLM, given.opening, RTLD_NOW, &it.opener));

	/* 2. call open_here, as opened */
	{
		__typeof__(void *(const char *, int)) *function;

		need(find("opened", "call", held(it.opener), "open_here", NULL, (void **)&function));
		it.opened = function(given.plugin, RTLD_NOW | RTLD_LOCAL);
		tell("opened", "call", it.opened);
	}

	/* 3. c, as namespace, seen */
	Lmid_t id = -1;
	dlinfo(it.opened, RTLD_DI_LMID, &id);
	tell("namespace", "c", (long long)id);
	tell("seen", "c", dlsym(RTLD_DEFAULT, "value") != NULL);
	return 0;
}
end_of_file
(cd program && ${CC:-cc} -std=gnu17 -g -O0 -fPIE -pie -Iinclude program.c -o "$here/program/program" -Wl,--no-as-needed -Wl,--enable-new-dtags -Wl,-z,lazy -Wl,-z,noexecstack -Wl,--build-id=sha1 -Wl,--hash-style=gnu -ldl)

# opening
mkdir -p objects/opening
mkdir -p src
cat > src/opener.c << 'end_of_file'
#include <dlfcn.h>
void *open_here(const char *path, int flags) { return dlopen(path, flags); }
end_of_file
(cd src && ${CC:-cc} -std=gnu17 -g -O0 -fPIC -shared -Iinclude -O2 opener.c -o "$here/objects/opening/libopener.so" -Wl,--no-as-needed -Wl,--enable-new-dtags -Wl,-z,lazy -Wl,-z,noexecstack -Wl,--build-id=sha1 -Wl,--hash-style=gnu -Wl,-soname,libopener.so -ldl)

# It is over after 30 s; where it hangs, that is what happens.
mkdir -p cwd && cd cwd
exec env -i -- "$here/program/program" "$here/objects/opening/libopener.so" "$here/objects/plugin/libplugin.so" < /dev/null
