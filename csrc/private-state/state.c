/* Claim: what a plugin in a namespace changes of its libc's state does not show in the application's.
 *
 * Both sides use this file. change alters a thing, look tells its value; a thing of neither name is -1. */
#define _GNU_SOURCE
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { A_DESCRIPTOR = 100, BYTES = 100000 };

static void change_errno(void)
{
	errno = EDOM;
}

static long look_errno(void)
{
	return errno;
}

static void change_locale(void)
{
	setlocale(LC_ALL, "C.UTF-8");
}

static long look_locale(void)
{
	return (long)MB_CUR_MAX;
}

static void change_malloc(void)
{
	memset(malloc(BYTES), 0, BYTES);
}

static long look_malloc(void)
{
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	return mallinfo().uordblks / BYTES;
}

static void change_stdout(void)
{
	fputs("unwritten", stdout);
}

static long look_stdout(void)
{
	return (long)__fpending(stdout);
}

static void change_getopt(void)
{
	optind = 5;
}

static long look_getopt(void)
{
	return optind;
}

static void change_directory(void)
{
	if (chdir("/") != 0)
		abort();
}

static long look_directory(void)
{
	char name[2];

	return getcwd(name, sizeof name) == name;
}

static void change_umask(void)
{
	umask(0777);
}

static long look_umask(void)
{
	const mode_t now = umask(0);

	umask(now);
	return (long)now;
}

static void change_signals(void)
{
	signal(SIGUSR1, SIG_IGN);
}

static long look_signals(void)
{
	struct sigaction now;

	return sigaction(SIGUSR1, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

static void change_descriptors(void)
{
	dup2(STDOUT_FILENO, A_DESCRIPTOR);
}

static long look_descriptors(void)
{
	return fcntl(A_DESCRIPTOR, F_GETFD) != -1;
}

static const struct {
	const char *name;
	void (*change)(void);
	long (*look)(void);
} things[] = {
	{"errno", change_errno, look_errno},
	{"locale", change_locale, look_locale},
	{"malloc", change_malloc, look_malloc},
	{"stdout", change_stdout, look_stdout},
	{"getopt", change_getopt, look_getopt},
	{"directory", change_directory, look_directory},
	{"umask", change_umask, look_umask},
	{"signals", change_signals, look_signals},
	{"descriptors", change_descriptors, look_descriptors},
};

void change(const char *thing)
{
	for (size_t i = 0; i < sizeof things / sizeof *things; i++)
		if (strcmp(things[i].name, thing) == 0)
			things[i].change();
}

long look(const char *thing)
{
	for (size_t i = 0; i < sizeof things / sizeof *things; i++)
		if (strcmp(things[i].name, thing) == 0)
			return things[i].look();
	return -1;
}
