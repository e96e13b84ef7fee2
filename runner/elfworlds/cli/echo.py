"""Lines for a person, on standard output or standard error."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from elfworlds.errors import ElfworldsError
    from elfworlds.records import RunDirectory

BREAK, REPLACEMENT = "\n", "\N{REPLACEMENT CHARACTER}"
_BEYOND_ASCII = re.compile(r"[^\x00-\x7e]")
_AS_THEY_ARE = re.compile("([\udc80-\udcff\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000])")


def echo(text: str, *, err: bool = False) -> None:
    """Write lines: what an experiment, a compiler or a file's name holds cannot move the cursor.

    Spaces of any kind, and bytes that are not UTF-8, stay: a shell has to read the names of files that hold them.
    """
    write(f"{_shown(text)}\n", err=err)


def told(error: ElfworldsError) -> None:
    """Tell an error and what helps on standard error."""
    echo(error.message, err=True)
    if error.hint:
        echo(f"hint: {error.hint}", err=True)


def echo_lines(lines: Iterable[str]) -> None:
    """Write lines at once; a line break within one, which a file's name may hold, is none."""
    write("".join(f"{_shown(line).replace(BREAK, REPLACEMENT)}\n" for line in lines))


def _shown(text: str) -> str:
    if text.isprintable():
        return text
    from elfworlds.yamltext.problems import printable  # the parser of YAML comes with it

    return "".join(part if _AS_THEY_ARE.match(part) else printable(part) for part in _AS_THEY_ARE.split(text))


def write(text: str, *, err: bool = False) -> None:
    """Write text as it is, at once. Where nobody reads any more, as after `| head -1`, the work goes on unread."""
    stream = sys.stderr if err else sys.stdout
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def write_json(text: str) -> None:
    """Write JSON at once; beyond ASCII its strings hold escapes, so that none moves the cursor of a terminal."""
    write(_BEYOND_ASCII.sub(lambda match: json.dumps(match[0])[1:-1], text))


def write_script(text: str) -> None:
    """Write a script as it is; a terminal is shown what would move its cursor, as any other line of a stranger's."""
    write(_shown(text) if sys.stdout.isatty() else text)


def remark(directory: RunDirectory) -> None:
    """Tell on standard error what does not count of a run's files, and what nobody can check."""
    for line in directory.remarks():
        echo(f"note: {line}", err=True)
