"""What the loader bound in trials of the experiments is foretold: at the start, by dlopen and in other namespaces."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from conftest import ROOT
from elfworlds.__main__ import main
from elfworlds.records import RunDirectory, read_run

FEW = ("dlsym-search", "dynamic-weak")
EVERY = sorted(path.stem for path in (ROOT / "experiments").glob("*.yaml") if path.stem != "built-elsewhere")


def compared(names: Sequence[str], top: Path) -> tuple[Counter[bool | None], list[str]]:
    """How many bindings are as foretold, are not, or are not foretold; a line for each that is not as it was."""
    for directory in ("experiments", "csrc"):
        shutil.copytree(ROOT / directory, top / directory)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(top)
        patch.setenv("XDG_CACHE_HOME", str(top / "cache"))
        code = main(["run", "-k", "-S", "libc=host", *(f"experiments/{name}.yaml" for name in names)])
    assert code == 0
    counts: Counter[bool | None] = Counter()
    lines = []
    for name in names:
        run = read_run(RunDirectory(Path(os.path.realpath(top / "results" / name / "latest"))))
        for trace in run.traces:
            rows = trace.bindings
            counts.update(rows.agrees)
            lines += [
                f"{name}: {trace.trial}: {rows.from_path[at]}: {rows.symbol[at]}@{rows.version[at]}: bound to"
                f" {rows.to_path[at]} in {rows.to_lmid[at]}, foretold {rows.foretold[at]}"
                for at, agrees in enumerate(rows.agrees)
                if agrees is False
            ]
    return counts, lines


def test_a_few_bind_as_foretold(tmp_path: Path) -> None:
    counts, lines = compared(FEW, tmp_path)
    assert lines == []
    assert counts[True] > 1000


@pytest.mark.slow
def test_every_experiment_binds_as_foretold(tmp_path: Path) -> None:
    counts, lines = compared(EVERY, tmp_path)
    assert lines == []
    assert counts[True] > 200_000
