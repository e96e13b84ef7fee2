/* As the builder of a derivation: makes a root of Debian packages its `/`, and starts a program in there.
 *
 *     enter ROOT [FILE PLACE]... -- PROGRAM ARGUMENT...
 *
 * The program sees the root, read only, with each FILE at its PLACE instead of the root's own; the store; the
 * directory of its build; and /dev, /proc of whoever started it. Nothing else is there, whatever Nix' own sandbox
 * shows: neither the machine's /usr nor a way back to it. So this asks nothing of Nix' settings. It takes a user
 * namespace, inside of Nix' sandbox or without one. Statically linked, since it runs where no loader is. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HERE ".elfworlds-root" /* in the build's directory: the new root, for as long as it is being made */
#define CAPABILITIES 64

static void must(int result, const char *what, const char *path)
{
	if (result >= 0)
		return;
	fprintf(stderr, "elfworlds-enter: %s %s: %s\n", what, path, strerror(errno));
	exit(71);
}

static char *text(char *place, const char *format, ...)
{
	va_list words;
	va_start(words, format);
	int size = vsnprintf(place, PATH_MAX, format, words);
	va_end(words);
	errno = ENAMETOOLONG;
	must(size < PATH_MAX ? 0 : -1, "path", place);
	return place;
}

static void say(const char *path, const char *words)
{
	int file = open(path, O_WRONLY);
	must(file, "open", path);
	must((int)write(file, words, strlen(words)), "write", path);
	close(file);
}

/* The same user inside: then the program has no capabilities, and files are owned as they were. */
static void namespaces(void)
{
	char line[PATH_MAX];
	unsigned uid = getuid(), gid = getgid();
	must(unshare(CLONE_NEWUSER | CLONE_NEWNS), "a user namespace", "(unshare)");
	say("/proc/self/setgroups", "deny");
	say("/proc/self/uid_map", text(line, "%u %u 1", uid, uid));
	say("/proc/self/gid_map", text(line, "%u %u 1", gid, gid));
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make private", "/");
}

/* A directory below the new root with all that is above it. */
static char *directory(char *place, const char *path)
{
	text(place, "%s/%s", HERE, path);
	for (char *end = place + sizeof HERE; (end = strchr(end + 1, '/')); *end = '/') {
		*end = '\0';
		must(mkdir(place, 0755) && errno != EEXIST ? -1 : 0, "mkdir", place);
	}
	must(mkdir(place, 0755) && errno != EEXIST ? -1 : 0, "mkdir", place);
	return place;
}

static void show(const char *source, const char *path, unsigned long recursive)
{
	char place[PATH_MAX];
	must(mount(source, directory(place, path), NULL, MS_BIND | recursive, NULL), "show", source);
}

/* What was locked by whoever mounted it has to be said again, but for the kinds of atime, which stay as they are. */
static void make_read_only(const char *place)
{
	struct statvfs found;
	must(statvfs(place, &found), "look at", place);
	unsigned long kept = found.f_flag & (ST_NOSUID | ST_NODEV | ST_NOEXEC);
	must(mount(NULL, place, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | kept, NULL), "make read only", place);
}

static void show_read_only(const char *source, const char *path)
{
	char place[PATH_MAX];
	show(source, path, MS_REC);
	make_read_only(directory(place, path));
}

/* A file instead of one that the root has; no link leads to the place. */
static void show_over(const char *file, const char *path)
{
	char place[PATH_MAX];
	must(mount(file, text(place, "%s%s", HERE, path), NULL, MS_BIND, NULL), "show", file);
	make_read_only(place);
}

static void show_entry(const char *root, const char *name)
{
	char source[PATH_MAX], target[PATH_MAX] = "", place[PATH_MAX];
	if (readlink(text(source, "%s/%s", root, name), target, sizeof target - 1) >= 0)
		must(symlink(target, text(place, "%s/%s", HERE, name)), "link", name);
	else
		show_read_only(source, name);
}

static int is_ours(const char *name)
{
	const char *names[] = {".", "..", "dev", "proc", "tmp", "nix"};
	for (size_t at = 0; at < sizeof names / sizeof *names; at++)
		if (!strcmp(name, names[at]))
			return 1;
	return 0;
}

static void show_root(const char *root)
{
	DIR *entries = opendir(root);
	must(entries ? 0 : -1, "open", root);
	for (struct dirent *one; (one = readdir(entries));)
		if (!is_ours(one->d_name))
			show_entry(root, one->d_name);
	closedir(entries);
}

static void move_in(const char *build)
{
	must(chdir(HERE), "enter", HERE);
	must((int)syscall(SYS_pivot_root, ".", "."), "move to", HERE);
	must(umount2(".", MNT_DETACH), "leave", "/");
	must(chdir(build), "enter", build);
	rmdir(HERE);
	for (int one = 0; one < CAPABILITIES; one++)
		prctl(PR_CAPBSET_DROP, one, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int main(int argc, char **argv)
{
	char place[PATH_MAX];
	const char *build = getenv("NIX_BUILD_TOP"), *store = getenv("NIX_STORE");
	char **one = argv + 2, **end = argv + argc;
	while (one < end && strcmp(*one, "--"))
		one++;
	if (one + 1 >= end || (one - argv) % 2 || !build || !store)
		return 64;
	must(chdir(build), "enter", build);
	namespaces();
	must(mkdir(HERE, 0755), "mkdir", HERE);
	must(mount("root", HERE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"), "make", HERE);
	show_root(argv[1]);
	for (char **over = argv + 2; over < one; over += 2)
		show_over(over[0], over[1]);
	show("/dev", "dev", MS_REC);
	show("/proc", "proc", MS_REC);
	must(chmod(directory(place, "tmp"), 01777), "chmod", place);
	show(store, store + 1, MS_REC);
	show_read_only(argv[1], argv[1] + 1); /* whose files may be the builder's own */
	show(".", build + 1, 0);
	move_in(build);
	execv(one[1], one + 1);
	must(-1, "start", one[1]);
}
