/* Claim: each piece of a process' state is either its libc's, and there once for each namespace, or the kernel's.
 *
 * The application and its plugin are both made with this file: the one changes a state, the other looks at it. */
#define _GNU_SOURCE
#include "state.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static int change_environ(void) { return setenv("SET", "1", 1); }
static int changed_environ(void) { return getenv("SET") != NULL; }

/* A string that the kernel laid out, changed where it is. */
static int change_environment_string(void) { environ[0][0] = 'X'; return 0; }
static int changed_environment_string(void) { return environ[0][0] == 'X'; }

static int change_errno(void) { errno = EDOM; return 0; }
static int changed_errno(void) { return errno == EDOM; }

static int change_stdout(void) { return fputs("x", stdout) < 0; }
static int changed_stdout(void) { return __fpending(stdout) > 0; }

static int change_locale(void) { return setlocale(LC_CTYPE, "C.UTF-8") == NULL; }
static int changed_locale(void) { return MB_CUR_MAX > 1; }

static int change_random(void) { srandom(7); return 0; }
static int changed_random(void)
{
	const long now = random();

	srandom(7);
	return now == random();
}

static int change_working_directory(void) { return chdir("/"); }
static int changed_working_directory(void)
{
	char here[2];

	return getcwd(here, sizeof here) != NULL;
}

static int change_signal_handler(void) { return signal(SIGUSR1, SIG_IGN) == SIG_ERR; }
static int changed_signal_handler(void) { return signal(SIGUSR1, SIG_DFL) == SIG_IGN; }

static int change_umask(void) { umask(0777); return 0; }
static int changed_umask(void) { return umask(0) == 0777; }

static const struct state {
	const char *name;
	int (*change)(void);
	int (*changed)(void);
} states[] = {
	{"environ", change_environ, changed_environ},
	{"environment-string", change_environment_string, changed_environment_string},
	{"errno", change_errno, changed_errno},
	{"stdout", change_stdout, changed_stdout},
	{"locale", change_locale, changed_locale},
	{"random", change_random, changed_random},
	{"working-directory", change_working_directory, changed_working_directory},
	{"signal-handler", change_signal_handler, changed_signal_handler},
	{"umask", change_umask, changed_umask},
};

static const struct state *find(const char *name)
{
	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		if (strcmp(states[i].name, name) == 0)
			return &states[i];
	return NULL;
}

int change(const char *name)
{
	const struct state *state = find(name);

	return state ? state->change() : -1;
}

int changed(const char *name)
{
	const struct state *state = find(name);

	return state ? state->changed() : -1;
}
