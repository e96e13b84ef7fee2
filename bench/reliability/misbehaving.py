"""Twenty trials that do what nobody wants, on this machine and in a root, beside one that is well-behaved."""

from __future__ import annotations

import shutil
from pathlib import Path

from .place import ROOT, Place, Row, trials

HOW = (
    *("hang", "spin", "crash", "abort", "flood", "noise", "daemon", "deaf-child", "close", "stop"),
    *("fork-bomb", "full-stack", "kill-parent", "stop-parent", "kill-all", "shut-directory", "remove-directory"),
    *("remove-trials", "change-records", "fill-directory"),
)
PROGRAM = ROOT / "tests" / "data" / "misbehaving" / "misbehaving.c"
TEXT = r"""
experiment: misbehaving
question: What do programs do that nobody wants?
matrix:
  how: [HOW]
objects:
  app:
    executable: app
    sources: [misbehaving.c]
scenarios:
  bad: {run: "${app} ${matrix.how} MARKER", timeout: 3, outcomes: {zero: {exit: 0}}}
  good: {run: "${app} nothing MARKER", outcomes: {zero: {exit: 0}}, expect: {outcome: zero}}
"""


def misbehaving(place: Place, where: str) -> Row:
    """All of them once; `where` is `host` or a root. Each has to be recorded, and each good one to pass.

    The one that changes the run's records is tried alone: its run has to end without a verdict.
    """
    shutil.copy(PROGRAM, place.path / "csrc")
    names = [how for how in HOW if how != "change-records"]
    text = TEXT.replace("HOW", ", ".join(names))
    place.run("run", "--no-tables", place.experiment("misbehaving", text), "-S", f"libc={where}")
    done = [trial for run in place.runs("misbehaving") for trial in trials(run)]
    bad = {str(trial["trial"]) for trial in done if trial["scenario"] == "bad"}
    good = [trial for trial in done if trial["scenario"] == "good" and trial["verdict"] == "PASS"]
    lost = 2 * len(names) - len(bad) - len(good)
    alone = TEXT.replace("experiment: misbehaving", "experiment: changing").replace("HOW", "change-records, nothing")
    code, out = place.run(
        "run", "--no-tables", place.experiment("changing", alone), "-S", f"libc={where}", "--repeat", "9"
    )
    found = "found out, exit 4" if code == 4 and "does not fit its seal" in out else f"without effect, exit {code}"
    said = f"{lost} of {2 * len(names)} trials; records that a trial changes: {found}"
    return Row(f"trials that misbehave, {where}", len(HOW), said, place.left())


def roots(cache: Path) -> bool:
    """Whether a root of bookworm is here."""
    return any((cache / "elfworlds" / "roots").glob("bookworm-*"))
