"""The steps from a recipe to a libc, as commands in the base's world, and what is said where one fails; pure.

Whoever builds runs the same ones, in a directory of the build that `laid_out` and `DIRECTORIES` fill, with two
variables: MAKEFLAGS says how much make does at once, `out` where what is kept goes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.errors import BuildFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.toolchains.patched.recipe import Recipe

SOURCE, OBJECTS, PATCHES = DIRECTORIES = ("source", "objects", "patches")
FILES, HEADERS = "files", "headers"
STEP_SECONDS = 4 * 3600.0
SHOWN_LINES = 12
_OF_FILE = re.compile(r"^(?:patching|checking) file (.+?)(?: \(.*\))?$")
_OF_HUNK = re.compile(r"^Hunk #(\d+) FAILED at (\d+)")
_LOST = re.compile(r"^can't find file to patch at input line (\d+)$")
_REFUSED = re.compile(r"^(?:The next patch would|Reversed \(or previously applied\) patch)")
# A patch is tried first, so that it is applied whole or not at all.
APPLY = ("/bin/sh", "-c", '"$@" --dry-run && exec "$@"', "apply")
PATCH = ("patch", "-p1", "--batch", "--forward", "--fuzz=0", "--no-backup-if-mismatch")
# The shared objects by the names that programs need them by: links to what the linker made, or DT_SONAMEs. Of several
# the nearest counts: make also leaves a libc.so that only its own programs are linked with. Then the headers, each with
# its file in the sources.
KEEP = r"""
rm -rf "$out"
mkdir -p "$out/files"
find . -name '*.so*' -xtype f -printf '%d %p\n' | LC_ALL=C sort -k 1,1n -k 2 | while read -r _ file; do
    name=${file##*/}
    case $name in *.so) name=$(readelf -dW "$file" 2>&1 | sed -n 's/.*Library soname: \[\(.*\)\]$/\1/p') ;; esac
    if printf '%s\n' "$name" | grep -Eqx '(lib|ld)[A-Za-z0-9_+.-]*\.so\.[0-9.]+' && ! test -e "$out/files/$name"; then
        cp -L "$file" "$out/files/$name"
    fi
done
if ! ls "$out/files" | grep -q .; then
    echo "nothing was built that programs can need" >&2
    exit 1
fi
while test $# -gt 0; do
    mkdir -p "$(dirname "$out/headers/$1")"
    cp "../source/$2" "$out/headers/$1"
    shift 2
done
"""


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


def steps(recipe: Recipe, archive: str) -> Iterator[Step]:
    """All of them, in order.

    Args:
        recipe: what is built.
        archive: the path of the sources' archive, as the base's world has it.
    """
    yield Step("unpack", SOURCE, ("tar", "--no-same-owner", "--strip-components=1", "-xf", archive))
    for number, patch in enumerate(recipe.patches, 1):
        words = (*APPLY, *PATCH, "-i", f"../{PATCHES}/{number:04}")
        yield Step(f"patch-{number:04}", SOURCE, words, patch.file)
    yield Step("configure", OBJECTS, (f"../{SOURCE}/configure", *recipe.configure))
    yield Step("make", OBJECTS, ("make", *recipe.make))
    headers = (word for pair in recipe.headers.items() for word in pair)
    yield Step("keep", OBJECTS, ("/bin/sh", "-euc", KEEP, "keep", *headers))


def failure(recipe: Recipe, step: Step, said: str, log: str) -> BuildFailedError:
    """What a failed step means.

    Args:
        recipe: what was built.
        step: which failed.
        said: what it wrote.
        log: where there is more, in words.
    """
    if not step.patch:
        lines = said.splitlines()[-SHOWN_LINES:]
        return BuildFailedError(f"{recipe.name}: the step `{step.name}` failed:\n{_indented(lines)}", hint=log)
    lost = hunks(said) or (said.strip()[-500:] or "patch(1) failed",)
    return BuildFailedError(
        f"{recipe.name}: the patch {step.patch} does not apply:\n{_indented(lost)}",
        hint="patches are applied in the order of the recipe, each to what the ones before it left",
    )


def _indented(lines: list[str] | tuple[str, ...]) -> str:
    return "\n".join(f"  {line[:300]}" for line in lines)


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
