#!/bin/sh
# What must an auditor say and define so that ld.so takes it?
# audit-version: answer, answers=a-future-version, libc=debian/bullseye
# claim M-audit-02: If the dynamic linker does not support this version of the audit interface, it will refuse to activate this audit module. (asked-and-left-out)
# Needs: ${CC:-cc}. Run it in an empty directory: sh THIS-FILE
set -eu
here=$(pwd)

# The trial's standard output was a pipe.
if [ -t 1 ]; then
	{ sh "$0" "$@" || echo "exit status $?" >&2; } | cat
	exit
fi

# the program of answer
mkdir -p program
mkdir -p program
cat > program/program.c << 'end_of_file'
/* What must an auditor say and define so that ld.so takes it?
 * audit-version: answer, answers=a-future-version, libc=debian/bullseye
 * claim M-audit-02: If the dynamic linker does not support this version of the audit interface, it will refuse to activate this audit module. (asked-and-left-out) */
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

#define tell(event, verb, value) \
	_Generic((value), _Bool: observe_flag_of, char: observe_int_of, signed char: observe_int_of, \
		short: observe_int_of, int: observe_int_of, long: observe_int_of, long long: observe_int_of, \
		unsigned char: observe_unsigned_of, unsigned short: observe_unsigned_of, unsigned: observe_unsigned_of, \
		unsigned long: observe_unsigned_of, unsigned long long: observe_unsigned_of, float: observe_real_of, \
		double: observe_real_of, long double: observe_real_of, char *: observe_text_of, \
		const char *: observe_text_of, default: observe_address_of)(event, verb, value)


int main(void)
{
	/* 1. c, as ran */
	tell("ran", "c", 1);
	return 0;
}
end_of_file
(cd program && ${CC:-cc} -std=gnu17 -g -O0 -fPIE -pie -Iinclude program.c -o "$here/program/program" -Wl,--no-as-needed -Wl,--enable-new-dtags -Wl,-z,lazy -Wl,-z,noexecstack -Wl,--build-id=sha1 -Wl,--hash-style=gnu -ldl)

# auditor
mkdir -p objects/auditor
mkdir -p src
cat > src/auditor.c << 'end_of_file'
#define _GNU_SOURCE
#include <link.h>
#include "observe.h"

unsigned int la_version(unsigned int version)
{
	observe_int("asked", version);
	return ANSWER;
}

unsigned int la_objopen(struct link_map *map, Lmid_t space, uintptr_t *cookie)
{
	(void)space, (void)cookie;
	if (!*map->l_name)
		observe("audited");
	return 0;
}
end_of_file
mkdir -p src/include
cat > src/include/observe.h << 'end_of_file'
/* What an object does, told as it happens: one event is one line of JSON, written by one write(2) to
 * descriptor 9 where a run watches, else to standard error. No buffer and no allocation: a crash, a lost
 * stream or another link namespace loses nothing that was told before.
 *
 *     observe("constructor");                 an event
 *     observe_int("counter", 3);              an event with a value; _real, _text and _address likewise
 *     observe_unsupported("no dlmopen");      this system cannot answer the question: exit 77
 */
#ifndef OBSERVE_H
#define OBSERVE_H

#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

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

OBSERVE void observe(const char *event)
{
	struct observe_line line = observe_begin(event, NULL);

	observe_end(&line);
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

#endif
end_of_file
(cd src && ${CC:-cc} -std=gnu17 -g -O0 -fPIC -shared -Iinclude -DANSWER=99 auditor.c -o "$here/objects/auditor/libauditor.so" -Wl,--no-as-needed -Wl,--enable-new-dtags -Wl,-z,lazy -Wl,-z,noexecstack -Wl,--build-id=sha1 -Wl,--hash-style=gnu -Wl,-soname,libauditor.so)

# It is over after 30 s; where it hangs, that is what happens.
mkdir -p cwd && cd cwd
exec env -i -- "LD_AUDIT=$here/objects/auditor/libauditor.so" "$here/program/program" < /dev/null
