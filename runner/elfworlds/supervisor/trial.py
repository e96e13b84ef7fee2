"""One command from its start to the last of its processes."""

from __future__ import annotations

import os
import resource
import select
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from elfworlds.supervisor.procfs import Described, descendants, freeze, signal_each, signal_name
from elfworlds.supervisor.report import Ended, Report, Told
from elfworlds.supervisor.streams import EVENTS_DESCRIPTOR, KINDS, Events, Pipe

if TYPE_CHECKING:
    from collections.abc import Iterator

KILL_SECONDS = 10.0
TELL_SECONDS = 1.0
DRAIN_MS = 50
POLL_SECONDS = 0.02
EVENTS_SECONDS = 0.5
LONGEST_SECONDS = 3600.0
NOTHING = Ended(0, 0.0, 0.0, 0)
RESTORED = (signal.SIGPIPE, signal.SIGXFSZ)  # what Python ignores


class RunnerGoneError(Exception):
    """The other end of the control socket was closed."""


class Trial:
    """One command from fork to the last of its processes."""

    def __init__(self, request: dict[str, Any], control: int, wakeup: int) -> None:
        self.request = request
        self.control = control
        self.wakeup = wakeup
        self.ended: Ended | None = None
        self.gone = False
        self.childless = False
        self.pid = 0
        self.out: Pipe = KINDS[request["capture"]](request["keep"])
        self.err = Pipe(request["keep"])
        self.events = Events() if request["events"] else None
        self.report = Report() if request["report"] else None
        self.streams = {one.reading: one for one in (self.out, self.err, self.report) if one}
        self.polling = POLL_SECONDS if not self.out.pollable else EVENTS_SECONDS if self.events else LONGEST_SECONDS

    def run(self) -> dict[str, Any]:
        if self.request["stderr_to"]:
            self.err.redirect(self.request["stderr_to"])
        started = time.monotonic()
        self.pid, failure = self.start()
        for stream in self.streams.values():
            stream.started()
        timed_out = failure is None and self.watch(started + self.request["timeout"])
        wall = time.monotonic() - started
        left = self.end_all()
        for stream in (self.out, self.err):
            stream.drain(DRAIN_MS)
        if self.report:
            self.report.take()
        return self.result(failure, timed_out, wall, left)

    def start(self) -> tuple[int, str | None]:
        """Start the program in a session of its own; the second value says why that failed, where it did."""
        stdin = self.stdin()
        fds = (stdin, self.out.writing, self.err.writing)
        actions = [(os.POSIX_SPAWN_DUP2, fd, target) for target, fd in enumerate(fds)]
        actions += [(os.POSIX_SPAWN_DUP2, self.events.writing, EVENTS_DESCRIPTOR)] if self.events else []
        actions += [(os.POSIX_SPAWN_DUP2, self.report.writing, self.request["report"])] if self.report else []
        argv, env = self.request["argv"], self.request["env"]
        try:
            os.chdir(self.request["cwd"])  # noqa: TID251  # this process is single-threaded and serves one command
            with lowered(self.request["limits"]), confined(self.request["cpus"]):
                return os.posix_spawn(argv[0], argv, env, file_actions=actions, setsid=True, setsigdef=RESTORED), None
        except OSError as error:
            return 0, error.strerror or str(error)
        finally:
            os.close(stdin)

    def stdin(self) -> int:
        data = self.request["stdin"]
        if not data:
            return os.open("/dev/null", os.O_RDONLY)
        fd = os.memfd_create("stdin")
        while data:
            data = data[os.write(fd, data) :]
        os.lseek(fd, 0, os.SEEK_SET)
        return fd

    def reap(self) -> None:
        """Collect every child that ended; adopted orphans are children as well."""
        try:
            while True:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self.pid:
                    self.gone = True
                    self.ended = Ended(status, usage.ru_utime, usage.ru_stime, usage.ru_maxrss)
        except ChildProcessError:
            self.childless = True

    def watch(self, deadline: float) -> bool:
        """Wait for the command's own end, draining what it prints; True where its time was up first."""
        poller = self.poller()
        poller.register(self.control, select.POLLIN)
        self.reap()
        while not self.over():
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return True
            for fd, _ in poller.poll(min(remaining, self.polling) * 1000):
                self.attend(fd, poller)
            if self.events:
                self.events.bound()
            if not self.out.pollable:
                self.out.take()
            self.reap()
        return False

    def over(self) -> bool:
        """Whether the command has ended, though what it is started through may wait for us to look around."""
        return self.gone or bool(self.told and self.told.left)

    def poller(self) -> select.poll:
        poller = select.poll()
        if self.report:
            poller.register(self.report.reading, select.POLLIN)
        poller.register(self.wakeup, select.POLLIN)
        for stream in (self.out, self.err):
            if stream.pollable:
                poller.register(stream.reading, select.POLLIN)
        return poller

    def attend(self, fd: int, poller: select.poll) -> None:
        if fd == self.control:
            raise RunnerGoneError
        if fd == self.wakeup:
            os.read(fd, 4096)
        elif not self.streams[fd].take():
            poller.unregister(fd)

    def end_all(self) -> list[tuple[int, str, str, float, str]]:
        """Kill what is left; return who that was, as it was when it was first seen.

        What tells the command's end is spared until it has told it, for so long as there is hope.
        """
        self.reap()
        found: dict[int, Described] = {}
        between: set[int] = set()
        now = time.monotonic()
        deadline, hopeless = now + KILL_SECONDS, now + TELL_SECONDS
        while not self.childless and time.monotonic() < deadline:
            between.update(self.between())
            spared = set() if self.told else between
            frozen = freeze(spared)
            found = frozen | found
            signal_each(frozen, signal.SIGKILL)
            if not frozen and time.monotonic() > hopeless:
                signal_each(spared, signal.SIGKILL)
            self.reap()
            if not self.childless:
                self.poller().poll(20)
                self.reap()
                for stream in self.streams.values():
                    stream.take()
        return [one for pid, one in sorted(found.items()) if one is not None and pid not in between]

    def between(self) -> list[int]:
        """The processes that the command is started through."""
        return [pid for pid, parent in descendants().items() if self.pid in (pid, parent)] if self.report else []

    @property
    def told(self) -> Told | None:
        return self.report.told if self.report else None

    def result(
        self,
        failure: str | None,
        timed_out: bool,  # noqa: FBT001  # a field of the answer
        wall: float,
        left: list[tuple[int, str, str, float, str]],
    ) -> dict[str, Any]:
        if self.report and failure is None and not timed_out:
            failure = self.untold()
        ended = (self.told.ended if self.told else None) if self.report else self.ended
        status, user, system, max_rss = ended or NOTHING
        natural = not timed_out and failure is None
        code = os.waitstatus_to_exitcode(status)
        for stream in self.streams.values():
            stream.close()
        return {
            "exit": code if natural and code >= 0 else None,
            "signal": signal_name(-code) if natural and code < 0 else None,
            "timed_out": timed_out,
            "not_started": failure,
            "wall_s": wall,
            "user_s": user,
            "sys_s": system,
            "max_rss_kb": max_rss,
            "stdout": self.out.kept.result(),
            "stderr": self.err.kept.result(),
            "left": left,
            "events": self.events.taken() if self.events else b"",
        }

    def untold(self) -> str | None:
        """Why a command that is started through another one was not started; None where it was."""
        if self.told:
            return os.strerror(self.told.failure) if self.told.failure else None
        head, tail, _ = self.err.kept.result()
        last = (head + tail).decode("utf-8", "replace").strip().rpartition("\n")[2]
        return f"{os.path.basename(self.request['argv'][0])} failed{f': {last}' if last else ''}"  # noqa: PTH119


@contextmanager
def lowered(limits: dict[str, int]) -> Iterator[None]:
    """Soft resource limits for what is started meanwhile."""
    before = {}
    for name, value in limits.items():
        kind = getattr(resource, f"RLIMIT_{name.upper()}")
        before[kind] = resource.getrlimit(kind)
        resource.setrlimit(kind, (value, before[kind][1]))
    try:
        yield
    finally:
        for kind, both in before.items():
            resource.setrlimit(kind, both)


@contextmanager
def confined(cpus: int | None) -> Iterator[None]:
    """So many of our processors for what is started meanwhile."""
    if cpus is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:cpus])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
