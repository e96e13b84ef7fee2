#!/bin/sh
# Does the search go on where it meets a file for another machine, or with another wrong ELF header?
# wrong-attributes: with-a-good-one-behind, attribute=osabi, libc=debian/bookworm
# claim M-gabi-04: it is not a fatal error if an ELF file with the wrong attributes is encountered in the search. Instead, the dynamic linker shall exhaust the search of all paths before determining that a matching object could not be found. (passed-over)
# Needs: ${CC:-cc}. Run it in an empty directory: sh THIS-FILE
set -eu
here=$(pwd)

# The trial's standard output was a pipe.
if [ -t 1 ]; then
	{ sh "$0" "$@" || echo "exit status $?" >&2; } | cat
	exit
fi

# leaf-1
mkdir -p objects/leaf-1
mkdir -p src
cat > src/leaf.c << 'end_of_file'
int leaf(void) { return WHICH; }
end_of_file
(cd src && ${CC:-cc} -std=gnu17 -g -O0 -fPIC -shared -Iinclude -DWHICH=1 leaf.c -o "$here/objects/leaf-1/libleaf.so" -Wl,--no-as-needed -Wl,--enable-new-dtags -Wl,-z,lazy -Wl,-z,noexecstack -Wl,--build-id=sha1 -Wl,--hash-style=gnu -Wl,-soname,libleaf.so)

# leaf-2
mkdir -p objects/leaf-2
(cd src && ${CC:-cc} -std=gnu17 -g -O0 -fPIC -shared -Iinclude -DWHICH=2 leaf.c -o "$here/objects/leaf-2/libleaf.so" -Wl,--no-as-needed -Wl,--enable-new-dtags -Wl,-z,lazy -Wl,-z,noexecstack -Wl,--build-id=sha1 -Wl,--hash-style=gnu -Wl,-soname,libleaf.so)

# opener
mkdir -p objects/opener
mkdir -p src
cat > src/opener.c << 'end_of_file'
#include <dlfcn.h>
void *open_it(const char *name) { return dlopen(name, RTLD_NOW); }
end_of_file
(cd src && ${CC:-cc} -std=gnu17 -g -O0 -fPIC -shared -Iinclude opener.c -o "$here/objects/opener/libopener.so" -Wl,--no-as-needed -Wl,--enable-new-dtags -Wl,-z,lazy -Wl,-z,noexecstack -Wl,--build-id=sha1 -Wl,--hash-style=gnu -Wl,-soname,libopener.so -Xlinker -rpath -Xlinker ./first -Xlinker -rpath -Xlinker ./second -ldl)

# the program of with-a-good-one-behind
mkdir -p program
mkdir -p program
cat > program/program.c << 'end_of_file'
/* Does the search go on where it meets a file for another machine, or with another wrong ELF header?
 * wrong-attributes: with-a-good-one-behind, attribute=osabi, libc=debian/bookworm
 * claim M-gabi-04: it is not a fatal error if an ELF file with the wrong attributes is encountered in the search. Instead, the dynamic linker shall exhaust the search of all paths before determining that a matching object could not be found. (passed-over) */
#define _GNU_SOURCE
#include <limits.h>
#include <dlfcn.h>
#include <stdio.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <limits.h>

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

OBSERVE int step_dlopen(const char *name, const char *path, int flags, void **handle)
{
	*handle = dlopen(path, flags);
	return opened(name, "dlopen", *handle);
}

#ifdef LM_ID_NEWLM
#else /* musl */
#define LM_ID_NEWLM (-1)
#define dlvsym(handle, symbol, version) (observe_unsupported("this C library has no dlvsym"), NULL)
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

static const char *timed_name, *timed_verb;

OBSERVE int tell_child(const char *name, const char *verb, pid_t pid, int status, const char *how)
{
	struct observe_line line = observe_begin(name, verb);

	observe_flag_field(&line, "ok", how == NULL);
	observe_flag_field(&line, "started", pid >= 0);
	observe_flag_field(&line, "timed-out", how != NULL);
	if (pid > 0)
		observe_int_field(&line, "pid", pid);
	if (how)
		observe_field(&line, "error", how);
	else if (WIFEXITED(status))
		observe_int_field(&line, "exit", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		observe_field(&line, "signal", strsignal(WTERMSIG(status)));
	observe_end(&line);
	return 1;
}

OBSERVE void out_of_time(int number)
{
	(void)number;
	tell_child(timed_name, timed_verb, -1, 0, "the call did not return");
	_exit(1);
}

/* From now on the call has so many seconds of CLOCK_MONOTONIC, which is what Linux has ITIMER_REAL count (its
 * kernel/fork.c); 0 lifts the limit. */
OBSERVE void within(const char *name, const char *verb, double seconds)
{
	const struct itimerval timer = {{0, 0}, {(time_t)seconds, (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6)}};

	timed_name = name, timed_verb = verb;
	signal(SIGALRM, seconds > 0 ? out_of_time : SIG_DFL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

OBSERVE int step_system(const char *name, const char *command, double seconds)
{
	int status;

	within(name, "system", seconds);
	status = system(command);
	within(name, "system", 0);
	return status == -1 ? failed(name, "system", strerror(errno)) : tell_child(name, "system", 0, status, NULL);
}

OBSERVE int step_copy(const char *name, const char *from, const char *to, int in_place)
{
	char target[PATH_MAX + 5], buffer[1 << 14];
	const int source = open(from, O_RDONLY | O_CLOEXEC);
	ssize_t have = -1;
	int file;

	snprintf(target, sizeof target, "%s%s", to, in_place ? "" : ".new");
	file = source < 0 ? -1 : open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	while (file >= 0 && (have = read(source, buffer, sizeof buffer)) > 0)
		for (ssize_t written, at = 0; at < have; at += written)
			if ((written = write(file, buffer + at, (size_t)(have - at))) < 0)
				return failed(name, "copy", strerror(errno));
	if (have < 0 || close(file) < 0 || (!in_place && rename(target, to) < 0))
		return failed(name, "copy", strerror(errno));
	close(source);
	return done(name, "copy");
}

#define tell(event, verb, value) \
	_Generic((value), _Bool: observe_flag_of, char: observe_int_of, signed char: observe_int_of, \
		short: observe_int_of, int: observe_int_of, long: observe_int_of, long long: observe_int_of, \
		unsigned char: observe_unsigned_of, unsigned short: observe_unsigned_of, unsigned: observe_unsigned_of, \
		unsigned long: observe_unsigned_of, unsigned long long: observe_unsigned_of, float: observe_real_of, \
		double: observe_real_of, long double: observe_real_of, char *: observe_text_of, \
		const char *: observe_text_of, default: observe_address_of)(event, verb, value)


static struct { /* what the program is given */
	const char *leaf_1, *leaf_2, *opener;
} given;

static struct { /* what its steps find */
	void *by;
	void *it;
} it;

int main(int argc, char **argv)
{
	if (argc != 4) {
		fputs("usage: program LEAF_1 LEAF_2 OPENER\n", stderr);
		return 2;
	}
	given.leaf_1 = argv[1];
	given.leaf_2 = argv[2];
	given.opener = argv[3];

	/* 1. system */
	need(step_system("system", "mkdir first second", 5));

	/* 2. copy leaf-1 */
	need(step_copy("copy leaf-1", given.leaf_1, "first/libleaf.so", 0));

	/* 3. c */
	const int changed[] = {7, 97};
	FILE *const file = fopen("first/libleaf.so", "r+");
	if (!file || fseek(file, changed[0], SEEK_SET) || fputc(changed[1], file) == EOF || fclose(file))
		return 1;

	/* 4. copy leaf-2 */
	need(step_copy("copy leaf-2", given.leaf_2, "second/libleaf.so", 0));

	/* 5. dlopen opener, as by */
	need(step_dlopen("by", given.opener, RTLD_NOW, &it.by));

	/* 6. call open_it, as it */
	{
		__typeof__(void *(const char *)) *function;

		need(find("it", "call", held(it.by), "open_it", NULL, (void **)&function));
		it.it = function("libleaf.so");
		tell("it", "call", it.it);
	}

	/* 7. c, as which, what */
	const char *const what = dlerror();
	int (*const leaf)(void) = it.it ? (int (*)(void))dlsym(it.it, "leaf") : NULL;
	tell("which", "c", leaf ? leaf() : 0);
	tell("what", "c", what ? what : "");
	return 0;
}
end_of_file
(cd program && ${CC:-cc} -std=gnu17 -g -O0 -fPIE -pie -Iinclude program.c -o "$here/program/program" -Wl,--no-as-needed -Wl,--enable-new-dtags -Wl,-z,lazy -Wl,-z,noexecstack -Wl,--build-id=sha1 -Wl,--hash-style=gnu -ldl)

# It is over after 30 s; where it hangs, that is what happens.
mkdir -p cwd && cd cwd
exec env -i -- PATH=/usr/bin:/bin "$here/program/program" "$here/objects/leaf-1/libleaf.so" "$here/objects/leaf-2/libleaf.so" "$here/objects/opener/libopener.so" < /dev/null
