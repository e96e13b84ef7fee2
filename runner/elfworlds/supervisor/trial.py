"""One command from its start to the last of its processes."""

from __future__ import annotations

import errno
import os
import select
import signal
import time
from typing import TYPE_CHECKING

from elfworlds.supervisor.bounds import confined, harden, lowered
from elfworlds.supervisor.landlock import ConfinementError, within
from elfworlds.supervisor.procfs import Described, descendants, freeze, namespaced, signal_each, signal_name
from elfworlds.supervisor.report import Ended, ReportPipe
from elfworlds.supervisor.streams import EVENTS_DESCRIPTOR, KINDS, Events, Pipe, close_all, lifted, memory_file
from elfworlds.supervisor.through import Through
from elfworlds.supervisor.usage import PROCESSES, exceeded

if TYPE_CHECKING:
    from elfworlds.supervisor.messages import Answer, Request
    from elfworlds.supervisor.pids import PidsCgroup

KILL_SECONDS = 10.0
TELL_SECONDS = 1.0
DRAIN_MS = 50
POLL_SECONDS = 0.02
EVENTS_SECONDS = 0.05  # at memory's speed some 200 MB
LONGEST_SECONDS = 3600.0
LOOK_SECONDS = 0.1  # between two looks at what the command's processes use
EVERY = -1
NOTHING = Ended(0, 0.0, 0.0, 0)
OF_THE_MACHINE = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)  # they say nothing of the program


def first() -> bool:
    """Whether this is process 1 of a pid namespace of its own."""
    return os.getpid() == 1


class RunnerGoneError(Exception):
    """The other end of the control socket was closed."""


class SupervisedCommand:
    """One command from fork to the last of its processes."""

    def __init__(self, request: Request, control: int, wakeup: int, cgroup: PidsCgroup) -> None:
        self.request = request
        self.cgroup = cgroup
        self.limit = ""
        self.control = control
        self.wakeup = wakeup
        self.ended: Ended | None = None
        self.gone = False
        self.childless = False
        self.pid = 0
        self.errno = 0
        self.untried: str | None = None
        self.out: Pipe = KINDS[request["capture"]](request["keep"])
        self.err = Pipe(request["keep"])
        self.events = Events() if request["events"] else None
        self.through = Through(request["through"]) if request["through"] else None
        more = (self.through.report, self.through.words) if self.through else ()
        self.streams: dict[int, Pipe | ReportPipe] = {pipe.reading: pipe for pipe in (self.out, self.err, *more)}
        self.polling = POLL_SECONDS if not self.out.pollable else EVENTS_SECONDS if self.events else LONGEST_SECONDS

    def run(self) -> Answer:
        if self.request["stderr_to"]:
            self.err.redirect(self.request["stderr_to"])
        started, refused = time.monotonic(), self.cgroup.refused()
        if self.bounded():
            self.start()
        if self.begun and self.request["confinement"]:
            self.bounded()
        for stream in self.streams.values():
            stream.started()
        timed_out = self.begun and self.watch(started + self.request["timeout"])
        wall = time.monotonic() - started
        if self.through:
            self.through.close_report()
        left = self.end_all()
        self.limit = self.limit or (PROCESSES if self.cgroup.refused() > refused else "")
        for stream in (self.out, self.err):
            stream.drain(DRAIN_MS)
        if self.through:
            self.through.words.drain(0)
        return self.result(timed_out, wall, left)

    def bounded(self) -> bool:
        """Let there be as many processes as the command may have, besides this one and those it is started through."""
        most = self.request["processes"]
        besides = 3 if self.through else 1
        starting = 1 if self.request["confinement"] and not self.begun else 0  # the thread that starts it
        try:
            self.cgroup.allow(most + besides + starting if most else None)
        except OSError as error:
            if self.request["exactly"]:
                self.untried = f"its number of processes cannot be limited: {error}"
            elif first() and os.geteuid():
                self.request["limits"]["nproc"] = most + besides + starting  # of this user in this user namespace
        return self.untried is None

    def start(self) -> None:
        """Start the command, unless its directory is gone."""
        own = [self.stdin()]
        if self.request["seccomp"]:
            own += [lifted(memory_file("seccomp", self.request["seccomp"][1]))]
        try:
            os.chdir(self.request["cwd"])  # noqa: TID251  # this process is single-threaded and serves one command
        except OSError as error:
            self.untried = f"its directory cannot be entered: {error.strerror}: {self.request['cwd']}"
        else:
            self.spawn([(os.POSIX_SPAWN_DUP2, fd, at) for fd, at in self.targets(own)])
        close_all(own)

    def targets(self, own: list[int]) -> list[tuple[int, int]]:
        """Descriptors, and the numbers at which what is started has them; `own` is standard input, and a filter."""
        targets = [(own[0], 0), (self.out.writing, 1), (self.err.writing, 2)]
        targets += [(self.events.writing, EVENTS_DESCRIPTOR)] if self.events else []
        if self.through:
            targets[2:3] = [(self.through.words.writing, 2), (self.err.writing, self.through.stderr_at)]
            targets += [(self.through.report.writing, self.through.report_at)]
        return targets + [(fd, self.request["seccomp"][0]) for fd in own[1:] if self.request["seccomp"]]

    def spawn(self, actions: list[tuple[int, int, int]]) -> None:
        confinement = self.request["confinement"]
        try:
            self.pid = within(confinement, lambda: self.spawned(actions)) if confinement else self.spawned(actions)
            harden(self.pid, self.request["limits"])
        except ConfinementError as error:
            self.untried = str(error)
        except OSError as error:
            self.errno = error.errno or errno.EIO

    def spawned(self, actions: list[tuple[int, int, int]]) -> int:
        """The id of the command's process: in a session of its own, with no signal ignored or blocked."""
        argv, env, every = self.request["argv"], self.request["env"], signal.valid_signals()
        with lowered(self.request["limits"]), confined(self.request["cpus"]):
            return os.posix_spawn(argv[0], argv, env, file_actions=actions, setsid=True, setsigmask=(), setsigdef=every)

    @property
    def begun(self) -> bool:
        """Whether there is a process to wait for."""
        return self.pid != 0

    def stdin(self) -> int:
        data = self.request["stdin"]
        return memory_file("stdin", data) if data else os.open("/dev/null", os.O_RDONLY)

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
        """Wait for the command's own end, draining what it prints; True where its time was up first.

        It is waited for no longer where it exceeds a limit.
        """
        poller, look = self.poller(), time.monotonic() + LOOK_SECONDS
        poller.register(self.control, select.POLLIN)
        self.reap()
        while not self.over():
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return True
            for fd, _ in poller.poll(min(remaining, self.polling, LOOK_SECONDS) * 1000):
                self.attend(fd, poller)
            if time.monotonic() > look:
                self.limit = exceeded(self.request["memory"], self.request["processes"])
                look = time.monotonic() + LOOK_SECONDS
            if self.limit:
                return False
            if self.events:
                self.events.bound()
            if not self.out.pollable:
                self.out.take()
            self.reap()
        return False

    def over(self) -> bool:
        """Whether the command has ended; the process that started it may still wait for us."""
        return self.gone or bool(self.through and self.through.report.left)

    def poller(self) -> select.poll:
        poller = select.poll()
        poller.register(self.wakeup, select.POLLIN)
        for stream in self.streams.values():
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
        """Kill every process that is left; return each as it was when it was first seen.

        The processes that report the command's end are not returned. They are spared until they have reported it,
        or until TELL_SECONDS have passed.
        """
        self.reap()
        killed: dict[int, Described] = {}
        between: set[int] = set()
        now = time.monotonic()
        deadline, hopeless = now + KILL_SECONDS, now + TELL_SECONDS
        while not self.childless and time.monotonic() < deadline:
            between.update(pid for pid in self.between() if pid not in killed)  # a dying one has no ids any more
            spared = set() if self.through and self.through.report.settled else between
            if first() and self.limit == PROCESSES:
                signal_each([EVERY], signal.SIGKILL)  # faster than they can multiply
            frozen = freeze(spared)
            killed = frozen | killed
            signal_each(frozen, signal.SIGKILL)
            if not frozen and time.monotonic() > hopeless:
                signal_each(spared, signal.SIGKILL)
            self.reap()
            if not self.childless:
                self.poller().poll(20)
                self.reap()
                for stream in self.streams.values():
                    stream.take()
        return [described for pid, described in sorted(killed.items()) if described is not None and pid not in between]

    def between(self) -> list[int]:
        """The processes that the program is started through: those outside its world, and the world's process 1."""
        if not self.through:
            return []
        depth = len(namespaced(os.getpid())) + 1
        processes = ((pid, namespaced(pid)) for pid in descendants())
        return [pid for pid, ids in processes if len(ids) < depth or (len(ids) == depth and ids[-1] == 1)]

    def result(
        self,
        timed_out: bool,  # noqa: FBT001  # a field of the answer
        wall: float,
        left: list[tuple[int, str, str, float, str]],
    ) -> Answer:
        ended, code = self.ended, self.errno
        if self.through and self.begun:
            seconds = self.request["timeout"] if timed_out or self.limit else None
            name = os.path.basename(self.request["argv"][0])  # noqa: PTH119  # pathlib is too slow to import here
            self.untried = self.through.untried(name, self.ended.status if self.ended else None, seconds)
            ended, code = self.through.report.ended, self.through.report.errno
        if code in OF_THE_MACHINE:
            self.untried, code = os.strerror(code), 0
        status, user, system, max_rss = ended or NOTHING
        natural = not timed_out and self.untried is None and not code and ended is not None
        status = os.waitstatus_to_exitcode(status)
        for stream in self.streams.values():
            stream.close()
        return {
            "exit": status if natural and status >= 0 else None,
            "signal": signal_name(-status) if natural and status < 0 else None,
            "timed_out": timed_out and self.untried is None,
            "limit": self.limit,
            "exec_error": errno.errorcode.get(code, f"E{code}") if code else None,
            "untried": self.untried,
            "wall_s": wall,
            "user_s": user,
            "sys_s": system,
            "max_rss_kb": max_rss,
            "stdout": self.out.kept.result(),
            "stderr": self.err.kept.result(),
            "left": left,
            "events": self.events.taken() if self.events else b"",
        }
