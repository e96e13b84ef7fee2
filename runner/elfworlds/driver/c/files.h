/* A copy of a file, as a compiler's output comes to be: a new inode put in its place; or written in place. */
#ifndef FILES_H
#define FILES_H

#include <errno.h>
#include <limits.h>

#include "steps.h"

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

#endif
