/* As process 1 of a pid namespace: starts one program, reaps whatever ends, and tells the program's true end.
 *
 *     reaper DESCRIPTOR COUNT NAME=VALUE... PROGRAM ARGUMENT...
 *
 * The program has the COUNT variables and no others. To DESCRIPTOR goes one line of numbers: the wait status,
 * the errno of a program that could not be started, whether other processes are left, user and system time in
 * microseconds, and ru_maxrss (wait4(2)). When process 1 ends, the kernel kills all that is left in its
 * namespace. Whoever reads the line may look at what is left first, and then ends this process; where nobody
 * reads it, this one ends at once, as a shell does: 128 and the signal. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static long long microseconds(struct timeval time) { return time.tv_sec * 1000000LL + time.tv_usec; }

static int tell(int descriptor, int status, int failure, int left, const struct rusage *usage)
{
	char line[128];
	int size = snprintf(line, sizeof line, "%d %d %d %lld %lld %ld\n", status, failure, left,
			    microseconds(usage->ru_utime), microseconds(usage->ru_stime), usage->ru_maxrss);
	return write(descriptor, line, (size_t)size) == size;
}

/* A session of its own, as it would have without this process. */
static int start(pid_t *program, char **argv, char **envp)
{
	posix_spawnattr_t attributes;
	int failure = posix_spawnattr_init(&attributes);
	if (!failure)
		failure = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
	return failure ? failure : posix_spawn(program, argv[0], NULL, &attributes, argv, envp);
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
	int count = argc > 2 ? atoi(argv[2]) : -1;
	if (count < 0 || count >= argc - 3)
		return 64;
	int descriptor = atoi(argv[1]);
	fcntl(descriptor, F_SETFD, FD_CLOEXEC);
	prctl(PR_SET_DUMPABLE, 0); /* no way to the descriptor through /proc/1 */
	memmove(argv + 2, argv + 3, (size_t)count * sizeof *argv);
	argv[2 + count] = NULL;
	pid_t program;
	int failure = start(&program, argv + 3 + count, argv + 2);
	int status = failure ? 127 << 8 : wait_for(program, &usage);
	int left = others_are_left();
	if (tell(descriptor, status, failure, left, &usage) && left)
		pause();
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
