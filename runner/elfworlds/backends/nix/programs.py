"""Nix' programs: how each is called, and how its run is ended."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from elfworlds.backends.nix.patience import Patience
from elfworlds.process import Command
from elfworlds.traces.nix import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from elfworlds.backends.nix.settings import NixSettings
    from elfworlds.process import Completed, Runner
    from elfworlds.toolchains import Toolchain

PATIENCE_SECONDS = 14 * 86_400.0  # each object has its own time limit, which Nix keeps


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs of one Nix.

    Attributes:
        settings: which Nix, and how it is called.
        run: how programs are started.
        jobs: compilers at once.
        stop: ends every program that runs, for an interrupt.
        patience: how long builds may take.
    """

    settings: NixSettings
    run: Runner
    jobs: int
    stop: Callable[[], None]
    patience: Patience = field(default_factory=Patience)

    def within(self, toolchain: Toolchain) -> Programs:
        """As builds with a toolchain are started: those in a root see nothing of this machine."""
        return self if toolchain.world.root is None else self.seeing_nothing()

    def seeing_nothing(self) -> Programs:
        """As builds in a root are started."""
        return replace(self, settings=self.settings.seeing_nothing())

    def call(self, program: str, *words: str, stderr_to: str = "") -> Completed:
        return self.run(self.command(program, *words, stderr_to=stderr_to))

    def command(self, program: str, *words: str, stderr_to: str = "") -> Command:
        return Command(
            argv=self.settings.program(program, *words),
            env=self.settings.environment,
            cwd="/",
            timeout=PATIENCE_SECONDS,
            keep=1 << 27,
            stderr_to=stderr_to,
        )

    def log(self, derivation: str) -> str:
        """The log of a build, however old; empty if Nix no longer has it."""
        done = self.call("nix-store", "--read-log", derivation)
        return plain(done.text) if done.ok else ""


def complaint(done: Completed) -> str:
    """What a program complained of."""
    if done.not_started:
        return f"it could not be started: {done.not_started}"
    return done.stderr.data.decode("utf-8", "replace")
