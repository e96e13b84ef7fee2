"""Dynamic string tokens, and the lists that hold them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from elfworlds.resolve.types import GLIBC, MUSL

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKEN = re.compile(r"\$(?:(ORIGIN|LIB|PLATFORM)(?![A-Za-z0-9_])|\{(ORIGIN|LIB|PLATFORM)\})")
_MUSL_ORIGIN = re.compile(r"\$(?:ORIGIN|\{ORIGIN\})")
_DIGITS = re.compile("[0-9]+")
_SEPARATORS = {GLIBC: "[:;]", MUSL: "[:\n]"}


def expand_tokens(entry: str, origin: str, tokens: Mapping[str, str]) -> str:
    """$ORIGIN, ${ORIGIN}, $LIB and $PLATFORM replaced as glibc does; anything else with a `$` stays."""
    values = {"ORIGIN": origin, **tokens}
    return _TOKEN.sub(lambda found: values.get(found[1] or found[2], found[0]), entry)


def known_tokens(entry: str, tokens: Mapping[str, str]) -> bool:
    """Whether it is known what every token of an entry stands for."""
    return all((one[1] or one[2]) in ("ORIGIN", *tokens) for one in _TOKEN.finditer(entry))


def void_tokens(entry: str, tokens: Mapping[str, str]) -> bool:
    """Whether a token stands for nothing: glibc drops the whole entry."""
    return any(tokens.get(one[1] or one[2]) == "" for one in _TOKEN.finditer(entry))


def expand_origin(entry: str, origin: str) -> str | None:
    """musl's: every `$ORIGIN` replaced, whatever follows it; None where there is another `$` (ldso/dynlink.c)."""
    return _MUSL_ORIGIN.sub(lambda _found: origin, entry) if "$" not in _MUSL_ORIGIN.sub("", entry) else None


def library_path(value: str, family: str = GLIBC) -> tuple[str, ...]:
    """The directories of LD_LIBRARY_PATH: glibc's end with a colon or semicolon, and an empty one is the current."""
    found = tuple(re.split(_SEPARATORS[family], value)) if value else ()
    return tuple(filter(None, found)) if family == MUSL else found


def cache_key(name: str) -> str:
    """What two names that ld.so.cache holds for one have in common: runs of digits count as numbers."""
    return _DIGITS.sub(lambda found: found[0].lstrip("0") or "0", name)
