"""records: whatever a trial does to the directories of its run, the run goes on or says what is in its way."""

from __future__ import annotations

import json
import subprocess  # a process of an ordinary user is needed
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import World

# Nobody but an ordinary user is kept out by a mode.
ORDINARY = (
    "import os, sys; from pathlib import Path; from elfworlds import reclaim;"
    "os.geteuid() or (os.setgid(65534), os.setuid(65534));"
)
SHUT = """
experiment: shut
question: Does a directory that is shut or gone block the next attempt?
matrix: {how: [shut, shut-above, removed, removed-above, replaced, linked, files]}
scenarios:
  a:
    run: /bin/sh -c "SCRIPT"
    retries: 1
    outcomes: {ended: {exit: 1}, fine: {exit: 0}}
    expect: {outcome: fine}
"""
HOW = {
    "shut": "mkdir -p d/e; touch d/e/f; chmod 0 d/e d .",
    "shut-above": "chmod 0 .. ../..",
    "removed": "rm -rf ../../$(basename $(dirname $PWD))",
    "removed-above": "rm -rf ../../../trials",
    "linked": "d=$(dirname $PWD); rm -rf $d; ln -s PRECIOUS $d",
    "files": "cd ..; ln -s PRECIOUS/stdout stdout; mkdir cmd.sh; ln -s PRECIOUS driver.c; echo x",
    "replaced": "d=$(dirname $PWD); rm -rf $d; touch $d",
}
# Only in a run's directory: a trace runs the same program in a temporary one, above which lies everybody's.
AT_HOME = "case $PWD in */trials/*) ;; *) exit 1 ;; esac;"
SCRIPT = (
    f"{AT_HOME} case ${{matrix.how}} in {' '.join(f'{how}) {script};;' for how, script in HOW.items())} esac; exit 1"
)


def ordinary(script: str, *words: str) -> str:
    command = [sys.executable, "-c", ORDINARY + script, *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd="/")
    return done.stdout.strip()


def test_a_directory_that_its_owner_may_not_enter_is_removed() -> None:
    script = (
        "top = Path(sys.argv[1]) / 'top'; (top / 'a' / 'b').mkdir(parents=True);"
        "(top / 'a' / 'b' / 'file').touch(); (top / 'away').symlink_to('/usr');"
        "[path.chmod(0) for path in (top / 'a' / 'b', top / 'a', top)];"
        "reclaim.remove(top); print(top.exists(), Path('/usr').is_dir())"
    )
    with tempfile.TemporaryDirectory() as place:  # one that an ordinary user may enter, as a test's own is not
        Path(place).chmod(0o777)
        assert ordinary(script, place) == "False True"


@pytest.mark.parametrize("how", HOW)
def test_a_trial_that_shuts_or_removes_its_directory_is_tried_again_and_recorded(how: str, world: World) -> None:
    precious = world.path / "precious"
    precious.mkdir()
    for name in ("stdout", "cmd.sh"):
        (precious / name).write_text("kept")
    path = world.experiment("shut", SHUT.replace("SCRIPT", SCRIPT.replace("PRECIOUS", str(precious))))
    code, _, err = world.run("run", path, "-S", f"how={how}")
    (line,) = (world.latest("shut") / "trials.jsonl").read_text().splitlines()
    record = json.loads(line)
    assert (code, err, record["verdict"], record["attempts"]) == (1, "", "FAIL", ["ended", "ended"])
    assert {file.name: file.read_text() for file in precious.iterdir()} == {"stdout": "kept", "cmd.sh": "kept"}


def test_a_trial_that_removes_the_whole_run_ends_it_with_that_word(world: World) -> None:
    text = SHUT.replace("SCRIPT", f"{AT_HOME} rm -rf ../../../../2*").replace("how: [", "how: [x, ")
    code, _, err = world.run("run", world.experiment("shut", text), "-S", "how=x")
    assert code == 3
    assert "the run's directory is gone" in err
