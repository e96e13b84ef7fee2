/* /proc/self/maps: which pages of a file, or of an address, are mapped; read by read(2), without allocation. */
#ifndef MAPPINGS_H
#define MAPPINGS_H

#include <limits.h>

#include "steps.h"

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

#endif
