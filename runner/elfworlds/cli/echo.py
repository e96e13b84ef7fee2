"""Lines for a person, on standard output or standard error."""

from __future__ import annotations

import sys


def echo(text: str, *, err: bool = False) -> None:
    """Write lines: what an experiment, a compiler or a file's name holds cannot move the cursor."""
    from elfworlds.yamltext.problems import printable  # the parser of YAML comes with it

    (sys.stderr if err else sys.stdout).write(f"{printable(text)}\n")
