"""What a scenario's `files` are made of: a path in the trial's directory, a mode, an owner."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.spec.leaves.forms import kind, refuse, template, text

if TYPE_CHECKING:
    from elfworlds.jsondata import JsonObject
    from elfworlds.refs import Template
    from elfworlds.yamltext import Data

FILES_DIR = "files.dir"  # between `${` and `}`: the trial's directory
NAME_MAX, PATH_MAX = 255, 1000
MODE = re.compile(r"0?[0-7]{3,4}")
SET_ID = 0o6000
OF_DIRECTORIES = 0o700  # who made a directory has to be able to remove it
LARGEST_ID = 2**32 - 2
MODE_SCHEMA: JsonObject = {"type": ["string", "integer"], "pattern": f"^{MODE.pattern}$"}
OWNER_SCHEMA: JsonObject = {"type": ["integer", "string"], "minimum": 1, "pattern": "^[0-9]+$"}


@dataclass(frozen=True, slots=True)
class FilePath:
    """A path below the trial's directory, as it is written and with its references."""

    text: str
    template: Template

    def __str__(self) -> str:
        return self.text


def file_path(data: Data) -> FilePath:
    parsed = template(data)
    wrong = fault(parsed.literal) if parsed.literal is not None else None
    if wrong is not None:
        raise refuse(f"`{text(data)}` {wrong[0]}", wrong[1], at_key=True)
    return FilePath(text(data), parsed)


def fault(path: str) -> tuple[str, str] | None:
    """What is wrong with a path of `files`, with what would be right; None where nothing is."""
    names = path.split("/")
    if path.startswith("/"):
        return "is an absolute path", "paths start from the trial's directory: lib/libx.so"
    if ".." in names:
        return "leads out of its directory", "a path of `files` has no `..`"
    if "" in names or "." in names:
        return "is no plain path", "names and single slashes: lib/libx.so"
    if len(path.encode()) > PATH_MAX or max(len(name.encode()) for name in names) > NAME_MAX:
        return "is too long", f"a name has at most {NAME_MAX} bytes, a path {PATH_MAX}"
    return None


def mode(data: Data) -> int:
    """Permission bits, written in octal digits as chmod(1) takes them."""
    word = text(data) if isinstance(data, str) else ""
    if not MODE.fullmatch(word):
        raise refuse(f"expected a mode, found {f'`{word}`' if word else kind(data)}", "octal digits: 0755, 04755")
    return int(word, 8)


def owner(data: Data) -> int:
    """The number of a user who is not root."""
    word = text(data) if isinstance(data, str) else ""
    if not word.isdecimal() or not word.isascii() or not 1 <= int(word) <= LARGEST_ID:
        raise refuse(
            f"expected the number of a user, found {f'`{word}`' if word else kind(data)}",
            "a name is another user on another machine; root owns files without this key; nobody is 65534",
        )
    return int(word)


def entry(data: Data) -> Data:
    """`${object}` is short for `{object: "${object}"}`."""
    if not isinstance(data, str):
        return data
    if "${" not in data:
        word = text(data)
        hint = f'a copy of an object is "${{{word}}}", a file with this text {{text: …}}'
        raise refuse(f"`{word}` is no object's file", hint)
    return {"object": data}


def object_named(word: str) -> str:
    """The object that `name` or `${name}` speaks of."""
    return word[2:-1] if word.startswith("${") and word.endswith("}") else word
