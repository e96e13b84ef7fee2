"""Where a loader of glibc's says that it searches (LD_DEBUG=libs, elf/dl-load.c, `print_search_path`).

It is asked for a library that is nowhere, in directories that are no absolute ones: of these it names every
subdirectory that it would try on this processor, whatever is there. So 2.31 tells of `tls` and `haswell`, 2.37 of
`glibc-hwcaps`, and those between of both.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

NOWHERE = "libelfworlds-is-nowhere.so"
PLAIN, LIB, PLATFORM = "@", "@LIB@", "@PLATFORM@"
QUESTION = {
    "LD_DEBUG": "libs",
    "LD_LIBRARY_PATH": f"{PLAIN}:{LIB}$LIB:{PLATFORM}$PLATFORM",
    "LD_PRELOAD": NOWHERE,
    "LC_ALL": "C",
}
_PATH = re.compile(r"^ *[0-9]+:\t search path=(.*)\t\t\((LD_LIBRARY_PATH|system search path)\)$", re.MULTILINE)


class SearchPaths(NamedTuple):
    """What `QUESTION` brings to light.

    Attributes:
        default_paths: the directories that are searched last.
        subdirectories: those that are searched before each directory, best first.
        tokens: what $LIB and $PLATFORM stand for; empty where the loader has nothing for it.
    """

    default_paths: tuple[str, ...]
    subdirectories: tuple[str, ...]
    tokens: Mapping[str, str]


def searching(text: str) -> SearchPaths | None:
    """What a loader answered; None where it is no answer of glibc's."""
    lists: dict[str, list[str]] = {}
    for match in _PATH.finditer(text):
        lists.setdefault(match[2], match[1].split(":"))
    if len(lists) < 2:  # noqa: PLR2004  # one list is no answer
        return None
    asked, default = lists["LD_LIBRARY_PATH"], lists["system search path"]
    subdirectories = tuple(dict.fromkeys(directory[2:] for directory in asked if directory.startswith(f"{PLAIN}/")))
    plain = [directory for directory in default if not directory.endswith(tuple(f"/{end}" for end in subdirectories))]
    tokens = {"LIB": _token(asked, LIB), "PLATFORM": _token(asked, PLATFORM)}
    return SearchPaths(tuple(dict.fromkeys(plain)), subdirectories, tokens)


def _token(asked: list[str], mark: str) -> str:
    """The shortest of the directories that begin with a mark, without it."""
    return min((directory.removeprefix(mark) for directory in asked if directory.startswith(mark)), key=len, default="")
