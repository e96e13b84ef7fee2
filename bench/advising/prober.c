/* Open a file in a new namespace, close it, and say whether it is gone; or open copies until one is refused.
 *
 * Usage: prober once|copies FILE DESCRIPTOR. Each step is told before the next one begins, so that a crash has its place.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define MOST 20

static int told;

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void tell(const char *format, ...)
{
	char line[1024];
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	if (length >= (int)sizeof line)
		length = sizeof line - 1;
	if (write(told, line, (size_t)length) != length)
		_exit(3);
}

/* How many mappings of a file there are. */
static int mappings(const char *path)
{
	struct stat about;
	char line[8192];
	int count = 0;
	FILE *maps = fopen("/proc/self/maps", "re");

	if (!maps || stat(path, &about))
		_exit(3);
	while (fgets(line, sizeof line, maps)) {
		unsigned int major_number, minor_number;
		unsigned long inode;

		if (sscanf(line, "%*s %*s %*s %x:%x %lu", &major_number, &minor_number, &inode) == 3)
			count += inode == about.st_ino && makedev(major_number, minor_number) == about.st_dev;
	}
	fclose(maps);
	return count;
}

static void once(const char *path)
{
	const int before = mappings(path);

	tell("opening\n");
	void *handle = dlmopen(LM_ID_NEWLM, path, RTLD_NOW | RTLD_LOCAL);

	if (!handle) {
		tell("refused %s\n", dlerror());
		return;
	}
	tell("loaded\n");
	const int closing = dlclose(handle);

	tell("closed %d %s\n", closing, mappings(path) > before ? "stays" : "gone");
}

static void copies(const char *path)
{
	for (int count = 0; count < MOST; count++) {
		tell("opening\n");
		if (!dlmopen(LM_ID_NEWLM, path, RTLD_NOW | RTLD_LOCAL)) {
			tell("refused %s\n", dlerror());
			return;
		}
		tell("loaded\n");
	}
}

int main(int count, char **words)
{
	if (count != 4)
		return 2;
	told = atoi(words[3]);
	(strcmp(words[1], "once") ? copies : once)(words[2]);
	tell("ended\n");
	_exit(0);
}
