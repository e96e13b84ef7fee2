/* fork(2) and system(3), each with a time of its own: a child that hangs is killed, a call that never
 * returns ends the program, and either is told. */
#ifndef CHILDREN_H
#define CHILDREN_H

#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "clock.h"
#include "steps.h"

static const char *timed_name, *timed_verb;

OBSERVE int tell_child(const char *name, const char *verb, pid_t pid, int status, const char *how)
{
	struct observe_line line = observe_begin(name, verb);

	observe_flag_field(&line, "ok", how == NULL);
	observe_flag_field(&line, "started", pid >= 0);
	observe_flag_field(&line, "timed-out", how != NULL);
	if (pid > 0)
		observe_int_field(&line, "pid", pid);
	if (how)
		observe_field(&line, "error", how);
	else if (WIFEXITED(status))
		observe_int_field(&line, "exit", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		observe_field(&line, "signal", strsignal(WTERMSIG(status)));
	observe_end(&line);
	return 1;
}

OBSERVE void out_of_time(int number)
{
	(void)number;
	tell_child(timed_name, timed_verb, -1, 0, "the call did not return");
	_exit(1);
}

/* From now on the call has so many seconds of CLOCK_MONOTONIC, which is what Linux has ITIMER_REAL count (its
 * kernel/fork.c); 0 lifts the limit. */
OBSERVE void within(const char *name, const char *verb, double seconds)
{
	const struct itimerval timer = {{0, 0}, {(time_t)seconds, (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6)}};

	timed_name = name, timed_verb = verb;
	signal(SIGALRM, seconds > 0 ? out_of_time : SIG_DFL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* In the parent: wait for the child, and kill it when its time is up. */
OBSERVE int step_wait(const char *name, pid_t pid, double seconds)
{
	const double end = seconds_now() + seconds;
	int status = 0;

	if (pid < 0)
		return failed(name, "fork", strerror(errno));
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (seconds_now() >= end) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return tell_child(name, "fork", pid, status, "the child did not end");
		}
		sleep_for(0.002);
	}
	return tell_child(name, "fork", pid, status, NULL);
}

OBSERVE int step_system(const char *name, const char *command, double seconds)
{
	int status;

	within(name, "system", seconds);
	status = system(command);
	within(name, "system", 0);
	return status == -1 ? failed(name, "system", strerror(errno)) : tell_child(name, "system", 0, status, NULL);
}

#endif
