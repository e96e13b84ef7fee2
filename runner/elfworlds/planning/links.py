"""The names beside an object's file by which a loader and a link editor look for it, as a system has them."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PATCHELF, SET_SONAME = "patchelf", "--set-soname"
SONAME = ("-soname", "--soname", "-h")
MANIFEST = "manifest.json"  # what a store may keep beside the file
LONGEST_NAME = 255  # bytes: NAME_MAX
_VERSIONED = re.compile(r"(lib.+?\.so)\.[^/]+")


def beside(filename: str, soname: str) -> tuple[str, ...]:
    """The symbolic links that an object's directory has, each leading to its file; in order of their names.

    Args:
        filename: the file's own name.
        soname: its DT_SONAME; empty for none.

    Returns:
        The soname, as ldconfig(8) links it; `libfoo.so` for a `libfoo.so.2.3`, as `ld -lfoo` looks for it. A soname
        with a slash is a path: the loader searches for no such name.
    """
    versioned = _VERSIONED.fullmatch(filename)
    linked_with = versioned[1] if versioned and not filename.endswith(".so") else filename
    return tuple(sorted(name for name in {soname, linked_with} - {filename} if _is_file_name(name)))


def soname_in(ldflags: Iterable[str]) -> str | None:
    """The DT_SONAME that words for the link ask for, the last one of several; None where they ask for none."""
    words = list(_for_the_linker(ldflags))
    options = [word.partition("=") for word in words]
    following = [*words[1:], ""] if words else []
    asked = [
        value if equals else word
        for (option, equals, value), word in zip(options, following, strict=True)
        if option in SONAME
    ]
    return asked[-1] if asked else None


def soname_set(after: Iterable[tuple[str, ...]]) -> str | None:
    """The DT_SONAME that commands after the link set, the last one of several; None where none does."""
    named = [
        following
        for command in after
        if command[0] == PATCHELF
        for word, following in pairwise(command)
        if word == SET_SONAME
    ]
    return named[-1] if named else None


def _for_the_linker(words: Iterable[str]) -> Iterator[str]:
    passed = False
    for word in words:
        if passed:
            yield word
        elif word.startswith("-Wl,"):
            yield from word.split(",")[1:]
        passed = word == "-Xlinker" and not passed


def _is_file_name(name: str) -> bool:
    fits = len(name.encode("utf-8", "surrogateescape")) <= LONGEST_NAME
    return bool(name) and "/" not in name and name not in (".", "..", MANIFEST) and fits
