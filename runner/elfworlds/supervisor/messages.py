"""What the runner and a supervisor say to each other, as the dictionaries that are marshalled."""

from __future__ import annotations

from typing import TypedDict

APART = "apart"  # the word by which a supervisor is asked to be in namespaces of its own
BEGUN = b"\x01"  # what a supervisor sends when it has a command, before it starts it
BY_SIGNAL = 128  # what is added to a signal's number in the exit status of who watched a supervisor


class Greeting(TypedDict):
    """A supervisor's first message: in words, what of its state it could not put back."""

    inherited: list[str]


class Confinement(TypedDict):
    """A Landlock domain: rights on files, on the network, and scopes that it handles; what is allowed below paths.

    `filter` is one of system calls, in the bytes of its steps; empty for none.
    """

    handled: tuple[int, int, int]
    rules: tuple[tuple[str, int], ...]
    filter: bytes


class Request(TypedDict):
    """A command to run; `timeout` in seconds, `keep` in bytes of each stream.

    `memory` (bytes) and `processes` are for all processes of the command together, 0 for no limit; `exactly` asks for a
    pids cgroup. `through` has the descriptors of the report and of standard error where the program is started through
    another one; `seccomp` a descriptor and what is to be read from it; `confinement` is None where there is none.
    """

    argv: list[str]
    env: dict[str, str]
    through: tuple[int, int] | tuple[()]
    cwd: str
    timeout: float
    stdin: bytes
    seccomp: tuple[int, bytes] | tuple[()]
    confinement: Confinement | None
    capture: str
    cpus: int | None
    keep: int
    limits: dict[str, int]
    memory: int
    processes: int
    exactly: bool
    stderr_to: str | None
    events: bool


class Answer(TypedDict):
    """How it ended; what `process.Completed` says of each. Streams are head, tail and number of bytes."""

    exit: int | None
    signal: str | None
    timed_out: bool
    limit: str
    exec_error: str | None
    untried: str | None
    wall_s: float
    user_s: float
    sys_s: float
    max_rss_kb: int
    stdout: tuple[bytes, bytes, int]
    stderr: tuple[bytes, bytes, int]
    left: list[tuple[int, str, str, float, str]]
    events: bytes
