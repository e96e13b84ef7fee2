"""Programs beside the compiler, such as debuggers and tracers; none of them decides what a build gives."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.toolchains.host import Prober

VERSIONED = ("gdb", "valgrind", "strace")
PLAIN = ("cp", "sh", "env", "dd")
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)+")
_MEMCHECK = re.compile(r"launching (/\S+)")


def find(path: str, names: tuple[str, ...]) -> dict[str, str]:
    """Name → path of the programs that PATH has."""
    found = {name: shutil.which(name, path=path) for name in names}
    return {name: one for name, one in found.items() if one}


def versions(prober: Prober, found: Mapping[str, str]) -> dict[str, str]:
    """What each says of itself: the last number of the first line (`GNU gdb (Debian 13.1-3) 13.1`)."""
    said = {name: prober.ask(found[name], "--version").partition("\n")[0] for name in VERSIONED if name in found}
    numbers = {name: _VERSION.findall(line) for name, line in said.items()}
    return {name: all_of[-1] for name, all_of in numbers.items() if all_of}


def memcheck(prober: Prober, found: Mapping[str, str]) -> dict[str, str]:
    """The program behind `valgrind`, which only starts it; it is linked statically, so no LD_PRELOAD acts on it."""
    if "valgrind" not in found:
        return {}
    said = _MEMCHECK.search(prober.complaints(found["valgrind"], "-d", "--version"))
    return {"memcheck": said[1]} if said and Path(said[1]).is_file() else {}


def usable(found: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Tool → the words that start it; valgrind only where memcheck was found too."""
    return {name: (path,) for name, path in found.items() if name != "valgrind" or "memcheck" in found}
