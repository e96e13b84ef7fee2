"""What the loader bound in trials of the experiments is foretold: at the start, and in namespaces of their own."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from conftest import ROOT
from elfworlds.__main__ import main
from elfworlds.bindings import Foretold, Opened, opened, started
from elfworlds.records import LinkMapRecord, RunDirectory, TraceRecord, read_run
from foretelling import OTHERS, Library, real

FEW = ("same-lib", "dlsym-search", "destructor-order")
EVERY = sorted(path.stem for path in (ROOT / "experiments").glob("*.yaml") if path.stem != "built-elsewhere")


class Files(Library):
    """Objects of runs."""

    def foretold(self, here: Sequence[LinkMapRecord]) -> tuple[set[str], list[Foretold]]:
        """Of a namespace's objects those whose scope is known from their order alone, and what they bind.

        In the base namespace that is what was there before anything was opened; in another one all of it, if it was
        opened by one dlmopen. What is opened later depends on flags that a trace does not tell. Of a program that PATH
        found, as system(3) starts `sh`, a trace has the name alone.
        """
        if not all(Path(mapped.path).is_absolute() for mapped in here):
            return set(), []
        if here[0].lmid == 0:
            count = next((at for at, mapped in enumerate(here) if mapped.opened), len(here))
            objects = [self.linked(mapped.path, executable=not at) for at, mapped in enumerate(here[:count])]
            return {each.path for each in objects}, list(started(objects))
        if sum(mapped.opened for mapped in here) != 1:
            return set(), []
        brought = tuple(self.linked(mapped.path) for mapped in here)
        paths = {each.path for each in brought}
        return paths, list(opened(Opened(brought, frozenset(paths)), []))


def seen(trace: TraceRecord, pid: int, lmid: int) -> Iterator[tuple[str, str, str | None, str, int]]:
    """What a namespace of a process bound: needing object, symbol, version; the object, and its namespace."""
    rows = trace.bindings
    for at in range(len(rows)):
        if (rows.pid[at], rows.from_lmid[at]) == (pid, lmid) and not OTHERS.search(rows.from_path[at]):
            yield rows.from_path[at], rows.symbol[at], rows.version[at], rows.to_path[at], rows.to_lmid[at]


def differences(trace: TraceRecord, files: Files, counts: Counter[str]) -> Iterator[str]:
    """A line for each binding that is not as foretold."""
    for pid, lmid in sorted({(mapped.pid, mapped.lmid) for mapped in trace.link_maps}):
        here = [mapped for mapped in trace.link_maps if (mapped.pid, mapped.lmid) == (pid, lmid)]
        paths, references = files.foretold(here)
        said = {(each.needing, each.symbol, each.version): each.path for each in references}
        for needing, symbol, version, path, where in seen(trace, pid, lmid):
            foretold = said.get((needing, symbol, version)) if needing in paths else None
            if foretold is None:  # dlsym looked it up, or its object came later
                counts["other"] += 1
            elif real(path) == real(foretold) and (where == lmid or OTHERS.search(path)):  # there is one loader
                counts["agree"] += 1
            else:
                yield f"{trace.trial}: {needing}: {symbol}@{version}: bound to {path} in {where}, foretold {foretold}"


def compared(names: Sequence[str], top: Path) -> tuple[Counter[str], list[str]]:
    """How many bindings of a run of experiments are as foretold, and those that are not."""
    for directory in ("experiments", "csrc"):
        shutil.copytree(ROOT / directory, top / directory)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(top)
        patch.setenv("XDG_CACHE_HOME", str(top / "cache"))
        code = main(["run", "-k", "-S", "libc=host", *(f"experiments/{name}.yaml" for name in names)])
    assert code == 0
    counts: Counter[str] = Counter()
    files, lines = Files(), []
    for name in names:
        run = read_run(RunDirectory(Path(os.path.realpath(top / "results" / name / "latest"))))
        lines += [f"{name}: {line}" for trace in run.traces for line in differences(trace, files, counts)]
    return counts, lines


def test_a_few_bind_as_foretold(tmp_path: Path) -> None:
    counts, lines = compared(FEW, tmp_path)
    assert lines == []
    assert counts["agree"] > 100


@pytest.mark.slow
def test_every_experiment_binds_as_foretold(tmp_path: Path) -> None:
    counts, lines = compared(EVERY, tmp_path)
    assert lines == []
    assert counts["agree"] > 10_000
