#!/bin/sh
# Which parts of Rust's standard library keep a cdylib from being unloaded, once it has used them?
# rust-unload: used-by-a-thread-that-ends, uses=thread_current, libc=debian/trixie
# Needs: ${CC:-cc}, ${RUSTC:-rustc}. Run it in an empty directory: sh THIS-FILE
set -eu
here=$(pwd)

# The trial's standard output was a pipe.
if [ -t 1 ]; then
	{ sh "$0" "$@" || echo "exit status $?" >&2; } | cat
	exit
fi

# unload
mkdir -p objects/unload
mkdir -p src/rust
cat > src/rust/unload.rs << 'end_of_file'
/* Claim: whether a cdylib can be unloaded depends on which parts of Rust's library it has used.
 *
 * One function for each; what it uses is in its name. */
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fs::File;
use std::io::{stdin, Write};
use std::mem::ManuallyDrop;
use std::os::unix::io::FromRawFd;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::Arc;

#[no_mangle]
pub extern "C" fn nothing() {}

#[no_mangle]
pub extern "C" fn println() {
    println!("hello");
}

#[no_mangle]
pub extern "C" fn thread_local_plain() {
    thread_local!(static COUNT: Cell<u32> = Cell::new(0));
    COUNT.with(|count| count.set(count.get() + 1));
}

#[no_mangle]
pub extern "C" fn thread_local_with_drop() {
    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {}
    }
    thread_local!(static GUARD: Guard = Guard);
    GUARD.with(|_| ());
}

#[no_mangle]
pub extern "C" fn thread_current() {
    let _ = std::thread::current().id();
}

#[no_mangle]
pub extern "C" fn thread_spawn() {
    std::thread::spawn(|| ()).join().unwrap();
}

/* An imitation of what println! did in Rust 1.46, as its sources were read; that Rust was never run here. It looked where
 * a test's output may be captured, then it wrote to stdout. */
#[no_mangle]
pub extern "C" fn imitation_of_println() {
    thread_local!(static LOCAL_STDOUT: RefCell<Option<Box<dyn Write + Send>>> = RefCell::new(None));
    let captured = LOCAL_STDOUT.with(|captured| captured.borrow().is_some());
    assert!(!captured);
    imitation_of_stdout();
    let mut file = ManuallyDrop::new(unsafe { File::from_raw_fd(1) });
    file.write_all(b"hello\n").unwrap();
}

/* An imitation of what stdout allocated there when it was first used: its buffer, and a list of what to run at exit. */
#[no_mangle]
pub extern "C" fn imitation_of_stdout() {
    struct Stdout {
        _buffer: Vec<u8>,
        _others: [u64; 8],
    }
    static STDOUT: AtomicPtr<Arc<Stdout>> = AtomicPtr::new(std::ptr::null_mut());
    static AT_EXIT: AtomicPtr<Vec<Box<dyn FnOnce()>>> = AtomicPtr::new(std::ptr::null_mut());
    if STDOUT.load(Ordering::Relaxed).is_null() {
        let place = &STDOUT;
        let mut list: Box<Vec<Box<dyn FnOnce()>>> = Box::new(Vec::new());
        list.push(Box::new(move || place.store(std::ptr::null_mut(), Ordering::Relaxed)));
        AT_EXIT.store(Box::into_raw(list), Ordering::Relaxed);
        let stdout = Arc::new(Stdout { _buffer: Vec::with_capacity(1024), _others: [0; 8] });
        STDOUT.store(Box::into_raw(Box::new(stdout)), Ordering::Relaxed);
    }
}

#[no_mangle]
pub extern "C" fn stdin_and_stderr() {
    eprintln!("hello");
    stdin().read_line(&mut String::new()).unwrap();
}

#[no_mangle]
pub extern "C" fn hash_map() {
    let _ = HashMap::<u32, u32>::new();
}

#[no_mangle]
pub extern "C" fn panic_caught() {
    let _ = std::panic::catch_unwind(|| panic!("caught"));
}

#[no_mangle]
pub extern "C" fn thread_local_with_box() {
    thread_local!(static BOX: Box<[u8; 100]> = Box::new([1; 100]));
    BOX.with(|boxed| assert_eq!(boxed[0], 1));
}
end_of_file
(cd src && ${RUSTC:-rustc} -C link-arg=-fuse-ld=bfd --crate-name unload --crate-type cdylib --edition 2018 --color=never -C debuginfo=2 -C opt-level=0 -C codegen-units=1 -C prefer-dynamic=no -C rpath=no -C relocation-model=pic -C link-arg=-Wl,--no-as-needed -C link-arg=-Wl,--enable-new-dtags -C link-arg=-Wl,-z,lazy -C link-arg=-Wl,-z,noexecstack -C link-arg=-Wl,--build-id=sha1 -C link-arg=-Wl,--hash-style=gnu -C link-arg=-Wl,-soname,libunload.so rust/unload.rs -o "$here/objects/unload/libunload.so")

# the program of used-by-a-thread-that-ends
mkdir -p program
mkdir -p program
cat > program/program.c << 'end_of_file'
/* Which parts of Rust's standard library keep a cdylib from being unloaded, once it has used them?
 * rust-unload: used-by-a-thread-that-ends, uses=thread_current, libc=debian/trixie */
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
#include <limits.h>
#include <errno.h>
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

/* The lines of the path, or, without one, the line that holds the address. A thread's stack may be small. */
OBSERVE int tell_mappings(const char *name, const char *path, const void *address)
{
	struct observe_line line = observe_begin(name, "mappings");
	char text[2 * PATH_MAX], found[PATH_MAX], perms[5], all[512] = "", *next, *end, *deleted;
	unsigned long from, to, offset, count = 0, copies = 0;
	const int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t have;

	while ((have = read(maps, text + used, sizeof text - used - 1)) > 0) {
		text[used += (size_t)have] = '\0';
		for (next = text; (end = strchr(next, '\n')); next = end + 1) {
			*end = *found = '\0';
			if (sscanf(next, "%lx-%lx %4s %lx %*s %*s %4095[^\n]", &from, &to, perms, &offset, found) < 4)
				continue;
			if ((deleted = strstr(found, " (deleted)")) && !deleted[10])
				*deleted = '\0';
			if (path ? strcmp(found, path) : (uintptr_t)address < from || (uintptr_t)address >= to)
				continue;
			count++;
			copies += offset == 0;
			snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", *all ? " " : "", perms);
		}
		used = strlen(next);
		memmove(text, next, used + 1);
	}
	close(maps);
	if (have < 0 || used)
		return failed(name, "mappings", "/proc/self/maps cannot be read");
	observe_flag_field(&line, "ok", 1);
	observe_unsigned_field(&line, "count", count);
	observe_unsigned_field(&line, "copies", copies);
	observe_field(&line, "perms", all);
	observe_end(&line);
	return 1;
}

/* By the path that the kernel knows: links and dots resolved, whether or not the file is still there. */
OBSERVE int step_mappings(const char *name, const char *path)
{
	char real[PATH_MAX + 256], directory[PATH_MAX], *slash;
	const char *file = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

	if (realpath(path, real))
		return tell_mappings(name, real, NULL);
	snprintf(directory, sizeof directory, "./%s", path);
	slash = strrchr(directory, '/');
	*slash = '\0';
	if (!realpath(*path == '/' ? directory + 2 : directory, real))
		return failed(name, "mappings", "no such directory");
	snprintf(real + strlen(real), 256, "/%s", file);
	return tell_mappings(name, real, NULL);
}

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

#define tell(event, verb, value) \
	_Generic((value), _Bool: observe_flag_of, char: observe_int_of, signed char: observe_int_of, \
		short: observe_int_of, int: observe_int_of, long: observe_int_of, long long: observe_int_of, \
		unsigned char: observe_unsigned_of, unsigned short: observe_unsigned_of, unsigned: observe_unsigned_of, \
		unsigned long: observe_unsigned_of, unsigned long long: observe_unsigned_of, float: observe_real_of, \
		double: observe_real_of, long double: observe_real_of, char *: observe_text_of, \
		const char *: observe_text_of, default: observe_address_of)(event, verb, value)


static struct { /* what the program is given */
	const char *unload;
} given;

static struct { /* what its steps find */
	pthread_t user;
	void *lib;
} it;

static void *user_steps(void *unused)
{
	(void)unused;

	/* 1.1. dlopen unload, as lib */
	need(step_dlopen("lib", given.unload, RTLD_NOW, &it.lib));

	/* 1.2. call thread_current */
	{
		__typeof__(void (void)) *function;

		need(find("call thread_current", "call", held(it.lib), "thread_current", NULL, (void **)&function));
		function();
		done("call thread_current", "call");
	}

	/* 1.3. c, as used */
	tell("used", "c", 1);

	/* 1.4. mappings unload, as before */
	need(step_mappings("before", given.unload));

	/* 1.5. dlclose lib */
	need(step_dlclose("dlclose lib", &it.lib));

	/* 1.6. mappings unload, as after */
	need(step_mappings("after", given.unload));
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: program UNLOAD\n", stderr);
		return 2;
	}
	given.unload = argv[1];

	/* 1. thread, as user */
	need(step_thread("user", &it.user, user_steps));

	/* 2. join user */
	need(step_join("user", it.user));
	return 0;
}
end_of_file
(cd program && ${CC:-cc} -std=gnu17 -g -O0 -fPIE -pie -Iinclude -pthread program.c -o "$here/program/program" -Wl,--no-as-needed -Wl,--enable-new-dtags -Wl,-z,lazy -Wl,-z,noexecstack -Wl,--build-id=sha1 -Wl,--hash-style=gnu -ldl)

# It is over after 30 s; where it hangs, that is what happens.
mkdir -p cwd && cd cwd
exec env -i -- "$here/program/program" "$here/objects/unload/libunload.so" < /dev/null
