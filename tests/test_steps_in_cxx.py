"""A program of steps in C++: every verb compiles without a warning, and does what it does in C."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from elfworlds.process import Command
from waiting import AGES

if TYPE_CHECKING:
    from conftest import World
    from elfworlds.process import Pool

IN_CXX = (Path(__file__).resolve().parent / "data" / "words" / "in-cxx.yaml").read_text()


def test_every_verb_is_cxx_without_a_warning_and_values_are_what_they_are_in_c(world: World) -> None:
    code, out, err = world.run("run", world.experiment("in-cxx", IN_CXX), "--no-tables")
    assert (code, err) == (0, ""), out


@pytest.mark.needs("c++")
def test_the_exported_script_of_a_program_in_cxx_runs(world: World, pool: Pool) -> None:
    code, script, err = world.run("export-c", world.experiment("in-cxx", IN_CXX), "go")
    assert (code, err) == (0, "")
    path = world.path / "script.sh"
    path.write_text(script)
    words = ("/bin/sh", str(path))
    result = pool.run(Command(argv=words, env={"PATH": "/usr/bin:/bin"}, cwd=str(world.path), timeout=AGES))
    output = (result.stdout.data + result.stderr.data).decode()
    assert result.exit == 0, output
    assert '"event":"thrown"' in output


def test_a_program_of_steps_is_in_no_other_language(world: World) -> None:
    text = IN_CXX.replace("language: c++", "language: rust")
    code, _, err = world.run("check", world.experiment("in-cxx", text))
    assert (code, "`rust` is not known here" in err) == (4, True), err
