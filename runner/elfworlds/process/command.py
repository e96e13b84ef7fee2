"""What is run, and what came of it, as values."""

from __future__ import annotations

import errno
import os
import shlex
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

KEPT_BYTES = 1 << 20
REPORT_DESCRIPTOR = 10
SECCOMP_DESCRIPTOR = 12
STDERR_DESCRIPTOR = 11  # the program's own, where what starts it has another

Landlock = tuple[tuple[int, int, int], tuple[tuple[str, int], ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One program to run: nothing of this process' environment, directory or descriptors reaches it.

    Attributes:
        argv: the program's path and its arguments; no shell, no search in PATH.
        env: the whole environment.
        cwd: an existing directory.
        timeout: seconds of wall time, after which all that was started is killed.
        stdin: what standard input holds.
        capture: what standard output is: `pipe`, `file` or `pty` (without output processing, so bytes stay as written).
        cpus: how many of this process' processors it may use; None for all.
        keep: bytes kept of each output stream, half from its start and half from its end.
        limits: soft resource limits by their RLIMIT name in lower case.
        memory: bytes that all processes of the command may have in memory together; 0 for any number.
        processes: how many there may be; 0 for any number. It is looked at now and then, but where `exactly` is set
            a pids cgroup refuses more, threads included.
        stderr_to: a file that standard error is appended to, to be read while the program runs; then the
            stream that is kept is empty.
        events: whether descriptor 9 is a file that it may append events to.
        through: words that start it by way of a first process in a world of its own, which is told the
            environment and tells how the program ended (sandbox/reaper.c); none where it is started as it is.
        seccomp: a filter of system calls that what starts it is to set, by `--seccomp`; empty for none.
        landlock: rights on files, on the network, and scopes that Landlock handles, and what it allows below paths;
            None for no domain. It is entered by what watches the command, which then sets the filter itself.
        traces: whether it traces what it starts (ptrace(2)).
        apart: whether it sees no other processes than its own and what watches it, and can signal no others, where
            pid namespaces are to be had; what has `through` is apart anyway.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    timeout: float
    stdin: bytes = b""
    capture: str = "pipe"
    cpus: int | None = None
    keep: int = KEPT_BYTES
    limits: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({"core": 0}))
    memory: int = 0
    processes: int = 0
    exactly: bool = False
    stderr_to: str = ""
    events: bool = False
    through: tuple[str, ...] = ()
    seccomp: bytes = b""
    landlock: Landlock | None = None
    traces: bool = False
    apart: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """All that is started: the program and its arguments, and what it is started through."""
        words = self.with_stderr_at(STDERR_DESCRIPTOR)
        return (words[0], "--seccomp", str(SECCOMP_DESCRIPTOR), *words[1:]) if self.seccomp_at else words

    def with_stderr_at(self, standard_error: int) -> tuple[str, ...]:
        """The same where the program's standard error is given at another descriptor."""
        if not self.through:
            return self.argv
        descriptors = (str(REPORT_DESCRIPTOR), str(standard_error))
        return (*self.through, *descriptors, str(len(self.env)), *self._assignments, *self.argv)

    @property
    def seccomp_at(self) -> int | None:
        """The descriptor at which what starts it reads the filter; None where there is none, or it is set before."""
        return SECCOMP_DESCRIPTOR if self.seccomp and not self.landlock else None

    @property
    def outer_env(self) -> Mapping[str, str]:
        """The environment of what is started."""
        return {} if self.through else self.env

    @property
    def _assignments(self) -> list[str]:
        return [f"{name}={value}" for name, value in sorted(self.env.items())]

    def as_shell(self) -> str:
        """One line that runs the same program by hand, in a POSIX shell."""
        return shlex.join(["env", "-i", "--", *([] if self.through else self._assignments), *self.with_stderr_at(2)])


@dataclass(frozen=True, slots=True)
class Stream:
    """What a program wrote: its start, its end, and how many bytes there were in all."""

    head: bytes
    tail: bytes
    total: int

    @property
    def cut(self) -> int:
        """Bytes that were read and not kept."""
        return self.total - len(self.head) - len(self.tail)

    @property
    def data(self) -> bytes:
        """The bytes kept; where some are missing, a line says how many."""
        if not self.cut:
            return self.head + self.tail
        return self.head + f"\n[elfworlds: {self.cut} bytes cut here]\n".encode() + self.tail


@dataclass(frozen=True, slots=True)
class Left:
    """A process that was still there when the program ended or its time was up; it was killed."""

    pid: int
    command: str
    state: str
    cpu_s: float
    wchan: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """How a command ended.

    Attributes:
        exit: the exit status; None after a signal, a timeout, or where it never started.
        signal: the signal's name (`SIGSEGV`) where one ended it by itself.
        limit: `memory` or `processes` where it exceeded that limit; of memory, and of processes that are looked at
            only, it was ended for that. Empty where it did not.
        exec_error: the name of execve's error (`ENOENT`) where the program could not be executed.
        untried: in words, why nothing can be said of the program: its directory is gone, or what it is started
            through did not start it, or ended before it told how the program ended.
        wall_s: seconds from fork to the end; user_s and sys_s as wait4(2) gives them.
        max_rss_kb: ru_maxrss of wait4(2); never below what the supervisor held at the fork.
        left: processes found alive at the end, in order of their ids; those are what the program itself sees.
        events: what was appended to descriptor 9, up to a bound; a line that was cut short may be the last.
    """

    exit: int | None
    signal: str | None
    timed_out: bool
    exec_error: str | None
    untried: str | None
    wall_s: float
    user_s: float
    sys_s: float
    max_rss_kb: int
    stdout: Stream
    stderr: Stream
    left: tuple[Left, ...]
    events: bytes = b""
    limit: str = ""

    @property
    def not_started(self) -> str | None:
        """In words, why nothing is known of the program's run; None where it ran."""
        return os.strerror(getattr(errno, self.exec_error)) if self.exec_error else self.untried

    @property
    def ok(self) -> bool:
        return self.exit == 0

    @property
    def text(self) -> str:
        """Standard output as text; bytes that are no UTF-8 become U+FFFD."""
        return self.stdout.data.decode("utf-8", "replace")


NOTHING_WRITTEN = Stream(b"", b"", 0)


def untried(reason: str) -> Completed:
    """A command of whose run nothing is known, with the reason in words."""
    return Completed(
        exit=None,
        signal=None,
        timed_out=False,
        exec_error=None,
        untried=reason,
        wall_s=0.0,
        user_s=0.0,
        sys_s=0.0,
        max_rss_kb=0,
        stdout=NOTHING_WRITTEN,
        stderr=NOTHING_WRITTEN,
        left=(),
    )
