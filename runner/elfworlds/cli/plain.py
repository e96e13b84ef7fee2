"""Command lines of `inspect` that are plainly right, read without typer: it takes longer to import than they take.

What is not plainly right, as a word that no option has, is None here, and typer says what is wrong with it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.cli.inspecting import TREE, Words

if TYPE_CHECKING:
    from collections.abc import Sequence

VERB, COMPLETING = "inspect", "_ELFWORLDS_COMPLETE"
FLAG, FILE = "--symbols", ""
PATHS = ("--root", "--host", "--tables")
VALUES = (*PATHS, "--toolchain", "--namespace", "--why", "--diff", "--format", "--table", "--env", "--preload")


def words_of(line: Sequence[str]) -> Words | None:
    """The words of a command line; None where typer has to read it."""
    if line[:1] != [VERB] or COMPLETING in os.environ:
        return None
    given = _split(line[1:])
    return _words(given) if given and any(name == FILE for name, _ in given) else None


def _split(line: Sequence[str]) -> list[tuple[str, str]] | None:
    """Each option and its value, and each file; None where a word is neither, or a value is missing."""
    given: list[tuple[str, str]] = []
    words = iter(line)
    for word in words:
        name, equals, value = word.partition("=") if word.startswith("-") else (FILE, "=", word)
        if name in VALUES and not equals:
            value = next(words, "-")
        if (name in VALUES and (equals or not value.startswith("-"))) or name == FILE or word == FLAG:
            given.append((name, value))
        else:
            return None
    return given


def _words(given: Sequence[tuple[str, str]]) -> Words:
    last = dict(given)
    roots = {name: paths.word(last[name]) for name in PATHS if name in last}
    return Words(
        files=[paths.word(value) for name, value in given if name == FILE],
        root=roots.get("--root"),
        toolchain=last.get("--toolchain"),
        env=[value for name, value in given if name == "--env"],
        preload=[value for name, value in given if name == "--preload"],
        host=roots.get("--host"),
        namespace=last.get("--namespace", "base"),
        why=last.get("--why"),
        symbols=FLAG in last,
        form=last.get("--format", TREE),
        table=last.get("--table", "needed"),
        tables=roots.get("--tables"),
        diff=last.get("--diff"),
    )
