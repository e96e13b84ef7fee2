"""Dynamic string tokens, and the lists that hold them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from elfworlds.resolve.types import GLIBC, MUSL

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKEN = re.compile(r"\$(?:(ORIGIN|LIB|PLATFORM)(?![A-Za-z0-9_])|\{(ORIGIN|LIB|PLATFORM)\})")
_MUSL_ORIGIN = re.compile(r"\$(?:ORIGIN|\{ORIGIN\})")
_LEADING_ZEROS = re.compile("(?<![0-9])0+(?=[0-9])")
_SEPARATORS = {GLIBC: "[:;]", MUSL: "[:\n]"}


def expand_tokens(entry: str, origin: str, tokens: Mapping[str, str]) -> str:
    """$ORIGIN, ${ORIGIN}, $LIB and $PLATFORM replaced as glibc does; anything else with a `$` stays."""
    values = {"ORIGIN": origin, **tokens}
    return _TOKEN.sub(lambda token: values.get(token[1] or token[2], token[0]), entry)


def known_tokens(entry: str, tokens: Mapping[str, str]) -> bool:
    """Whether it is known what every token of an entry stands for."""
    return all((token[1] or token[2]) in ("ORIGIN", *tokens) for token in _TOKEN.finditer(entry))


def void_tokens(entry: str, tokens: Mapping[str, str]) -> bool:
    """Whether a token stands for nothing: glibc drops the whole entry."""
    return any(tokens.get(token[1] or token[2]) == "" for token in _TOKEN.finditer(entry))


def expand_origin(entry: str, origin: str) -> str | None:
    """musl's: every `$ORIGIN` replaced, whatever follows it; None where there is another `$` (ldso/dynlink.c)."""
    return _MUSL_ORIGIN.sub(lambda _found: origin, entry) if "$" not in _MUSL_ORIGIN.sub("", entry) else None


def library_path(value: str, family: str = GLIBC) -> tuple[str, ...]:
    """The directories of LD_LIBRARY_PATH: glibc's end with a colon or semicolon, and an empty one is the current."""
    entries = tuple(re.split(_SEPARATORS[family], value)) if value else ()
    return tuple(filter(None, entries)) if family == MUSL else entries


def cache_key(name: str) -> str:
    """What two names that ld.so.cache holds for one have in common: runs of digits count as numbers."""
    return _LEADING_ZEROS.sub("", name)
