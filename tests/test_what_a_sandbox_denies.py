"""Where ptrace(2) is denied, or there is no terminal: what takes it is UNSUPPORTED, and all else is tried."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import World
from waiting import AGES

pytestmark = pytest.mark.skipif("NIX_BUILD_TOP" in os.environ, reason="a Nix build denies things of its own")

EXPERIMENT = """
experiment: denied
question: What can be watched here?
objects: {app: {executable: app, code: "int main(void) { return 0; }"}}
scenarios:
  watched: {run: "${app}", observe: {OBSERVER: {}}, outcomes: {fine: {exit: 0}}, expect: {outcome: fine}}
  on-a-terminal: {run: "${app}", capture: pty, outcomes: {fine: {exit: 0}}, expect: {outcome: fine}}
"""
# seccomp(2): ptrace is system call 101 of x86_64; every other one is allowed.
WITHOUT_PTRACE = """
import ctypes, os, struct, sys
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
steps = [(0x20, 0, 0, 0), (0x15, 0, 1, 101), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)]
text = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Program(len(steps), ctypes.addressof(text))), 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""


def verdicts(world: World, path: Path, *before: str) -> dict[str, tuple[str, str]]:
    """Scenario and observer → verdict and notes, of a run that is started behind other words."""
    place = path.parent / "results"
    compilers = {name: os.environ[name] for name in ("PATH", "CC") if name in os.environ}
    environment = {**compilers, "HOME": str(path.parent), "XDG_CACHE_HOME": str(world.store.parent)}
    words = [*before, sys.executable, "-m", "elfworlds", "run", "-o", str(place), str(path)]
    done = subprocess.run(words, check=False, capture_output=True, timeout=AGES, env=environment)
    trials = map(json.loads, (place / "denied/latest/trials.jsonl").read_text().splitlines())
    assert b"Traceback" not in done.stderr, done.stderr
    return {
        f"{trial['scenario']} {trial['observer']}": (trial["verdict"], "; ".join(trial["notes"])) for trial in trials
    }


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the filter names x86_64's system calls")
@pytest.mark.parametrize("tool", ["gdb", "strace"])
def test_without_ptrace_what_needs_it_is_unsupported(
    tool: str, world: World, needs: Callable[[str], str], tmp_path: Path
) -> None:
    needs("cc")
    needs(tool)
    (tmp_path / "denying.py").write_text(WITHOUT_PTRACE)
    path = world.experiment("denied", EXPERIMENT.replace("OBSERVER", tool))
    seen = verdicts(world, path, sys.executable, str(tmp_path / "denying.py"))
    verdict, reason = seen.pop(f"watched {tool}")
    assert (verdict, reason.startswith(f"{tool}: ptrace(2) is not permitted here")) == ("UNSUPPORTED", True)
    assert {each[0] for each in seen.values()} == {"PASS"}


def test_without_a_terminal_what_takes_one_is_unsupported(world: World, needs: Callable[[str], str]) -> None:
    needs("cc")
    needs("strace")
    bwrap = shutil.which("bwrap")
    if bwrap is None or subprocess.run([bwrap, "--dev-bind", "/", "/", "true"], check=False, timeout=AGES).returncode:
        pytest.skip("bubblewrap does not work here")
    path = world.experiment("denied", EXPERIMENT.replace("OBSERVER", "strace"))
    seen = verdicts(world, path, bwrap, "--dev-bind", "/", "/", "--bind", "/dev/null", "/dev/ptmx")
    verdict, reason = seen.pop("on-a-terminal plain")
    assert (verdict, reason.startswith("no pseudo-terminal can be had here: ")) == ("UNSUPPORTED", True)
    assert {each[0] for each in seen.values()} == {"PASS"}
