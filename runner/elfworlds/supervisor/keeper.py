"""The process between the runner and a supervisor, for the case that a trial kills or stops its supervisor.

It is a subreaper as well: what a dead supervisor had started comes to it, and is killed. It holds the control socket
until then, so that the runner hears of the end when nothing is left. How the supervisor ended is its exit status, as a
shell has it.
"""

from __future__ import annotations

import os
import signal
import time

from elfworlds.supervisor.messages import BY_SIGNAL
from elfworlds.supervisor.procfs import freeze, signal_each

KILL_SECONDS = 10.0
POLL_SECONDS = 0.02


def keep(supervisor: int) -> int:
    """Wait for the supervisor's end and kill what it left; a stopped one is killed. Returns its exit status."""
    stopped = False
    while True:
        _, status = os.waitpid(supervisor, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            break
        stopped = True
        os.kill(supervisor, signal.SIGKILL)
    end_what_is_left()
    code = os.waitstatus_to_exitcode(status)
    if stopped:
        return BY_SIGNAL + signal.SIGSTOP
    return BY_SIGNAL - code if code < 0 else code


def end_what_is_left() -> None:
    """Kill every process below this one, until there is none."""
    deadline = time.monotonic() + KILL_SECONDS
    while children_are_left() and time.monotonic() < deadline:
        signal_each(freeze(()), signal.SIGKILL)
        time.sleep(POLL_SECONDS)


def children_are_left() -> bool:
    """Whether there are children still, after those that have ended were collected."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue
    except ChildProcessError:
        return False
    return True
