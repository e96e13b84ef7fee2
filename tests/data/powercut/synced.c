/* What was brought to the disk, as a library for LD_PRELOAD: after each fsync(2), fdatasync(2) and syncfs(2) it appends
   to the file of $SYNCED what that brought there: `f FILE SIZE`, `d DIRECTORY`, `n DIRECTORY FILE NAME`, where FILE and
   DIRECTORY are an inode and the nanosecond in which it was made. Nothing is brought anywhere. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static __thread char *lines;
static __thread size_t length;

static void line(const char *form, ...)
{
	va_list given;

	lines = realloc(lines, length + 4096);
	if (!lines)
		abort();
	va_start(given, form);
	length += (size_t)vsnprintf(lines + length, 4096, form, given);
	va_end(given);
}

static void told(void)
{
	int log = open(getenv("SYNCED"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (log < 0 || write(log, lines, length) != (ssize_t)length)
		abort();
	close(log);
	free(lines);
	lines = NULL;
	length = 0;
}

static const char *made(const char *path, int follow)
{
	static __thread char text[64];
	struct statx is;

	if (statx(AT_FDCWD, path, follow ? 0 : AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &is))
		return NULL;
	snprintf(text, sizeof text, "%ju:%lld.%09u", (uintmax_t)is.stx_ino, (long long)is.stx_btime.tv_sec, is.stx_btime.tv_nsec);
	return text;
}

static void names(const char *path, int follow)
{
	const char *known = made(path, follow);
	char own[64], below[8192];
	DIR *directory = opendir(path);
	const struct dirent *entry;

	if (!directory || !known)
		return;
	snprintf(own, sizeof own, "%s", known);
	line("d %s\n", own);
	while ((entry = readdir(directory))) {
		snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") && (known = made(below, 0)))
			line("n %s %s %s\n", own, known, entry->d_name);
	}
	closedir(directory);
}

static int each(const char *path, const struct stat *is, int kind, struct FTW *at)
{
	const char *known = made(path, 0);

	(void)at;
	if (kind == FTW_D)
		names(path, 0);
	else if (kind == FTW_F && known)
		line("f %s %jd\n", known, (intmax_t)is->st_size);
	return 0;
}

static void one(int fd)
{
	char path[64];
	struct stat is;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (fstat(fd, &is))
		return;
	if (S_ISDIR(is.st_mode))
		names(path, 1);
	else
		line("f %s %jd\n", made(path, 1), (intmax_t)is.st_size);
}

/* What is there before the call is on the disk after it. */
int fsync(int fd)
{
	one(fd);
	told();
	return 0;
}

int fdatasync(int fd)
{
	return fsync(fd);
}

int syncfs(int fd)
{
	(void)fd;
	while (nftw(getenv("WATCHED"), each, 32, FTW_PHYS))
		;	/* a directory went away under it: what comes after that was not looked at */
	told();
	return 0;
}
