/* As process 1 of a pid namespace: starts one program, reaps whatever ends, and tells the program's true end.
 *
 *     reaper REPORT STDERR COUNT NAME=VALUE... PROGRAM ARGUMENT...
 *
 * The program has the COUNT variables and no others, no signal ignored or blocked, and the descriptor STDERR as its
 * standard error, so that words of what starts this process never mix with its own. To REPORT go lines:
 *
 *     started                           execve(2) succeeded; or
 *     failed ERRNO                      it did not
 *     ended STATUS LEFT USER SYS RSS    the wait status, whether other processes are left, user and system time in
 *                                       microseconds, and ru_maxrss (wait4(2))
 *
 * When process 1 ends, the kernel kills all that is left in its namespace. Whoever reads the lines may look at what
 * is left first, and then ends this process; where nobody reads them, this one ends at once, as a shell does: 128 and
 * the signal. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static long long microseconds(struct timeval time) { return time.tv_sec * 1000000LL + time.tv_usec; }

__attribute__((format(printf, 2, 3))) static int tell(int report, const char *format, ...)
{
	char line[128];
	va_list arguments;
	va_start(arguments, format);
	int size = vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	return write(report, line, (size_t)size) == size;
}

/* A session of its own, as it would have without this process. */
static int start(pid_t *program, int standard_error, char **argv, char **envp)
{
	posix_spawnattr_t attributes;
	posix_spawn_file_actions_t actions;
	sigset_t all, none;
	sigfillset(&all);
	sigemptyset(&none);
	int failure = posix_spawnattr_init(&attributes);
	if (!failure)
		failure = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF |
								    POSIX_SPAWN_SETSIGMASK);
	if (!failure)
		failure = posix_spawnattr_setsigdefault(&attributes, &all);
	if (!failure)
		failure = posix_spawnattr_setsigmask(&attributes, &none);
	if (!failure)
		failure = posix_spawn_file_actions_init(&actions);
	if (!failure)
		failure = posix_spawn_file_actions_adddup2(&actions, standard_error, STDERR_FILENO);
	return failure ? failure : posix_spawn(program, argv[0], &actions, &attributes, argv, envp);
}

static int wait_for(pid_t program, struct rusage *usage)
{
	int status = 0;
	pid_t ended;
	do
		ended = wait4(-1, &status, 0, usage);
	while (ended != program && (ended >= 0 || errno == EINTR));
	return status;
}

static int others_are_left(void)
{
	pid_t ended;
	do
		ended = waitpid(-1, NULL, WNOHANG);
	while (ended > 0);
	return ended == 0;
}

int main(int argc, char **argv)
{
	struct rusage usage = {0};
	int count = argc > 3 ? atoi(argv[3]) : -1;
	if (count < 0 || count >= argc - 4)
		return 64;
	int report = atoi(argv[1]), standard_error = atoi(argv[2]);
	fcntl(report, F_SETFD, FD_CLOEXEC);
	if (standard_error != STDERR_FILENO)
		fcntl(standard_error, F_SETFD, FD_CLOEXEC);
	prctl(PR_SET_DUMPABLE, 0); /* no way to the descriptors through /proc/1 */
	memmove(argv + 3, argv + 4, (size_t)count * sizeof *argv);
	argv[3 + count] = NULL;
	pid_t program;
	int failure = start(&program, standard_error, argv + 4 + count, argv + 3);
	if (failure) {
		tell(report, "failed %d\n", failure);
		return 127;
	}
	tell(report, "started\n");
	int status = wait_for(program, &usage);
	int left = others_are_left();
	if (tell(report, "ended %d %d %lld %lld %ld\n", status, left, microseconds(usage.ru_utime),
		 microseconds(usage.ru_stime), usage.ru_maxrss) &&
	    left)
		pause();
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
