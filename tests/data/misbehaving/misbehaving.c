/* Does what nobody wants of a trial; which of it, the first argument says. The second one marks its processes. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char block[1 << 20];

static int deep(volatile char *from)
{
	volatile char here[4096] = {from[0]};
	return deep(here) + here[1];
}

static void deaf(void)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	setsid();
	for (;;)
		pause();
}

static int is(const char *how, const char *name) { return !strcmp(how, name); }

static void to_itself(const char *how)
{
	if (is(how, "hang"))
		for (;;)
			pause();
	if (is(how, "spin"))
		for (volatile int i = 0;; i++)
			;
	if (is(how, "crash"))
		*(volatile int *)0 = 1;
	if (is(how, "abort"))
		abort();
	if (is(how, "full-stack"))
		deep(block);
	if (is(how, "stop"))
		raise(SIGSTOP);
}

static int to_its_streams(const char *how)
{
	if (is(how, "flood"))
		for (int i = 0; i < 1024; i++)
			if (write(1, block, sizeof block) < 0)
				return 9;
	if (is(how, "noise")) {
		fwrite("\0\377\376\033[2J\033]0;owned\007\r\x9b"
		       "31m",
		       1, 21, stderr);
		return 7;
	}
	if (is(how, "close")) {
		for (int fd = 0; fd < 20; fd++)
			close(fd);
		return 5;
	}
	return 0;
}

static void to_processes(const char *how)
{
	if (is(how, "daemon") && fork() == 0) {
		setsid();
		if (fork() == 0)
			deaf();
		_exit(0);
	}
	if (is(how, "deaf-child") && fork() == 0)
		deaf();
	if (is(how, "fork-bomb"))
		for (int i = 0; i < 200; i++)
			if (fork() == 0)
				deaf();
	if (is(how, "kill-parent"))
		kill(getppid(), SIGKILL);
	if (is(how, "stop-parent"))
		kill(getppid(), SIGSTOP);
	if (is(how, "kill-all") && getppid() < 3 && getpid() < 10) /* in a pid namespace alone */
		kill(-1, SIGKILL);
}

static int run(const char *command) { return system(command) == -1; }

static int to_files(const char *how)
{
	if (is(how, "shut-directory"))
		return run("chmod 0 .. .");
	if (is(how, "remove-directory"))
		return run("rm -rf ../cwd");
	if (is(how, "remove-trials"))
		return run("cd ..; rm -f stdout stderr cmd.sh; mkdir cmd.sh; ln -s /etc/passwd stdout");
	if (is(how, "change-records"))
		return run("sed -i s/zero/nine/ ../../../trials.jsonl 2>/dev/null");
	if (is(how, "fill-directory"))
		return run("i=0; while [ $i -lt 3000 ]; do : > f$i; i=$((i+1)); done");
	return 0;
}

int main(int argc, char **argv)
{
	const char *how = argc > 2 ? argv[1] : "";

	to_itself(how);
	int failure = to_its_streams(how);
	to_processes(how);
	return failure ? failure : to_files(how);
}
