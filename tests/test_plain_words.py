"""cli.plain: command lines that are read without typer come to what typer makes of them; the others are left to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup

from elfworlds.cli import plain
from elfworlds.cli.app import app
from elfworlds.cli.inspecting import Words

LINES = (
    "a.so",
    "a.so b.so --symbols",
    "--root r a.so --toolchain t --env A=1 --env B=--c --preload x --preload y",
    "a.so --host=h --namespace new --why=libc.so.6 --format json --table symbols --tables d",
    "--tables=d --diff=other a.so --format=csv --format=dot",
    "--why= --env= a.so",
)
LEFT = ("", "--symbols", "--help", "-h a.so", "a.so --root", "a.so --why --symbols", "--sym a.so", "-- a.so", "- a.so")


def typers_own() -> TyperCommand:
    """The verb as typer has it."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    command = group.commands["inspect"]
    assert isinstance(command, TyperCommand)
    return command


@pytest.mark.parametrize("line", LINES)
def test_what_is_read_without_typer_is_what_typer_reads(line: str) -> None:
    given = line.split()
    context = typers_own().make_context("inspect", [*given])
    words = plain.words_of(["inspect", *given])
    assert words is not None
    for name in Words._fields:
        ours, theirs = getattr(words, name), context.params[name]
        assert (name, ours) == (name, list(theirs or ()) if isinstance(ours, list) else theirs)


@pytest.mark.parametrize("line", LEFT)
def test_what_is_not_plainly_right_is_left_to_typer(line: str) -> None:
    assert plain.words_of(["inspect", *line.split()]) is None


def test_every_option_of_inspect_is_known_here() -> None:
    options = {name for param in typers_own().params for name in param.opts if name.startswith("--")}
    assert options - {"--help"} == {*plain.VALUES, plain.FLAG}


def test_inspecting_imports_neither_typer_nor_pydantic(tmp_path: Path) -> None:
    script = (
        "import sys; from elfworlds.__main__ import main; main(['inspect', sys.executable]);"
        " print(sorted({'typer', 'pydantic', 'yaml', 'pandas', 'elftools'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stderr.strip() == "[]"
