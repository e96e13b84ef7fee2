"""What Nix says with `--log-format internal-json` → events: which derivation began, what it printed, what is wrong.

One line is one JSON object behind `@nix `. Seen in 2.8, 2.26 and 2.34: an activity of type 105 is a build, whose
first field is the derivation; a result of type 101 is a line that a build printed; messages of level 0 are
errors. When an activity stops says nothing of how it went, and for failures it may be the very end.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.jsondata import Json, JsonObject

PREFIX = b"@nix "
BUILD_ACTIVITY = 105
BUILD_LOG_LINE = 101
ERROR, WARNING = 0, 1
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_DERIVATION = re.compile(r"'(?:nix log )?([^' ]+\.drv)(?:[!^][^' ]*)?'")
_NOT_ITS_OWN = re.compile(r"dependenc(?:y|ies)\b.*failed|^(?:error: )?build of ", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Begun:
    """A derivation is being built."""

    derivation: str


@dataclass(frozen=True, slots=True)
class Printed:
    """A line that a build wrote."""

    derivation: str
    line: str


@dataclass(frozen=True, slots=True)
class NixMessage:
    """A warning or an error of Nix itself, or a line that is none of its events."""

    level: int
    text: str

    @property
    def culprit(self) -> str | None:
        """The derivation whose own failure this tells of; None for whatever else it says."""
        derivations = set(_DERIVATION.findall(self.text))
        if self.level != ERROR or len(derivations) != 1 or _NOT_ITS_OWN.search(self.text):
            return None
        return str(derivations.pop())


Event: TypeAlias = Begun | Printed | NixMessage


class Reader:
    """Turns bytes into events as they come in; what is no whole line yet waits for its end."""

    def __init__(self) -> None:
        self._rest = b""
        self._builds: dict[int, str] = {}

    def feed(self, data: bytes) -> Iterator[Event]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            event = self._event(line)
            if event is not None:
                yield event

    def _event(self, line: bytes) -> Event | None:
        if not line.startswith(PREFIX):
            return NixMessage(WARNING, plain(line.decode("utf-8", "replace"))) if line.strip() else None
        try:
            message: JsonObject = json.loads(line[len(PREFIX) :])
        except ValueError:
            return NixMessage(WARNING, plain(line.decode("utf-8", "replace")))
        return self._of(message)

    def _of(self, message: JsonObject) -> Event | None:
        kind, number, first = message.get("type"), message.get("id"), _first(message.get("fields"))
        level, text = message.get("level", WARNING), message.get("msg")
        match message.get("action"):
            case "start" if kind == BUILD_ACTIVITY and isinstance(number, int):
                self._builds[number] = first
                return Begun(first)
            case "result" if kind == BUILD_LOG_LINE and isinstance(number, int) and number in self._builds:
                return Printed(self._builds[number], plain(first))
            case "msg" if isinstance(level, int) and level <= WARNING and isinstance(text, str) and text:
                return NixMessage(level, plain(text))
        return None


def _first(fields: Json) -> str:
    """The first of an event's fields, which is a text; empty where it has none."""
    return str(fields[0]) if isinstance(fields, list) and fields else ""


def plain(text: str) -> str:
    """Without colours, links and carriage returns."""
    return _ESCAPES.sub("", text).replace("\r", "")
