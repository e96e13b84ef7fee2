#!/bin/sh
# Does gdb know a library that was loaded into a namespace of its own, its functions and its variables?
# gdb-visibility: frame-of-a-crash, way=dlmopen, libc=debian/bullseye, gdb=debian/bookworm
# claim S2-08: From gdb 13.1 on it has. (named)
# Needs: ${CC:-cc}. Run it in an empty directory: sh THIS-FILE
set -eu
here=$(pwd)

# The trial's standard output was a pipe.
if [ -t 1 ]; then
	{ sh "$0" "$@" || echo "exit status $?" >&2; } | cat
	exit
fi

# crasher
mkdir -p objects/crasher
mkdir -p src
cat > src/crasher.c << 'end_of_file'
void say_hello(void) { *(volatile int *)0 = 1; }
void say_nothing(void) { }
end_of_file
(cd src && ${CC:-cc} -std=gnu17 -g -O0 -fPIC -shared -Iinclude crasher.c -o "$here/objects/crasher/libcrasher.so" -Wl,--no-as-needed -Wl,--enable-new-dtags -Wl,-z,lazy -Wl,-z,noexecstack -Wl,--build-id=sha1 -Wl,--hash-style=gnu -Wl,-soname,libcrasher.so)

# the program of frame-of-a-crash
mkdir -p program
mkdir -p program
cat > program/program.c << 'end_of_file'
/* Does gdb know a library that was loaded into a namespace of its own, its functions and its variables?
 * gdb-visibility: frame-of-a-crash, way=dlmopen, libc=debian/bullseye, gdb=debian/bookworm
 * claim S2-08: From gdb 13.1 on it has. (named) */
#define _GNU_SOURCE
#include <limits.h>
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

OBSERVE_VALUE(observe_text, const char *, observe_field)

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


static struct { /* what the program is given */
	const char *crasher;
} given;

static struct { /* what its steps find */
	void *lib;
} it;

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: program CRASHER\n", stderr);
		return 2;
	}
	given.crasher = argv[1];

	/* 1. load crasher, as lib */
	need(step_dlmopen("lib", LM_ID_NEWLM, given.crasher, RTLD_LAZY, &it.lib));

	/* 2. call say_hello */
	{
		__typeof__(void (void)) *function;

		need(find("call say_hello", "call", held(it.lib), "say_hello", NULL, (void **)&function));
		function();
		done("call say_hello", "call");
	}
	return 0;
}
end_of_file
(cd program && ${CC:-cc} -std=gnu17 -g -O0 -fPIE -pie -Iinclude program.c -o "$here/program/program" -Wl,--no-as-needed -Wl,--enable-new-dtags -Wl,-z,lazy -Wl,-z,noexecstack -Wl,--build-id=sha1 -Wl,--hash-style=gnu -ldl)

# It is over after 30 s; where it hangs, that is what happens.
mkdir -p cwd && cd cwd
# The outcome rests on gdb.backtrace, gdb.backtrace.count, gdb.backtrace.function. `sh THIS-FILE plain` runs the program alone.
if [ "${1-gdb}" = gdb ]; then
cat > commands.gdb << 'end_of_file'
set breakpoint pending on
set print elements 0
run
while $_isvoid($_exitcode) && $_isvoid($_exitsignal)
  backtrace
  info sharedlibrary
  continue
end
end_of_file
exec gdb -nx -batch -ex 'set exec-wrapper env -i --' -x commands.gdb --args "$here/program/program" "$here/objects/crasher/libcrasher.so" < /dev/null
fi
exec env -i -- "$here/program/program" "$here/objects/crasher/libcrasher.so" < /dev/null
