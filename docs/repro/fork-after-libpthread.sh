#!/bin/sh
# Does a process still fork after dlmopen loaded libpthread a second time?
# fork-after-libpthread: loaded-by-a-thread-forked-by-main, loaded-by=thread, forked-by=main, how=fork, library=libpthread.so.0, libc=debian/bullseye
# claim S2-13: The child spins and makes no system call. (child-spins)
# Needs: ${CC:-cc}. Run it in an empty directory: sh THIS-FILE
set -eu
here=$(pwd)

# The trial's standard output was a pipe.
if [ -t 1 ]; then
	{ sh "$0" "$@" || echo "exit status $?" >&2; } | cat
	exit
fi

# the program of loaded-by-a-thread-forked-by-main
mkdir -p program
mkdir -p program
cat > program/program.c << 'end_of_file'
/* Does a process still fork after dlmopen loaded libpthread a second time?
 * fork-after-libpthread: loaded-by-a-thread-forked-by-main, loaded-by=thread, forked-by=main, how=fork, library=libpthread.so.0, libc=debian/bullseye
 * claim S2-13: The child spins and makes no system call. (child-spins) */
#define _GNU_SOURCE
#include <limits.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>
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
#include <pthread.h>
#include <semaphore.h>

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

OBSERVE double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Until so many seconds have passed, whatever signals are caught meanwhile. */
OBSERVE void sleep_for(double seconds)
{
	const double end = seconds_now() + seconds;

	for (double left = seconds; left > 0; left = end - seconds_now()) {
		const struct timespec rest = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};

		nanosleep(&rest, NULL);
	}
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

/* In the parent: wait for the child, and kill it when its time is up. */
OBSERVE int step_wait(const char *name, pid_t pid, double seconds)
{
	const double end = seconds_now() + seconds;
	int status = 0;

	if (pid < 0)
		return failed(name, "fork", strerror(errno));
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (seconds_now() >= end) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return tell_child(name, "fork", pid, status, "the child did not end");
		}
		sleep_for(0.002);
	}
	return tell_child(name, "fork", pid, status, NULL);
}

#ifdef __GLIBC__
extern ElfW(Dyn) _DYNAMIC[];
/* The maps of one list; the id is the link map's own, never its place in the chain of lists. */
OBSERVE int tell_maps(const char *name, struct link_map *map)
{
	const int told = map != NULL;
	Lmid_t lmid;

	while (map && map->l_prev)
		map = map->l_prev;
	for (; map; map = map->l_next) {
		struct observe_line line = observe_begin(name, NULL);
		observe_field(&line, "part", "maps");
		if (dlinfo(map, RTLD_DI_LMID, &lmid) == 0)
			observe_int_field(&line, "lmid", lmid);
		observe_field(&line, "name", map->l_name);
		observe_address_field(&line, "base", (void *)map->l_addr);
		observe_address_field(&line, "dynamic", map->l_ld);
		observe_end(&line);
	}
	return told;
}
OBSERVE int step_namespaces(const char *name)
{
	const ElfW(Dyn) *entry = _DYNAMIC; /* by DT_DEBUG: `_r_debug` named in an executable would be a copy */
	struct observe_line line;
	int told = 0;

	while (entry->d_tag != DT_NULL && entry->d_tag != DT_DEBUG)
		entry++;
	if (entry->d_tag == DT_NULL)
		return failed(name, "namespaces", "no DT_DEBUG");
#if __GLIBC_PREREQ(2, 35)
	for (struct r_debug_extended *one = (struct r_debug_extended *)entry->d_un.d_ptr; one; one = one->r_next)
		told += tell_maps(name, one->base.r_map); /* NULL: a namespace that was closed */
#else
	Lmid_t lmid; /* nothing but the open handles leads to the other lists */
	unsigned long long seen = 1;
	struct link_map *map;
	told += tell_maps(name, ((struct r_debug *)entry->d_un.d_ptr)->r_map);
	for (void **one = open_handles; one < open_handles + HANDLES; one++)
		if (*one && !dlinfo(*one, RTLD_DI_LMID, &lmid) && !(seen >> lmid & 1) &&
		    !dlinfo(*one, RTLD_DI_LINKMAP, &map)) {
			seen |= 1ULL << lmid;
			told += tell_maps(name, map);
		}
#endif
	line = observe_begin(name, "namespaces");
	observe_flag_field(&line, "ok", 1);
	observe_int_field(&line, "count", told);
	observe_end(&line);
	return 1;
}
#else
#define step_namespaces(name) \
	(observe_unsupported("this C library has no link namespaces"), 0)
#endif

OBSERVE int step_thread(const char *name, pthread_t *thread, void *(*steps)(void *))
{
	const int error = pthread_create(thread, NULL, steps, NULL);

	return error ? failed(name, "thread", strerror(error)) : done(name, "thread");
}

OBSERVE int step_join(const char *name, pthread_t thread)
{
	void *result = NULL;
	const int error = pthread_join(thread, &result);
	struct observe_line line = observe_begin(name, "join");

	if (error)
		return failed(name, "join", strerror(error));
	observe_flag_field(&line, "ok", 1);
	observe_flag_field(&line, "cancelled", result == PTHREAD_CANCELED);
	observe_end(&line);
	return 1;
}

OBSERVE void await(sem_t *posted)
{
	while (sem_wait(posted) < 0 && errno == EINTR)
		;
}

#define tell(event, verb, value) \
	_Generic((value), _Bool: observe_flag_of, char: observe_int_of, signed char: observe_int_of, \
		short: observe_int_of, int: observe_int_of, long: observe_int_of, long long: observe_int_of, \
		unsigned char: observe_unsigned_of, unsigned short: observe_unsigned_of, unsigned: observe_unsigned_of, \
		unsigned long: observe_unsigned_of, unsigned long long: observe_unsigned_of, float: observe_real_of, \
		double: observe_real_of, long double: observe_real_of, char *: observe_text_of, \
		const char *: observe_text_of, default: observe_address_of)(event, verb, value)


static struct { /* what its steps find */
	pthread_t worker;
	void *opened;
	sem_t loaded_posted;
	sem_t forked_posted;
} it;

static void *worker_steps(void *unused)
{
	(void)unused;

	/* 1.1. dlmopen libpthread.so.0, as opened */
	need(step_dlmopen("opened", LM_ID_NEWLM, "libpthread.so.0", RTLD_NOW, &it.opened));

	/* 1.2. namespaces, as seen */
	need(step_namespaces("seen"));

	/* 1.3. post loaded */
	done("post loaded", "post");
	sem_post(&it.loaded_posted);

	/* 1.4. await forked */
	await(&it.forked_posted);
	done("await forked", "await");
	return NULL;
}

int main(void)
{
	sem_init(&it.loaded_posted, 0, 0);
	sem_init(&it.forked_posted, 0, 0);

	/* 1. thread, as worker */
	need(step_thread("worker", &it.worker, worker_steps));

	/* 2. await loaded */
	await(&it.loaded_posted);
	done("await loaded", "await");

	/* 3. fork, as forked */
	{
		pid_t child_3;

		within("forked", "fork", 2);
		child_3 = fork();
		if (child_3 == 0) {
			leave = _exit;
			/* 3.1. c */
			if (write(1, "in the child\n", 13) < 0) _exit(1);
			_exit(0);
		}
		within("forked", "fork", 0);
		need(step_wait("forked", child_3, 2));
	}

	/* 4. c, as childs-milliseconds */
	struct rusage of_children;
	getrusage(RUSAGE_CHILDREN, &of_children);
	tell("childs-milliseconds", "c", of_children.ru_utime.tv_sec * 1000 + of_children.ru_utime.tv_usec / 1000);

	/* 7. post forked */
	done("post forked", "post");
	sem_post(&it.forked_posted);

	/* 8. join worker */
	need(step_join("worker", it.worker));
	return 0;
}
end_of_file
(cd program && ${CC:-cc} -std=gnu17 -g -O0 -fPIE -pie -Iinclude -pthread program.c -o "$here/program/program" -Wl,--no-as-needed -Wl,--enable-new-dtags -Wl,-z,lazy -Wl,-z,noexecstack -Wl,--build-id=sha1 -Wl,--hash-style=gnu -ldl)

# It is over after 5 s; where it hangs, that is what happens.
mkdir -p cwd && cd cwd
exec env -i -- "$here/program/program" < /dev/null
