"""Objects in the Nix store live as long as their run needs them, whenever somebody collects garbage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from elfworlds.backends.nix import NixBackend
from elfworlds.backends.nix.holding import LINK, RECORD, lost
from nix_support import ROOT, RUSTC, bench, environment, needs_nix, written
from waiting import AGES

if TYPE_CHECKING:
    from elfworlds.process import Command, Completed

SAME_LIB = ROOT / "experiments" / "same-lib.yaml"
# Every collection goes on until the next one begins; the run has several hundred trials.
DURING_A_RUN = """
set -eu
elfworlds() { "$PYTHON" -m elfworlds "$@"; }
elfworlds run --backend nix --no-tables -q --repeat 60 -o results experiments/same-lib.yaml > log 2>&1 &
run=$!
while kill -0 $run 2> /dev/null; do nix-store --gc > /dev/null 2>&1; done
wait $run
nix-store --gc > /dev/null 2>&1
elfworlds report results/same-lib/latest > report
elfworlds report results/same-lib/latest --table symbols --format csv > symbols
run=$(readlink -f results/same-lib/latest)
mv "$run" moved
elfworlds report moved > report-of-a-moved-run
nix-store --gc > /dev/null 2>&1
elfworlds report moved > report-of-a-run-without-objects
"""


def paths_of(run: Path, store: Path) -> list[Path]:
    """The objects of a run, where a store lies that is seen at /nix/store."""
    lines = (run / "objects.jsonl").read_text().splitlines()
    return [store / json.loads(line)["path"].removeprefix("/nix/store/") for line in lines]


@needs_nix
@pytest.mark.needs("bwrap")
def test_collections_during_a_run_take_nothing_and_its_directory_decides_afterwards(tmp_path: Path) -> None:
    """In a /nix of its own, so that nobody else's store is collected."""
    (tmp_path / "experiments").symlink_to(ROOT / "experiments")
    (tmp_path / "csrc").symlink_to(ROOT / "csrc")
    nix, here = tmp_path / "nix", {"PYTHON": sys.executable, "PYTHONPATH": str(ROOT / "runner")}
    done = subprocess.run(
        [ROOT / "nix" / "own-nix", nix, "bash", "-c", DURING_A_RUN],
        env=environment(tmp_path / "cache", **here),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=AGES,
        check=False,
    )
    log = (tmp_path / "log").read_text()
    assert done.returncode == 0, log + done.stdout + done.stderr
    assert "FAIL" not in log
    assert "note:" not in (tmp_path / "report").read_text()
    assert "base_" in (tmp_path / "symbols").read_text()
    assert "it was moved here from" in (tmp_path / "report-of-a-moved-run").read_text()
    assert "not in the Nix store any more" in (tmp_path / "report-of-a-run-without-objects").read_text()
    assert not any(path.exists() for path in paths_of(tmp_path / "moved", nix / "store"))


@needs_nix
def test_a_build_that_was_made_before_is_not_evaluated_again(tmp_path: Path) -> None:
    called: list[str] = []
    with bench(SAME_LIB, tmp_path) as here:

        def counted(command: Command) -> Completed:
            called.append(Path(command.argv[0]).name)
            return here.pool.run(command)

        first = here.build()
        assert isinstance(here.backend, NixBackend)
        second = replace(here, backend=replace(here.backend, run=counted)).build()
    assert called == ["nix-store"]
    assert [made.path for made in second.artifacts.values()] == [made.path for made in first.artifacts.values()]
    assert second.farms == first.farms


@needs_nix
def test_what_was_built_and_collected_is_built_again(tmp_path: Path) -> None:
    with bench(SAME_LIB, tmp_path) as here:
        first = here.build()
        plans = tmp_path / "elfworlds" / "nix" / "plans"
        (known,) = plans.iterdir()
        known.write_text(known.read_text().replace(first.farms[0], "/nix/store/" + "0" * 32 + "-elfworlds-objects"))
        assert here.build().farms == first.farms


@needs_nix
def test_a_file_of_the_store_keeps_what_it_refers_to(tmp_path: Path) -> None:
    with bench(SAME_LIB, tmp_path / "one") as here:
        build = here.build()
        user, base = (build.artifacts[here.key(name)] for name in ("user-1", "base-1"))
    file = written(tmp_path, "taken", {"user": {"prebuilt": user.path}}, "${user}")
    with bench(file, tmp_path / "two") as here:
        taken = here.build().artifacts[here.key("user")]
        assert taken.sha256 == user.sha256
        assert base.directory in here.nix_store("-qR", taken.directory)


@needs_nix
@pytest.mark.skipif(not Path(RUSTC).exists(), reason=f"no {RUSTC}")
def test_a_compiler_that_builds_do_not_see_fails_its_own_objects(tmp_path: Path) -> None:
    rustc = tmp_path / "rustc"
    rustc.write_text(f'#!/bin/sh\n[ "$*" = "--print sysroot" ] && echo {tmp_path} || exec {RUSTC} "$@"\n')
    rustc.chmod(0o755)
    objects = {
        "plain": {"library": "plain", "code": "int f(void) { return 1; }\n"},
        "rusty": {"library": "rusty", "language": "rust", "code": "#[no_mangle] pub extern fn f() {}\n"},
        "above": {"executable": "above", "code": "int main(void) { return 0; }\n", "needs": ["rusty"]},
    }
    with bench(written(tmp_path, "mixed", objects, "${plain}"), tmp_path, RUSTC=str(rustc)) as here:
        build = here.build(keep_going=True)
        assert set(build.artifacts) == {here.key("plain")}
        assert "not where a Nix build sees it" in build.failures[here.key("rusty")].output
        assert build.failures[here.key("above")].missing == (here.key("rusty"),)


def test_a_run_that_was_moved_says_so(tmp_path: Path) -> None:
    record = {"schema": 1, "root": str(tmp_path / "before" / LINK), "farms": [os.fspath(tmp_path)]}
    (tmp_path / RECORD).write_text(json.dumps(record))
    assert lost(tmp_path).startswith(f"it was moved here from {tmp_path / 'before'}")
    (tmp_path / RECORD).write_text(json.dumps({**record, "root": str(tmp_path / LINK)}))
    assert lost(tmp_path) == ""
    (tmp_path / RECORD).write_text(json.dumps({**record, "farms": ["/nowhere"]}))
    assert "not in the Nix store any more" in lost(tmp_path)
    (tmp_path / RECORD).unlink()
    assert lost(tmp_path) == ""
