"""inspect: the tables, the questions of docs/inspect.md, graphs and differences."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

import elfworlds
from conftest import ROOT
from conftest import World as Project
from elfworlds.columns import OF_INSPECTIONS
from elfworlds.inspection.difference import differences
from inspecting import LOADER, compiled

pytestmark = pytest.mark.skipif(not LOADER.exists(), reason="needs a device: x86-64 with glibc")
QUESTIONS = re.findall(r"```sql\n(.*?)```", (ROOT / "docs" / "inspect.md").read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("tables")
    compiled(
        top / "libours.so", "unsigned long strlen(const char *s) { return !s; }", "-nostdlib", "-Wl,-soname,libours.so"
    )
    code = 'int puts(const char *); int main(void) { return puts("hello"); }'
    compiled(top / "app", code, "-pie", f"-L{top}", "-lours", "-Wl,-rpath,$ORIGIN")
    compiled(top / "lost", code, "-pie", f"-L{top}", "-lours")
    (top / "text").write_text("no program")
    return top


def test_the_questions_of_the_documentation_are_one_query_each(place: Path, world: Project, tmp_path: Path) -> None:
    code, out, _ = world.run("inspect", "--tables", tmp_path / "made", place, "/usr/bin/env")
    assert (code, "relocations: " in out) == (1, True)  # `lost` lacks a library
    with closing(sqlite3.connect(tmp_path / "made" / "inspection.sqlite")) as database:
        allowed, relocations, interposed, sizes = (database.execute(question).fetchall() for question in QUESTIONS)
    assert (f"{place}/app", f"{place}/libours.so") in allowed
    assert not any("libc.so.6" in path for _, path in allowed)
    assert dict(relocations)["/usr/bin/env"] > 10
    assert [row for row in interposed if row[0].endswith("libours.so")] == [
        (f"{place}/libours.so", "/lib/x86_64-linux-gnu/libc.so.6", "strlen")
    ]
    assert {Path(path).name for path, _, _ in sizes} == {"app", "lost", "libours.so", "env"}
    assert next(size for path, size, _ in sizes if path.endswith("app")) == (place / "app").stat().st_size


def test_parquet_sqlite_and_data_frames_hold_the_same_rows(place: Path, world: Project, tmp_path: Path) -> None:
    world.run("inspect", "--tables", tmp_path, place / "lost")
    tables = elfworlds.inspect(place / "lost").tables
    assert set(tables) == set(OF_INSPECTIONS)
    with closing(sqlite3.connect(tmp_path / "inspection.sqlite")) as database:
        for name, frame in tables.items():
            read = pd.read_parquet(tmp_path / f"{name}.parquet")
            (count,) = database.execute(f"SELECT count(*) FROM {name}").fetchone()  # noqa: S608  # our own names
            assert list(read.columns) == list(frame.columns) == list(OF_INSPECTIONS[name].columns())
            assert len(read) == len(frame) == count
    searched = tables["searches"]
    assert list(searched["name"].unique()) == ["libours.so"]
    with pytest.raises(KeyError):
        tables["nothing"]


def test_csv_and_table_show_one_table(place: Path, world: Project) -> None:
    code, out, _ = world.run("inspect", "--format", "csv", "--table", "objects", place / "app")
    rows = out.splitlines()
    assert (code, rows[0].split(",")[:3]) == (0, ["file", "world", "position"])
    assert len(rows) == 5
    _, out, _ = world.run("inspect", "--format", "table", place / "app")
    assert "libours.so" in out
    code, _, err = world.run("inspect", "--format", "csv", "--table", "nothing", place / "app")
    assert (code, "--table is objects, needed" in err) == (4, True)


def test_a_graph_names_every_object_and_what_is_missing(place: Path, world: Project) -> None:
    _, out, _ = world.run("inspect", "--format", "dot", place / "app", place / "lost")
    assert out.startswith("digraph")
    assert f'"{place}/app" -> "{place}/libours.so" [label="runpath"];' in out
    assert 'label="not found", color' in out
    if shutil.which("dot"):
        subprocess.run(["dot", "-Tsvg"], input=out.encode(), check=True, capture_output=True)


def test_two_files_and_two_systems_are_compared(place: Path, world: Project, tmp_path: Path) -> None:
    app, lost = place / "app", place / "lost"
    code, out, _ = world.run("inspect", app, "--diff", lost)
    assert code == 1
    assert "  runpath\n" in out
    assert f"  libours.so\n    - {place}/libours.so\n    + NOT FOUND\n" in out
    code, out, _ = world.run("inspect", app, "--diff", app, "--symbols")
    assert (code, out) == (0, "no difference\n")
    (tmp_path / "usr" / "lib").mkdir(parents=True)
    code, out, _ = world.run("inspect", app, "--diff", tmp_path, "--format", "json")
    changed = {(each["kind"], each["name"]): each["after"] for each in json.loads(out)["differences"]}
    assert (code, changed["library", "libc.so.6"]) == (1, "NOT FOUND")
    before, after = elfworlds.inspect(app), elfworlds.inspect(place / "libours.so")
    symbols = {each.name for each in differences(before, after, symbols=True) if each.kind == "defined symbol"}
    assert "strlen" in symbols
    assert world.run("inspect", app, lost, "--diff", lost)[0] == 4


def test_a_directory_without_programs_is_named(world: Project, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, _, err = world.run("inspect", tmp_path / "empty")
    assert (code, "no program and no library is below it" in err) == (4, True)
    (tmp_path / "file").write_text("x")
    code, _, err = world.run("inspect", "--tables", tmp_path / "file", "/usr/bin/env")
    assert (code, "not a directory" in err) == (4, True)
