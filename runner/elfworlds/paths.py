"""Paths that people name, on a command line, in the environment, in an experiment: where their words become paths.

A place that is written to is resolved here, once: `..` and links are gone, so that whoever speaks of it means the
same place, bubblewrap and the records too.
"""

from __future__ import annotations

import os
import pwd
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import reading
from elfworlds.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CACHE, HOME = "XDG_CACHE_HOME", "HOME"
NAME = "elfworlds"
# ld.so(8) splits LD_LIBRARY_PATH at `:` and `;` and LD_PRELOAD at spaces, and replaces `$ORIGIN` in any of them;
# gcc splits -Wl, at `,`; the others mean something to gdb, to valgrind (`%p`) or to strace.
MEAN_SOMETHING = frozenset(":;,$%=|\\\"'`")
UNTOLD = {  # by their category in Unicode
    "Cs": "bytes that are not UTF-8",
    "Cc": "control characters",
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
}
OTHER_PLACE = "-o names another place for results, XDG_CACHE_HOME one for the store"
OTHER_STORE = f"set {CACHE} to a directory without such characters"


def word(text: str) -> Path:
    """A path as a person typed it; it stays relative, and is shown like that.

    Raises:
        InputError: it is empty, or nobody could tell it: control characters, or bytes that are not UTF-8.
    """
    if not text:
        raise InputError("an empty path", hint="`.` is the current directory")
    return _telling(Path(text))


def here() -> Path:
    """The current directory.

    Raises:
        InputError: it is gone.
    """
    try:
        return Path.cwd()
    except OSError as error:
        raise InputError(f"the current directory: {error.strerror}", hint="cd to one that is there") from None


def real(path: Path, hint: str = OTHER_PLACE) -> Path:
    """The place that a path leads to; what of it is not there yet stays as it is.

    Raises:
        InputError: no file can be there, as where links go round in a circle, or nobody could tell it.
    """
    place = Path(os.path.realpath(path if path.is_absolute() else here() / path))
    try:
        place.lstat()
        os.path.realpath(place, strict=True)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise InputError(f"{shown(path)}: {error.strerror}", hint=hint) from None
    return _telling(place)


def writable(path: Path, hint: str) -> Path:
    """A directory that can be written to, or made, resolved; nothing is made yet.

    Raises:
        InputError: what is there, or the nearest directory above it, does not allow that.
    """
    place = real(path, hint)
    above = next((directory for directory in (place, *place.parents) if os.path.lexists(directory)), place)
    if not is_directory(above):
        raise InputError(f"{shown(path)}: not a directory", hint=hint)
    if not os.access(above, os.W_OK | os.X_OK):
        raise InputError(f"{shown(path)}: it cannot be written to", hint=hint)
    return place


def directory(path: Path, hint: str) -> Path:
    """A directory to write to, resolved; it is made where it is not there.

    Raises:
        InputError: it cannot be.
    """
    place = writable(path, hint)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{shown(path)}: {error.strerror}", hint=hint) from None
    return place


def store(environment: Mapping[str, str]) -> Path:
    """Where objects and roots are kept: `elfworlds` below $XDG_CACHE_HOME, or below ~/.cache.

    Raises:
        InputError: there is no such place, or objects in it would not be found by the loader.
    """
    base = environment.get(CACHE)
    place = real((word(base) if base else _home(environment) / ".cache") / NAME)
    if why := why_no_object(str(place)):
        raise InputError(why, hint=OTHER_STORE)
    return place


def why_no_object(path: str) -> str:
    """Why no object can lie at a path, or have that name; empty where one can."""
    char = next(
        (letter for letter in path if letter in MEAN_SOMETHING or letter.isspace() or not letter.isprintable()), ""
    )
    if not char:
        return ""
    what = {" ": "a space"}.get(char, f"`{shown(Path(char))}`")
    return f"`{shown(Path(path))}` has {what} in it, which the loader or a tool would take for something else"


def _home(environment: Mapping[str, str]) -> Path:
    """As the environment says, else as the system's list of users does; never a place that anybody may make."""
    if environment.get(HOME):
        return word(environment[HOME])
    try:
        home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        home = Path()
    if not home.is_absolute() or not is_directory(home):
        raise InputError("no home directory, so nowhere to keep objects", hint=f"set {CACHE} or {HOME}")
    return home


def which(name: str, environment_path: str | None) -> str | None:
    """The program that PATH leads to, as an absolute path: it is started in another directory than this one."""
    import shutil  # noqa: PLC0415  # three compressors come with it

    program = shutil.which(name, path=os.defpath if environment_path is None else environment_path)
    return os.path.join(here(), program) if program else None  # noqa: PTH118  # a program's links say what it does


def told_in(name: str, environment: Mapping[str, str]) -> None:
    """Whether records could tell the paths in a variable.

    Raises:
        InputError: they could not.
    """
    if untold := _untold(environment.get(name, "")):
        raise InputError(f"{name}: a path with {untold} in it", hint="records could not tell it: leave it out")


def is_directory(path: Path) -> bool:
    """Whether it is one that can be looked at; `Path.is_dir` raises for some that cannot."""
    return os.path.isdir(path)  # noqa: PTH112


def why_unreadable(path: Path) -> str:
    """Why there is no regular file to read at a path; empty where there is one."""
    return reading.why_not(path)


def first(places: Iterable[Path]) -> Path:
    """The first of some files that can be read.

    Raises:
        InputError: none of them; it says what is wrong with the first that is there, be it a link to nowhere.
    """
    wrong = {place: why_unreadable(place) for place in places}
    for place, why in wrong.items():
        if not why:
            return place
    place = next((candidate for candidate in wrong if os.path.lexists(candidate)), next(iter(wrong)))
    raise InputError(f"{shown(place)}: {wrong[place]}")


def text(path: Path) -> str:
    """What a file holds; bytes that are not UTF-8 are replaced.

    Raises:
        InputError: it cannot be read, or is too large.
    """
    try:
        return reading.read(path).decode("utf-8", "replace")
    except OSError as error:
        raise InputError(f"{shown(path)}: {error.strerror}") from None


def shown(path: Path) -> str:
    """A path in a message: what cannot be printed is escaped."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in str(path))


def _telling(path: Path) -> Path:
    """The path, where records, reports and terminals can tell it."""
    if untold := _untold(str(path)):
        raise InputError(f"{shown(path)}: a path with {untold} in it", hint="records could not tell it: name another")
    return path


def _untold(text: str) -> str:
    kinds = {unicodedata.category(char) for char in text}
    return next((what for kind, what in UNTOLD.items() if kind in kinds), "")
