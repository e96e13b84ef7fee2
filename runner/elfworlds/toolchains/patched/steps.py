"""The steps from a recipe to a libc, as commands in the base's world, and what patch(1) says of a hunk; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.toolchains.patched.recipe import Recipe

SOURCE, OBJECTS, PATCHES, LOG = "source", "objects", "patches", "log"
_OF_FILE = re.compile(r"^(?:patching|checking) file (.+?)(?: \(.*\))?$")
_OF_HUNK = re.compile(r"^Hunk #(\d+) FAILED at (\d+)")
_LOST = re.compile(r"^can't find file to patch at input line (\d+)$")
_REFUSED = re.compile(r"^(?:The next patch would|Reversed \(or previously applied\) patch)")
APPLY = ("patch", "-p1", "--batch", "--forward", "--fuzz=0", "--no-backup-if-mismatch")


@dataclass(frozen=True, slots=True)
class Step:
    """A command of a build.

    Attributes:
        name: of the step: a file's name, for the mark that it is done.
        inside: the directory that it runs in, below the place of the build.
        words: the program and its arguments; programs are looked for in PATH.
        patch: which patch it applies; empty where it is none.
    """

    name: str
    inside: str
    words: tuple[str, ...]
    patch: str = ""


def steps(recipe: Recipe, archive: str, jobs: int) -> Iterator[Step]:
    """All of them, in order.

    Args:
        recipe: what is built.
        archive: the path of the sources' archive, as the base's world has it.
        jobs: how much make does at once.
    """
    yield Step("unpack", SOURCE, ("tar", "--no-same-owner", "--strip-components=1", "-xf", archive))
    for number, patch in enumerate(recipe.patches, 1):
        words = (*APPLY, "-i", f"../{PATCHES}/{number:04}")
        yield Step(f"patch-{number:04}", SOURCE, words, patch.file)
    yield Step("configure", OBJECTS, (f"../{SOURCE}/configure", *recipe.configure))
    yield Step("make", OBJECTS, ("make", f"-j{jobs}", *recipe.make))


def hunks(text: str) -> tuple[str, ...]:
    """What patch(1) could not apply, by file and hunk."""
    file, lost = "", []
    for line in text.splitlines():
        if match := _OF_FILE.match(line):
            file = match[1]
        elif match := _OF_HUNK.match(line):
            lost.append(f"{file}, hunk {match[1]}, at line {match[2]}")
        elif match := _LOST.match(line):
            lost.append(f"line {match[1]} of the patch: no such file in the sources")
        elif _REFUSED.match(line):
            lost.append(f"{file or 'the sources'}: {line}")
    return tuple(lost)
