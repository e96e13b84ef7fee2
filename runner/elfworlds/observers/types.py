"""What an observer is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from elfworlds.process import Command

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A program as it would run alone, every path real.

    Attributes:
        settings: what the experiment says of this observer.
        leaves: an existing, empty directory for what the observer writes.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    stdin: bytes
    cwd: str
    timeout: float
    capture: str
    cpus: int | None
    settings: Mapping[str, Any]
    leaves: str

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
        )
