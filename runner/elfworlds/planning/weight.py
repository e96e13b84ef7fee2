"""How much a plan holds so far: it is told before it is more than a machine can hold."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.errors import InputError

if TYPE_CHECKING:
    from elfworlds.jsondata import Json
    from elfworlds.yamltext import Path

MOST_MADE = 10_000
MOST_BYTES = 64 << 20
HINT = "vary less in one experiment, or let fewer of its objects and scenarios read an axis"


class TooMuchError(InputError):
    """A plan that is too large; `path` is where in the file it becomes so."""

    def __init__(self, path: Path, message: str) -> None:
        self.path = path
        super().__init__(message, hint=HINT)


@dataclass(slots=True)
class Weight:
    """What has been made, in number and as bytes of JSON."""

    made: int = 0
    size: int = 0

    def add(self, path: Path, document: Json) -> None:
        """One object or command more.

        Raises:
            TooMuchError: that is too much.
        """
        self.made += 1
        if self.made > MOST_MADE:
            raise TooMuchError(path, f"with this the plan has more than {MOST_MADE} objects and commands")
        self.say(path, document, 1)

    def say(self, path: Path, document: Json, times: int) -> None:
        """What is said of so many trials, or so many objects; errors as of `add`."""
        self.size += len(json.dumps(document)) * times
        if self.size > MOST_BYTES:
            raise TooMuchError(path, f"with this the plan is larger than {MOST_BYTES >> 20} MiB")
