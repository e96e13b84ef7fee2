"""What an observer is, and what it is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING

from elfworlds.process import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from elfworlds.jsondata import JsonObject
    from elfworlds.outcome import Result
    from elfworlds.process import Completed
    from elfworlds.toolchains import Toolchain

RLIMITS = (("core", "core"), ("cpu", "cpu"), ("file-size", "fsize"))  # ours, and those of getrlimit(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A program as it would run alone, every path real.

    Attributes:
        settings: what the experiment says of this observer.
        leaves: an existing, empty directory for what the observer writes.
        limits: how much it may use, by the keys of the language: bytes, processes, seconds.
        exactly: whether no process more than its limit may ever be there.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    stdin: bytes
    cwd: str
    timeout: float
    capture: str
    cpus: int | None
    settings: JsonObject
    leaves: str
    limits: Mapping[str, float] = field(default_factory=dict)
    exactly: bool = False

    def alone(self) -> Command:
        """The program without an observer, from which each makes its own command."""
        return Command(
            argv=self.argv,
            env=self.env,
            stdin=self.stdin,
            cwd=self.cwd,
            timeout=self.timeout,
            capture=self.capture,
            cpus=self.cpus,
            limits={"core": 0, **{name: ceil(self.limits[key]) for key, name in RLIMITS if key in self.limits}},
            memory=int(self.limits.get("memory", 0)),
            processes=int(self.limits.get("processes", 0)),
            exactly=self.exactly,
            apart=True,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """A way to watch a program; a row of `observers.table.OBSERVERS`.

    Attributes:
        name: as an experiment says it; `spec.model.observers` has what it may be asked and what its values are.
        command: the program as it is started under this observer; pure.
        read: what is known of the program when that command has ended, and of what it wrote, by file name; pure.
        tools: of the toolchain, without which it cannot be used; the first one is what people install.
        axis: the axis that names another toolchain whose tool it uses, where an experiment has one; empty for none.
    """

    name: str
    command: Callable[[Watched, Toolchain], Command]
    read: Callable[[Completed, Mapping[str, bytes]], Result]
    tools: tuple[str, ...] = ()
    axis: str = ""
