"""The supervisor's loop: a command comes in over the control socket, its end goes out.

Started as `python -I -S -c … FD PACKAGES [apart]`; messages are marshalled dictionaries behind their length in eight
bytes. The first one says what of its own state it could not put back (reset.py).
"""

from __future__ import annotations

import ctypes
import marshal
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from elfworlds.supervisor import namespaces
from elfworlds.supervisor.keeper import keep
from elfworlds.supervisor.messages import APART, BEGUN
from elfworlds.supervisor.pids import PidsCgroup, removed
from elfworlds.supervisor.reset import reset
from elfworlds.supervisor.trial import RunnerGoneError, SupervisedCommand

if TYPE_CHECKING:
    from elfworlds.supervisor.messages import Answer, Greeting, Request

PR_SET_CHILD_SUBREAPER = 36


class Serving(NamedTuple):
    """What a supervisor works with: its end of the socket, what it inherited, in words, and its cgroup."""

    control: int
    inherited: list[str]
    cgroup: PidsCgroup


def read_exactly(fd: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = os.read(fd, size - len(data))
        if not piece:
            raise RunnerGoneError
        data += piece
    return data


def receive(fd: int) -> Request:
    size = int.from_bytes(read_exactly(fd, 8), "little")
    message: Request = marshal.loads(read_exactly(fd, size))  # noqa: S302  # our own runner wrote it
    return message


def send(fd: int, message: Greeting | Answer) -> None:
    data = marshal.dumps(dict(message))
    data = len(data).to_bytes(8, "little") + data
    while data:
        data = data[os.write(fd, data) :]


def main() -> None:
    control = int(sys.argv[1])
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # a shell may have it ignored: children would go unseen
    os.set_inheritable(control, False)  # noqa: FBT003  # takes no keyword
    adopt_orphans()
    apart = namespaces.flags() if APART in sys.argv else 0
    serving = Serving(control, reset(), PidsCgroup(f"elfworlds-{os.getpid()}"))
    code = keep(started(serving, apart))
    removed(serving.cgroup.name)
    sys.exit(code)


def started(serving: Serving, apart: int) -> int:
    """The id of a new supervisor, which is the first process of namespaces of its own where `apart` has their flags."""
    if apart:
        with suppress(OSError):
            return namespaces.first(apart, lambda: supervise(serving))
    supervisor = os.fork()
    if supervisor == 0:
        supervise(serving)
        sys.exit()
    return supervisor


def supervise(serving: Serving) -> None:
    adopt_orphans()
    serve(serving)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends; a child of fork(2) does not inherit that."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def serve(serving: Serving) -> None:
    """Run one command after the other until the runner closes its end, which is told first what was inherited."""
    control = serving.control
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGXCPU, lambda *_: None)  # it may have used more than a trial's limit, which it has meanwhile
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    trial: SupervisedCommand | None = None
    try:
        send(control, {"inherited": serving.inherited})
        while True:
            request = receive(control)
            os.write(control, BEGUN)
            trial = SupervisedCommand(request, control, woken, serving.cgroup)
            send(control, trial.run())
    except (RunnerGoneError, BrokenPipeError):
        if trial is not None:
            trial.end_all()
