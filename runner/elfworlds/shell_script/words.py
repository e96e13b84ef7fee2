"""Words for a POSIX shell, with the directory of the script in them."""

from __future__ import annotations

import re
import shlex

HERE = "\0"  # stands for "$here" in words until they are quoted: no word of an experiment holds one
END = "end_of_file"
_DOUBLE = re.compile(r'["\\`$]')
_IN_TEXT = re.compile(r"[\\`$]")


def quoted(word: str) -> str:
    """A word for a POSIX shell, with `$here` in it for the directory of all."""
    return marked(word).replace(HERE, "$here")


def marked(word: str) -> str:
    """Quoted, and that directory yet to be put in: it may be quoted once more."""
    if HERE not in word:
        return shlex.quote(word)
    escaped = _DOUBLE.sub(lambda match: f"\\{match[0]}", word)
    return f'"{escaped}"'


def in_text(text: str) -> str:
    """A text of a here-document, in which `$here` is put in."""
    return _IN_TEXT.sub(lambda match: f"\\{match[0]}", text).replace(HERE, "$here")
