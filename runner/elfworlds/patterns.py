"""Regular expressions as users write them: google-re2, so that matching takes linear time whatever they say.

Texts are matched as UTF-8; what is no character (a lone surrogate) counts as U+FFFD, as in a program's output.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_REPETITION = re.compile(r"(?<!\\)(?:\\\\)*\{(,[0-9]+|[0-9]{9,}(?:,[0-9]*)?)\}")  # re2 takes these for plain text
_NO_CHARACTER = re.compile("[\ud800-\udfff]")


class PatternError(ValueError):
    """No regular expression that matches in linear time; in re2's words."""


class _Match(Protocol):
    def start(self) -> int: ...


class _Compiled(Protocol):
    def search(self, text: bytes) -> _Match | None: ...
    def finditer(self, text: bytes) -> Iterator[_Match]: ...


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression that is right."""

    text: str
    compiled: _Compiled

    def found_in(self, text: str) -> bool:
        """Whether some part of a text matches; never raises."""
        return self.compiled.search(_encoded(text)) is not None

    def times_in(self, text: str) -> int:
        """How many parts of a text match, each after the one before it; never raises."""
        return sum(1 for _ in self.compiled.finditer(_encoded(text)))


def pattern(text: str) -> Pattern:
    """A regular expression.

    Raises:
        PatternError: it is none, or one that re2 does not have.
    """
    import re2  # noqa: PLC0415, TID251  # here only; 20 ms, for those who write one

    if wrong := _NO_REPETITION.search(text):
        raise PatternError(f"no repetition: {{{wrong[1]}}}")
    options = re2.Options()
    options.log_errors = False
    try:
        return Pattern(text, re2.compile(_encoded(text), options))
    except re2.error as error:
        raise PatternError(_text(error.args[0])) from None


def _text(message: bytes | str) -> str:
    return message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message)


def _encoded(text: str) -> bytes:
    return _NO_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", text).encode()
