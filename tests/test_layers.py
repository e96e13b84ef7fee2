"""Imports only go to lines above: the order of docs/design.md, read from the sources."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

import pytest

import elfworlds

PACKAGE = Path(elfworlds.__file__).parent
ORDER = (
    "version",
    "errors",
    "jsondata",
    "reading",
    "paths",
    "atomic",
    "reclaim",
    "locking",
    "shipped",
    "patterns",
    "supervisor",
    "process",
    "yamltext",
    "sheet",
    "refs",
    "columns",
    "ctext",
    "editors",
    "makers",
    "install",
    "psabi",
    "spec",
    "driver",
    "elf",
    "trees",
    "store",
    "sources",
    "resolve",
    "bindings",
    "traces",
    "search_prediction",
    "binding_prediction",
    "sandbox",
    "toolchains",
    "planning",
    "shell_elsewhere",
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
    "inspection",
    "advice",
    "workflow",
    "cli",
    "__main__",
)
WITHIN = {  # the order of a room's own rooms and modules
    "spec": (
        "leaves",
        "shapes",
        "expand",
        "model",
        "builders",
        "languages",
        "editing",
        "makers",
        "values",
        "checks",
        "places",
        "load",
        "reference",
    ),
}
ONLY_IN = {
    "subprocess": "process",
    "yaml": "yamltext",
    "elftools": "elf",
    "pandas": "tables",
    "re2": "patterns",
    "pydantic": "spec",
    "pydantic_core": "spec",
    "typer": "cli",
    "jinja2": "report",
    "distributed": "workflow",
    "markupsafe": "report",
}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


Node = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef


@cache
def nodes(path: Path) -> tuple[Node, ...]:
    """The imports and functions of a file, which is parsed once for all tests; of a function only its place is kept."""
    found = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, Node)]
    for node in found:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = []
    return tuple(found)


def imports(path: Path) -> Iterator[str]:
    for node in nodes(path):
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
        if parts[0] == "elfworlds" and len(parts) > 1:
            room = "workflow" if parts[1] in elfworlds.__all__ else parts[1]
            assert room in above, f"{path.name} imports {name}"


@pytest.mark.parametrize("room", WITHIN)
def test_imports_within_a_room_only_go_up(room: str) -> None:
    order = WITHIN[room]
    paths = [path for path in SOURCES if room_of(path) == room and path != PACKAGE / room / "__init__.py"]
    inner = {path: module_of(path).split(".")[2] for path in paths}
    assert set(inner.values()) == set(order)
    for path, own in inner.items():
        for name in imports(path):
            parts = name.split(".")
            if parts[:2] == ["elfworlds", room] and len(parts) > 2:
                assert parts[2] in order[: order.index(own) + 1], f"{path.name} imports {name}"


def modules_imported(path: Path, modules: Collection[str]) -> Iterator[str]:
    """The modules that a file imports; a package only where it takes from the package's own file."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module in modules:
            inner = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name if name in modules else str(node.module) for name in inner)


def test_no_modules_import_each_other() -> None:
    """Not even for the type checker alone, and not through others either."""
    modules = {module_of(path): path for path in PACKAGE.rglob("*.py")}
    left = {name: set(modules_imported(path, modules)) - {name} for name, path in modules.items()}
    while free := {
        name for name, others in left.items() if not others or not any(name in one for one in left.values())
    }:
        left = {name: others - free for name, others in left.items() if name not in free}
    assert left == {}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_outside_thing_has_one_door(path: Path) -> None:
    for name in imports(path):
        door = ONLY_IN.get(name.split(".")[0])
        assert door in (None, room_of(path)), f"{path.name} imports {name}"


def test_no_module_is_longer_than_300_lines() -> None:
    assert {path.name for path in SOURCES if len(path.read_text().splitlines()) > 300} == set()


def test_no_function_is_longer_than_40_lines() -> None:
    defined = (
        node for path in SOURCES for node in nodes(path) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert {node.name for node in defined if (node.end_lineno or 0) - node.lineno >= 40} == set()
