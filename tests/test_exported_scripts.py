"""export-c: a script that shows elsewhere what a trial showed here, whatever its standard output is there."""

from __future__ import annotations

import os
import pty
import subprocess  # a script is run as a person would
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import World

BUFFERED = """\
experiment: buffered
question: Does a line that nobody flushes appear?
scenarios:
  s:
    capture: {capture}
    steps:
      - c: |
          puts("a line");
          _exit(3);
"""
SHOWN = {"pipe": "", "file": "", "pty": "a line\n"}


def script(world: World, capture: str) -> Path:
    """The script, alone in a directory."""
    code, out, _ = world.run("export-c", world.experiment("buffered", BUFFERED.format(capture=capture)), "s")
    assert code == 0
    path = world.path / f"script-{capture}" / "script.sh"
    path.parent.mkdir()
    path.write_text(out)
    return path


IN_RUST = """\
experiment: in-rust
question: Is it loaded?
objects: {r: {library: r, language: rust, code: '#[no_mangle] pub extern "C" fn f() {}'}}
scenarios:
  s:
    steps: [{dlopen: {object: r, as: lib}}]
    claim: {says: It is loaded., outcome: other, when: {rustc: ">=1"}}
"""


def test_what_is_said_of_a_version_of_rustc_holds_for_its_own(world: World, needs: Callable[[str], str]) -> None:
    needs("rustc")
    assert "# claim: It is loaded. (other)\n" in world.run("export-c", world.experiment("in-rust", IN_RUST), "s")[1]


@pytest.mark.parametrize("capture", ["pipe", "file"])
def test_into_a_pipe_it_shows_what_the_trial_showed(world: World, capture: str) -> None:
    path = script(world, capture)
    done = subprocess.run(["sh", path.name], cwd=path.parent, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, SHOWN[capture], "")


@pytest.mark.parametrize("capture", ["pipe", "file", "pty"])
def test_on_a_terminal_it_shows_what_the_trial_showed(world: World, capture: str) -> None:
    path = script(world, capture)
    ours, theirs = pty.openpty()
    done = subprocess.run(["sh", path.name], cwd=path.parent, stdout=theirs, stderr=subprocess.PIPE, check=False)
    os.write(theirs, b".")  # so that there is something to read
    os.close(theirs)
    shown = os.read(ours, 4096).decode().replace("\r\n", "\n")
    os.close(ours)
    assert (shown, done.stderr.decode()) == (f"{SHOWN[capture]}.", "exit status 3\n" if capture == "pipe" else "")
