"""Supervisors for as many commands as run at once, reused from one command to the next."""

from __future__ import annotations

import marshal
import select
import signal
import socket
import subprocess  # noqa: TID251  # this package is the only place for it
import sys
import threading
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from elfworlds.errors import InterruptedRunError
from elfworlds.process.command import (
    REPORT_DESCRIPTOR,
    STDERR_DESCRIPTOR,
    Command,
    Completed,
    Left,
    Stream,
    untried,
)
from elfworlds.supervisor.messages import APART, BEGUN, BY_SIGNAL
from elfworlds.supervisor.procfs import freeze, signal_each

if TYPE_CHECKING:
    from types import TracebackType

    from elfworlds.supervisor.messages import Answer, Confinement, Greeting, Request

LENGTH = 8
LISTEN_SECONDS = 2.0
GRACE_SECONDS = 60.0  # a supervisor that has not answered so long after a command's time was up never will
STARTS = 3  # one that was idle may have been killed meanwhile
PACKAGES = str(Path(__file__).parents[2])
START = "import sys; sys.path.append(sys.argv[2]); from elfworlds.supervisor.main import main; main()"


class Runner(Protocol):
    """Whatever runs a command to its end: a pool's `run`, or a test's stand-in for a whole machine."""

    def __call__(self, command: Command, /) -> Completed: ...


class SupervisorGoneError(Exception):
    """A supervisor ended, or was ended, before it told how its command ended; in words, how."""


class NotBegunError(Exception):
    """A supervisor was gone before it was given a command."""


class Supervisor:
    """One supervisor process and the socket it listens on; `apart` as of a command."""

    def __init__(self, *, apart: bool) -> None:
        self.apart = apart
        self._socket, theirs = socket.socketpair()
        self._poller = select.poll()
        self._poller.register(self._socket, select.POLLIN)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and file
                [sys.executable, "-I", "-S", "-c", START, str(theirs.fileno()), PACKAGES, *([APART] * apart)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env={},
            )

    @cached_property
    def inherited(self) -> tuple[str, ...]:
        """Its first message: what of its state it could not put back."""
        greeting: Greeting = marshal.loads(self._receive())  # noqa: S302  # our own child wrote it
        return tuple(greeting["inherited"])

    def run(self, command: Command) -> Completed:
        """Run a command to its end.

        Raises:
            NotBegunError: it was not started.
            SupervisorGoneError: it was, and nothing more is known.
        """
        data = marshal.dumps(dict(as_request(command)))
        try:
            self._socket.sendall(len(data).to_bytes(LENGTH, "little") + data)
            _ = self.inherited
            self._read(len(BEGUN))
        except (OSError, EOFError):
            raise NotBegunError from None
        deadline = time.monotonic() + command.timeout + GRACE_SECONDS
        try:
            answer: Answer = marshal.loads(self._receive(deadline))  # noqa: S302  # our own child wrote it
            return as_completed(answer)
        except (OSError, EOFError):
            raise SupervisorGoneError(self._how_it_ended()) from None

    def _how_it_ended(self) -> str:
        """In words; one that does not end by itself, now that its socket is closed, is killed."""
        self.hang_up()
        try:
            code = self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            signal_each(freeze((), self._process.pid), signal.SIGKILL)  # its supervisor and the command, which go on
            self._process.kill()
            self._process.wait()
            return f"it did not answer within {GRACE_SECONDS:g} s after the time was up"
        number = -code if code < 0 else code - BY_SIGNAL
        if number == signal.SIGSTOP:
            return "it was stopped"
        return f"it was ended by {signal.Signals(number).name}" if number > 0 else "it ended"

    def _receive(self, deadline: float | None = None) -> bytes:
        """One message: its length in eight bytes, then as many."""
        return self._read(int.from_bytes(self._read(LENGTH, deadline), "little"), deadline)

    def _read(self, size: int, deadline: float | None = None) -> bytes:
        data = bytearray()
        while len(data) < size:
            while not self._poller.poll(LISTEN_SECONDS * 1000):
                if deadline is not None and time.monotonic() > deadline:
                    raise TimeoutError
                self._process.send_signal(signal.SIGCONT)  # a trial may have stopped the keeper of its supervisor
            piece = self._socket.recv(min(size - len(data), 1 << 20))
            if not piece:
                raise EOFError
            data += piece
        return bytes(data)

    def hang_up(self) -> None:
        """Tell the supervisor to kill what it runs; a thread that waits for its answer gets an error."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def close(self) -> None:
        self.hang_up()
        self._process.wait()
        self._socket.close()


class Pool:
    """Runs commands, as many at once as threads ask for; at its end nothing that it started is left."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[bool, list[Supervisor]] = {True: [], False: []}
        self._all: list[Supervisor] = []
        self._closed = False

    def run(self, command: Command) -> Completed:
        for _ in range(STARTS):
            supervisor = self._take(apart=command.apart and not command.through)
            try:
                completed = supervisor.run(command)
            except (NotBegunError, SupervisorGoneError) as gone:
                self._drop(supervisor)
                if isinstance(gone, SupervisorGoneError):
                    return untried(f"what watched it is gone: {gone}")
            else:
                with self._lock:
                    self._idle[supervisor.apart].append(supervisor)
                return completed
        return untried(f"what watches it could not be started, {STARTS} times")

    def inherited(self) -> tuple[str, ...]:
        """In words, what commands inherit from whoever started the runner, since it could not be put back."""
        supervisor = self._take(apart=False)
        with self._lock:
            self._idle[supervisor.apart].append(supervisor)
        return supervisor.inherited

    def _take(self, *, apart: bool) -> Supervisor:
        with self._lock:
            if self._closed:
                raise InterruptedRunError("interrupted")
            idle = self._idle[apart]
            if not idle:
                idle.append(Supervisor(apart=apart))
                self._all.append(idle[-1])
            return idle.pop()

    def _drop(self, supervisor: Supervisor) -> None:
        with self._lock:
            if self._closed:
                raise InterruptedRunError("interrupted")
            self._all.remove(supervisor)
        supervisor.close()

    def interrupt(self) -> None:
        """End every command that runs, from any thread; later calls of `run` raise."""
        with self._lock:
            self._closed = True
            for supervisor in self._all:
                supervisor.hang_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all that was started, and wait until it has ended."""
        self.interrupt()
        for supervisor in self._all:
            supervisor.close()


def as_request(command: Command) -> Request:
    return {
        "argv": list(command.words),
        "env": dict(command.outer_env),
        "through": (REPORT_DESCRIPTOR, STDERR_DESCRIPTOR) if command.through else (),
        "cwd": command.cwd,
        "timeout": command.timeout,
        "seccomp": (command.seccomp_at, command.seccomp) if command.seccomp_at else (),
        "confinement": _confinement(command),
        "stdin": command.stdin,
        "capture": command.capture,
        "cpus": command.cpus,
        "keep": command.keep,
        "limits": dict(command.limits),
        "memory": command.memory,
        "processes": command.processes,
        "exactly": command.exactly,
        "stderr_to": command.stderr_to,
        "events": command.events,
    }


def _confinement(command: Command) -> Confinement | None:
    if command.landlock is None:
        return None
    handled, rules = command.landlock
    return {"handled": handled, "rules": rules, "filter": command.seccomp}


def as_completed(answer: Answer) -> Completed:
    return Completed(
        exit=answer["exit"],
        signal=answer["signal"],
        timed_out=answer["timed_out"],
        limit=answer["limit"],
        exec_error=answer["exec_error"],
        untried=answer["untried"],
        wall_s=answer["wall_s"],
        user_s=answer["user_s"],
        sys_s=answer["sys_s"],
        max_rss_kb=answer["max_rss_kb"],
        stdout=Stream(*answer["stdout"]),
        stderr=Stream(*answer["stderr"]),
        left=tuple(Left(*process) for process in answer["left"]),
        events=answer["events"],
    )
