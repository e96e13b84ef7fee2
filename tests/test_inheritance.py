"""What a trial is given does not depend on who started the runner, and how."""

from __future__ import annotations

import csv
import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import World
from elfworlds.process import Command, Pool

# Everything that a process inherits and that this program can ask for, a line each.
LOOKS = r"""
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
    static const int kinds[] = {RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_NOFILE,
                                RLIMIT_RSS, RLIMIT_STACK};
    struct rlimit limit;
    struct sigaction action;
    sigset_t mask;
    char text[32] = "";

    for (size_t at = 0; at < sizeof kinds / sizeof *kinds; at++) {
        getrlimit(kinds[at], &limit);
        printf("limit %zu %llu\\n", at, (unsigned long long)limit.rlim_cur);
    }
    sigprocmask(SIG_BLOCK, NULL, &mask);
    for (int number = 1; number <= SIGRTMAX; number++)
        if (sigaction(number, NULL, &action) == 0 && (action.sa_handler != SIG_DFL || sigismember(&mask, number)))
            printf("signal %d\\n", number);
    printf("umask %o\\nnice %d\\npersonality %x\\n", umask(0), getpriority(PRIO_PROCESS, 0), personality(0xffffffff));
    for (int fd = 0; fd < 64; fd++)
        if (fd != 9 && fcntl(fd, F_GETFD) >= 0)
            printf("descriptor %d\\n", fd);
    printf("terminal %d\\nsession %d\\n", open("/dev/tty", O_RDWR) >= 0, getsid(0) == getpid());
    if (read(open("/proc/self/oom_score_adj", O_RDONLY), text, sizeof text - 1) > 0)
        printf("oom %s", text);
    return 0;
}
"""
EXPERIMENT = """
experiment: looks
question: What does a trial inherit?
objects:
  app: {executable: app, sources: [looks.c]}
scenarios:
  s:
    run: ${app}
    outcomes:
      clean: {exit: 0, stdout: {not: {contains: signal}}}
    expect: {outcome: clean}
"""
RUN = shlex.join([sys.executable, "-m", "elfworlds", "run", "experiments/looks.yaml"])
# How a shell may start it.
WAYS = {
    "plainly": RUN,
    "under nohup": f"nohup {RUN}",
    "in a session of its own": f"setsid -w {RUN}",
    "in the background of a script": f"{RUN} & wait $!",
    "with signals ignored": f"trap '' QUIT HUP USR1 PIPE CHLD TTOU; {RUN}",
    "with a umask": f"umask 077; {RUN}",
    "with soft limits": f"ulimit -S -s 1024; ulimit -S -n 100; ulimit -S -t 1000; ulimit -S -v 30000000; {RUN}",
    "with standard input closed": f"{RUN} <&-",
    "with standard streams closed": f"{RUN} <&- >&- 2>&-",
    "with descriptors open": f"exec 5</dev/null 17</dev/null; {RUN}",
    "first to be killed": f"echo 500 >/proc/self/oom_score_adj; {RUN}",
}
PRIVILEGED = {  # what may need CAP_SYS_RESOURCE or CAP_SYS_NICE to be put back
    "with hard limits": f"ulimit -s 1024; {RUN}",
    "with less priority": f"nice -n 7 {RUN}",
}


@pytest.fixture
def looks(world: World) -> World:
    (world.path / "experiments/looks.c").write_text(LOOKS.replace("\\\\", "\\"))
    world.experiment("looks", EXPERIMENT)
    return world


def started(world: World, script: str, *, blocked: bool = False) -> tuple[str, str, list[str]]:
    """The program's words, the table of trials without what is measured, and what was not put back."""

    def block() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGCHLD, signal.SIGTERM})

    done = subprocess.run(
        ["/bin/bash", "-c", script],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        preexec_fn=block if blocked else None,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    run = world.latest("looks")
    (row,) = csv.DictReader((run / "tables/trials.csv").read_text().splitlines())
    kept = {name: text for name, text in row.items() if not name.endswith(("_s", "_kb"))}
    inherited = json.loads((run / "environment.json").read_text()).get("inherited", [])
    assert not done.stdout or ("trials inherit from this session" in done.stdout) == bool(inherited)
    return (run / "trials/s,libc=host/stdout").read_text(), str(kept), inherited


def test_a_trial_is_the_same_however_the_runner_was_started(looks: World) -> None:
    first = started(looks, RUN)
    assert "umask 22\n" in first[0]
    assert {name: started(looks, script) for name, script in WAYS.items()} == dict.fromkeys(WAYS, first)
    assert started(looks, RUN, blocked=True) == first


@pytest.mark.parametrize("how", PRIVILEGED)
def test_what_needs_a_privilege_is_put_back_or_told(how: str, looks: World) -> None:
    first = started(looks, RUN)
    other = started(looks, PRIVILEGED[how])
    assert (other[:2] == first[:2]) == (other[2] == first[2])


def test_what_cannot_be_put_back_is_told(tmp_path: Path) -> None:
    """Only a privileged process may raise a hard limit, so here it is lowered where raising it is forbidden."""
    script = (
        "import os, resource; from elfworlds.supervisor.reset import reset;"
        "resource.setrlimit(resource.RLIMIT_STACK, (1 << 20, 1 << 20));"
        "os.geteuid() or (os.setgid(65534), os.setuid(65534));"
        "os.nice(3 - min(os.nice(0), 0)); print(reset())"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=tmp_path)
    lowered = min(max(os.nice(0), 0) + 3, 19)
    assert done.stdout == f"['stack limit 1048576, not 8388608', 'nice {lowered}, not 0']\n"


def test_a_command_has_no_signal_ignored_whatever_python_does(pool: Pool) -> None:
    """Python itself ignores SIGPIPE and SIGXFSZ."""
    command = Command(argv=("/bin/sh", "-c", "kill -XFSZ $$"), env={}, cwd="/", timeout=60)
    assert pool.run(command).signal == "SIGXFSZ"
