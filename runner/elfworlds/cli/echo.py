"""Lines for a person, on standard output or standard error."""

from __future__ import annotations

import re
import sys

_NOT_UTF8 = re.compile("([\udc80-\udcff])")


def echo(text: str, *, err: bool = False) -> None:
    """Write lines: what an experiment, a compiler or a file's name holds cannot move the cursor.

    Bytes of a file's name that are not UTF-8 stay, so that a shell reads the name.
    """
    from elfworlds.yamltext.problems import printable  # the parser of YAML comes with it

    shown = "".join(part if _NOT_UTF8.match(part) else printable(part) for part in _NOT_UTF8.split(text))
    (sys.stderr if err else sys.stdout).write(f"{shown}\n")
