"""Imports only go to lines above: the order of docs/design.md, read from the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import elfworlds

PACKAGE = Path(elfworlds.__file__).parent
ORDER = (
    "errors",
    "jsondata",
    "paths",
    "atomic",
    "locks",
    "shipped",
    "patterns",
    "supervisor",
    "process",
    "yamltext",
    "refs",
    "columns",
    "spec",
    "driver",
    "elf",
    "sources",
    "resolve",
    "traces",
    "search_prediction",
    "sandbox",
    "toolchains",
    "planning",
    "shell_script",
    "backends",
    "outcome",
    "observers",
    "trials",
    "environment",
    "records",
    "outcome_changes",
    "tables",
    "report",
    "gather",
    "workflow",
    "cli",
    "__main__",
)
ONLY_IN = {
    "subprocess": "process",
    "yaml": "yamltext",
    "elftools": "elf",
    "pandas": "tables",
    "re2": "patterns",
    "pydantic": "spec",
    "pydantic_core": "spec",
    "typer": "cli",
}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.name != "__init__.py")


def test_every_room_stands_in_the_order() -> None:
    assert {room_of(path) for path in SOURCES} == set(ORDER)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_only_go_up(path: Path) -> None:
    above = ORDER[: ORDER.index(room_of(path)) + 1]
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "elfworlds" and len(parts) > 1 and parts[1] != "__version__":
            assert parts[1] in above, f"{path.name} imports {name}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_outside_thing_has_one_door(path: Path) -> None:
    for name in imports(path):
        door = ONLY_IN.get(name.split(".")[0])
        assert door in (None, room_of(path)), f"{path.name} imports {name}"


def test_no_module_is_longer_than_300_lines() -> None:
    assert {path.name for path in SOURCES if len(path.read_text().splitlines()) > 300} == set()
