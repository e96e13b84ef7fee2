"""A supervisor: a process of its own that runs one command at a time and leaves nothing of it behind.

It is a subreaper (prctl(2), PR_SET_CHILD_SUBREAPER): whatever a command starts stays below it, children
that called setsid or whose parents ended included, so at the end all of it is found and killed. When the
runner dies, its end of the control socket closes and the supervisor kills what runs and ends as well.

Started as `python -I -S reaper.py FD`; it imports the standard library only, and few modules of it.
"""

from __future__ import annotations

import ctypes
import marshal
import os
import resource
import select
import signal
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PR_SET_CHILD_SUBREAPER = 36
READ_BYTES = 1 << 18
KILL_SECONDS = 10.0
DRAIN_SECONDS = 1.0
TICKS = os.sysconf("SC_CLK_TCK")
RESTORED = (signal.SIGPIPE, signal.SIGXFSZ)  # what Python ignores


class RunnerGoneError(Exception):
    """The other end of the control socket was closed."""


def read_exactly(fd: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = os.read(fd, size - len(data))
        if not piece:
            raise RunnerGoneError
        data += piece
    return data


def receive(fd: int) -> dict[str, Any]:
    size = int.from_bytes(read_exactly(fd, 8), "little")
    message: dict[str, Any] = marshal.loads(read_exactly(fd, size))  # noqa: S302  # our own runner wrote it
    return message


def send(fd: int, message: dict[str, Any]) -> None:
    data = marshal.dumps(message)
    data = len(data).to_bytes(8, "little") + data
    while data:
        data = data[os.write(fd, data) :]


class Kept:
    """One output stream: drained to its end, kept to a bound."""

    def __init__(self, bound: int) -> None:
        self.half = bound // 2
        self.head = bytearray()
        self.tail = bytearray()
        self.total = 0

    def add(self, piece: bytes) -> None:
        self.total += len(piece)
        room = self.half - len(self.head)
        self.head += piece[:room]
        self.tail += piece[room:]
        if len(self.tail) > 2 * self.half + READ_BYTES:
            del self.tail[: -self.half]

    def result(self) -> tuple[bytes, bytes, int]:
        return bytes(self.head), bytes(self.tail[-self.half :]), self.total


def stat_of(pid: int) -> tuple[str, list[str]]:
    """A process' name and the fields of /proc/PID/stat after it (proc(5)): state, ppid, ..."""
    with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123  # pathlib is too slow to import here
        text = file.read().decode("utf-8", "replace")
    name, _, rest = text.partition("(")[2].rpartition(")")
    return name, rest.split()


def descendants() -> list[int]:
    """Every process below this one, in order of their ids."""
    parents = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208  # as above
        if entry.isdigit():
            try:
                parents[int(entry)] = int(stat_of(int(entry))[1][1])
            except (OSError, IndexError):
                continue
    mine = {os.getpid()}
    while fresh := {pid for pid, parent in parents.items() if parent in mine and pid not in mine}:
        mine |= fresh
    return sorted(mine - {os.getpid()})


def describe(pid: int) -> tuple[int, str, str, float, str] | None:
    """Who a process is, whether it runs or waits, and in which kernel function."""
    try:
        name, fields = stat_of(pid)
        with open(f"/proc/{pid}/wchan", "rb") as file:  # noqa: PTH123
            wchan = file.read(64).decode("utf-8", "replace")
    except OSError:
        return None
    if fields[0] == "Z":
        return None
    return pid, name, fields[0], (int(fields[11]) + int(fields[12])) / TICKS, "" if wchan == "0" else wchan


def signal_each(pids: list[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            continue


def freeze() -> list[int]:
    """Stop every descendant, newly forked ones included, and return them all."""
    stopped: set[int] = set()
    while fresh := [pid for pid in descendants() if pid not in stopped]:
        signal_each(fresh, signal.SIGSTOP)
        stopped.update(fresh)
    return sorted(stopped)


class Trial:
    """One command from fork to the last of its processes."""

    def __init__(self, request: dict[str, Any], control: int, wakeup: int) -> None:
        self.request = request
        self.control = control
        self.wakeup = wakeup
        self.ended: tuple[int, resource.struct_rusage] | None = None
        self.childless = False
        self.pid = 0
        self.streams: dict[int, Kept] = {}

    def run(self) -> dict[str, Any]:
        out, err = self.pipe(), self.pipe()
        self.redirect(err[1], self.request["stderr_to"])
        started = time.monotonic()
        self.pid, failure = self.start(out[1], err[1])
        os.close(out[1])
        os.close(err[1])
        timed_out = failure is None and self.watch(started + self.request["timeout"])
        wall = time.monotonic() - started
        left = self.end_all()
        self.drain()
        return self.result(failure, timed_out, wall, left, (out[0], err[0]))

    def pipe(self) -> tuple[int, int]:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        self.streams[reading] = Kept(self.request["keep"])
        return reading, writing

    def redirect(self, fd: int, path: str) -> None:
        """Let a stream's writing end be a file, if one is named."""
        if path:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            os.dup2(file, fd, inheritable=False)
            os.close(file)

    def start(self, out: int, err: int) -> tuple[int, str | None]:
        """Start the program in a session of its own; the second value says why that failed, where it did."""
        stdin = self.stdin()
        actions = [(os.POSIX_SPAWN_DUP2, fd, target) for target, fd in enumerate((stdin, out, err))]
        argv, env = self.request["argv"], self.request["env"]
        try:
            os.chdir(self.request["cwd"])  # noqa: TID251  # this process is single-threaded and serves one command
            with lowered(self.request["limits"]):
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
                    self.ended = (status, usage)
        except ChildProcessError:
            self.childless = True

    def watch(self, deadline: float) -> bool:
        """Wait for the command's own end, draining what it prints; True where its time was up first."""
        poller = self.poller()
        poller.register(self.control, select.POLLIN)
        self.reap()
        while self.ended is None:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return True
            for fd, _ in poller.poll(min(remaining, 3600.0) * 1000):
                self.attend(fd, poller)
            self.reap()
        return False

    def poller(self) -> select.poll:
        poller = select.poll()
        poller.register(self.wakeup, select.POLLIN)
        for fd in self.streams:
            poller.register(fd, select.POLLIN)
        return poller

    def attend(self, fd: int, poller: select.poll) -> None:
        if fd == self.control:
            raise RunnerGoneError
        if fd == self.wakeup:
            os.read(fd, 4096)
        elif not self.take(fd):
            poller.unregister(fd)

    def take(self, fd: int) -> bool:
        """Read what is there; False at the stream's end."""
        try:
            piece = os.read(fd, READ_BYTES)
        except BlockingIOError:
            return True
        self.streams[fd].add(piece)
        return bool(piece)

    def end_all(self) -> list[tuple[int, str, str, float, str]]:
        """Kill what is left; return who that was, as it was before."""
        self.reap()
        if self.childless:
            return []
        found = [one for pid in descendants() if (one := describe(pid))]
        deadline = time.monotonic() + KILL_SECONDS
        while not self.childless and time.monotonic() < deadline:
            signal_each(freeze(), signal.SIGKILL)
            self.reap()
            if not self.childless:
                self.poller().poll(20)
                self.reap()
                for fd in self.streams:
                    self.take(fd)
        return found

    def drain(self) -> None:
        """Read each stream to its end; nobody is left to write, so that takes no time."""
        deadline = time.monotonic() + DRAIN_SECONDS
        for fd in self.streams:
            while time.monotonic() < deadline:
                poller = select.poll()
                poller.register(fd, select.POLLIN)
                if poller.poll(50) and not self.take(fd):
                    break

    def result(
        self,
        failure: str | None,
        timed_out: bool,  # noqa: FBT001  # a field of the answer
        wall: float,
        left: list[tuple[int, str, str, float, str]],
        streams: tuple[int, int],
    ) -> dict[str, Any]:
        status, usage = self.ended or (0, resource.getrusage(resource.RUSAGE_CHILDREN))
        natural = not timed_out and failure is None
        code = os.waitstatus_to_exitcode(status)
        out, err = (self.streams[fd].result() for fd in streams)
        for fd in self.streams:
            os.close(fd)
        return {
            "exit": code if natural and code >= 0 else None,
            "signal": signal_name(-code) if natural and code < 0 else None,
            "timed_out": timed_out,
            "not_started": failure,
            "wall_s": wall,
            "user_s": usage.ru_utime,
            "sys_s": usage.ru_stime,
            "max_rss_kb": usage.ru_maxrss,
            "stdout": out,
            "stderr": err,
            "left": left,
        }


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIGRT{number}"


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


def main() -> None:
    control = int(sys.argv[1])
    os.set_inheritable(control, False)  # noqa: FBT003  # takes no keyword
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    os.umask(0o022)
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    while True:
        try:
            trial = Trial(receive(control), control, woken)
        except RunnerGoneError:
            return
        try:
            send(control, trial.run())
        except (RunnerGoneError, BrokenPipeError):
            trial.end_all()
            return


if __name__ == "__main__":
    main()
