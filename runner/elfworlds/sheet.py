"""A text as a cell of a CSV file: no program for sheets takes it for a formula, and none stops at it.

A cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return gets an apostrophe in front, unless it is a
number; one that had apostrophes before such a character gets one more, so that `of_cell` gives the text back. What
cannot be printed becomes U+FFFD, and lines stay lines.
"""

from __future__ import annotations

import re

from elfworlds.yamltext.problems import printable

_FORMULA = re.compile(r"'*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")  # full-width ones are taken for them too
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")


def cell(text: str) -> str:
    """The text of a cell."""
    shown = text if text.isprintable() else printable(text)
    return f"'{shown}" if _FORMULA.match(shown) and not _NUMBER.fullmatch(shown) else shown


def of_cell(cell: str) -> str:
    """The text that a cell stands for."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
