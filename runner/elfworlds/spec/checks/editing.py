"""The commands of `after`: each begins with a tool that edits files, and none names the object itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.editors import EDITORS
from elfworlds.spec.checks.findings import Finding
from elfworlds.spec.editing import tools
from elfworlds.spec.expand import names
from elfworlds.yamltext import closest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.refs import Template
    from elfworlds.spec.expand import Names
    from elfworlds.spec.model.objects import Object
    from elfworlds.yamltext import Path

AFTER = "after"


def words(definition: Object, here: Path) -> Iterator[tuple[Path, Template]]:
    """Every word of the commands, with its place."""
    for index, command in enumerate(definition.after):
        for position, word in enumerate(command):
            yield (*here, AFTER, index, position), word


def check_after(name: str, definition: Object, here: Path, known: Names) -> Iterator[Finding]:
    """Every problem of the commands that edit an object."""
    for index, command in enumerate(definition.after):
        for tool in tools(command, known.axes):
            unresolved = "${" in tool and known.object_of(tool[2:-1]) is None
            if tool not in EDITORS and not unresolved:
                hint = "each command is a list of its own" if tool.startswith("-") else closest(tool, EDITORS)
                yield Finding((*here, AFTER, index, 0), f"`{tool}` is no tool that edits a file after the link", hint)
    for path, word in words(definition, here):
        for reference in names(word, known.axes):
            if known.object_of(reference) == name:
                hint = "the file is the last word of each command without being named"
                yield Finding(path, f"`${{{reference}}}` is what the command edits", hint)
