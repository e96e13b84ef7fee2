"""export-c: a script that shows elsewhere what a trial showed here, whatever its standard output is there."""

from __future__ import annotations

import os
import pty
import re
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


WATCHED = """\
experiment: watched
question: What is in a variable?
objects:
  lib:
    library: lib
    code: |
      #include <stdlib.h>
      int count = 7;
      const char *a;
      __attribute__((constructor)) static void begin(void) { a = getenv("A"); }
      void stop(void) { count++; }
scenarios:
  s:
    env: {A: "it's $HOME", B: "${lib}"}
    observe: {gdb: {break: [stop], evaluate: {count: count, a: a, b: "\\"${lib}\\""}}}
    steps:
      - dlopen: {object: lib, as: opened}
      - {loop: {times: 2, steps: [{call: {handle: opened, function: stop, type: void (void)}}]}}
    outcomes:
      stopped: {gdb.stops.values.count.value: ["7", "8"], gdb.stops.values.a.value: {all: {contains: it's $HOME}}}
    expect: {outcome: stopped}
"""


def test_what_gdb_saw_a_script_shows_that_is_told_to(world: World, needs: Callable[[str], str]) -> None:
    needs("gdb")
    path = world.experiment("watched", WATCHED)
    assert world.run("run", path)[0] == 0
    code, out, _ = world.run("export-c", path, "s")
    (world.path / "a b").mkdir()
    done = subprocess.run(
        ["sh", "-c", out, "script", "gdb"], cwd=world.path / "a b", capture_output=True, text=True, check=False
    )
    shown = re.findall(r"^\$[0-9]+ = (.*)", done.stdout, re.MULTILINE)
    assert shown[0::3] == ["7", "8"]
    assert ["it's $HOME" in one for one in shown[1::3]] == [True, True]
    assert shown[2::3] == [f'"{world.path}/a b/objects/lib/liblib.so"'] * 2
    assert (code, done.returncode) == (0, 0)


SEEN = """\
experiment: seen
question: What was seen?
objects:
  lib: {library: lib, code: "int one(void) { return 1; }"}
  app:
    executable: app
    needs: [lib]
    code: "#include <stdlib.h>\\nint one(void); int main(void) { return malloc(7) == NULL ? 2 : one(); }"
scenarios:
  ld-debug: {run: "${app}", observe: [ld-debug], outcomes: {so: {ld-debug.bindings.symbol: {contains: one}}}}
  strace: {run: "${app}", observe: [strace], outcomes: {so: {strace.opens.path: {contains: "${lib}"}}}}
  valgrind: {run: "${app}", observe: [valgrind], outcomes: {so: {valgrind.leaks: {count: 1}}}}
  readelf: {inspect: app, show: [size], outcomes: {so: {needed: {contains: liblib.so}}}}
"""
SHOWS = {
    "ld-debug": "normal symbol `one'",
    "strace": "objects/lib/liblib.so",
    "valgrind": "definitely lost: 7 bytes",
    "readelf": "Shared library: [liblib.so]",
}


@pytest.mark.parametrize("scenario", SHOWS)
def test_a_script_shows_what_its_outcome_rests_on(world: World, scenario: str, needs: Callable[[str], str]) -> None:
    for tool in {scenario} & {"strace", "valgrind", "readelf"}:
        needs(tool)
    _, out, _ = world.run("export-c", world.experiment("seen", SEEN), scenario)
    (world.path / "a b").mkdir()
    done, alone = (
        subprocess.run(
            ["sh", "-c", out, "script", *told], cwd=world.path / "a b", capture_output=True, text=True, check=False
        )
        for told in ((), ("plain",))
    )
    assert SHOWS[scenario] in done.stdout + done.stderr
    assert done.returncode == alone.returncode == (0 if scenario == "readelf" else 1)
    assert (SHOWS[scenario] in alone.stdout + alone.stderr) == (scenario == "readelf")


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
    os.write(theirs, b".")  # what is read ends with it: a terminal hands over what was written in pieces
    shown = b""
    while not shown.endswith(b"."):
        shown += os.read(ours, 4096)
    os.close(theirs)
    os.close(ours)
    text = shown.decode().replace("\r\n", "\n")
    assert (text, done.stderr.decode()) == (f"{SHOWN[capture]}.", "exit status 3\n" if capture == "pipe" else "")
