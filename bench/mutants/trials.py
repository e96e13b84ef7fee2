"""Tries mutants, each in a process forked from one that has imported everything else."""

from __future__ import annotations

import difflib
import importlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .child import in_child
from .reach import Reach, batches, learn
from .rooms import ROOMS, ROOT, WARM
from .sample import Mutant
from .testing import BROKEN, SURVIVED, attempt

RESULTS = ROOT / ".cache" / "mutants.jsonl"
TIMED_OUT = "timed out"
READ_BY_TESTS = ("runner", "tests", "csrc", "experiments", "toolchains", "docs", "pyproject.toml", "nix", "results")


@dataclass(frozen=True)
class Trial:
    """What came of a mutant: a line of RESULTS.

    Attributes:
        by: the test or error that decided it, or what went wrong with the tool.
        tests: how many it was tried with.
        seconds: how long that took.
        diff: the lines that the mutant removes (`-`) and adds (`+`).
    """

    id: str
    room: str
    file: str
    line: int
    operator: str
    outcome: str
    by: str
    tests: int
    seconds: float
    diff: list[str]


def read_trials() -> dict[str, Trial]:
    """The last trial of each mutant, by its id."""
    lines = RESULTS.read_text().splitlines() if RESULTS.exists() else []
    return {trial.id: trial for trial in (Trial(**json.loads(line)) for line in lines)}


def try_all(mutants: Sequence[Mutant], workers: int, *, thorough: bool) -> None:
    """Adds a line to RESULTS for each; a private copy of the tree is read, so that the tree may change meanwhile."""
    RESULTS.parent.mkdir(exist_ok=True)
    tree = Path(tempfile.mkdtemp(prefix="mutants-"))
    for name in READ_BY_TESTS:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tree / name)
    warm(tree)
    known = {room: learn(room, tree) for room in ROOMS if any(mutant.room == room for mutant in mutants)}
    share(mutants, known, tree, workers, thorough=thorough)
    shutil.rmtree(tree)


def warm(tree: Path) -> None:
    sys.path[:0] = [str(tree / "runner"), str(tree / "tests")]
    os.environ.pop("CI", None)
    for name in WARM:
        importlib.import_module(name)


def share(mutants: Sequence[Mutant], known: Mapping[str, Reach], tree: Path, workers: int, *, thorough: bool) -> None:
    """Each worker takes every n-th mutant."""
    children = []
    for number in range(workers):
        if child := os.fork():
            children.append(child)
            continue
        for mutant in mutants[number::workers]:
            trial = try_mutant(mutant, known[mutant.room], tree, thorough=thorough)
            with RESULTS.open("a") as lines:
                lines.write(json.dumps(asdict(trial)) + "\n")
            print(f"{trial.outcome:11} {trial.file}:{trial.line} {trial.by}", flush=True)
        os._exit(0)
    for child in children:
        os.waitpid(child, 0)


def try_mutant(mutant: Mutant, known: Reach, tree: Path, *, thorough: bool) -> Trial:
    """With the tests that reach it; where it is thorough, what survives these with all others of its room."""
    start = time.perf_counter()
    outcome, by, tests = SURVIVED, "no test reaches it", 0
    for batch in batches(mutant, known, tree, thorough=thorough):
        tests += len(batch)
        cpu_seconds = int(20 + 3 * sum(known.seconds[name] for name in batch))
        outcome, by = outcome_of(mutant, batch, tree, cpu_seconds)
        if outcome != SURVIVED:
            break
    before, after = (tree / mutant.file).read_text().splitlines(), mutant.text.splitlines()
    diff = [line for line in difflib.unified_diff(before, after, lineterm="", n=0) if line[:3] not in ("---", "+++")]
    seconds = round(time.perf_counter() - start, 2)
    place = (mutant.id, mutant.room, mutant.file, mutant.line, mutant.operator)
    return Trial(*place, outcome, by, tests, seconds, diff)


def outcome_of(mutant: Mutant, tests: Sequence[str], tree: Path, cpu_seconds: int) -> tuple[str, str]:
    ended = in_child(lambda: attempt(mutant, tests, tree), tree, cpu_seconds)
    if ended.answer is not None:
        outcome, by = json.loads(ended.answer)
        return outcome, f"{by}\n{ended.log[-2000:]}" if outcome == BROKEN else by
    return (
        (BROKEN, f"no answer\n{ended.log[-2000:]}") if ended.in_time else (TIMED_OUT, f"{cpu_seconds} s of processor")
    )
