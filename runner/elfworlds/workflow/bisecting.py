"""What a run says of a revision, as `git bisect run` reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.errors import Exit
from elfworlds.outcome import Verdict
from elfworlds.records import read_run
from elfworlds.report.summary import failed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from elfworlds.records import TrialRecord
    from elfworlds.workflow.run import Executed

SKIP = 125  # git-bisect(1): the revision cannot be tested
STOP = 128  # from here on the bisection ends
_CODES = {
    Exit.AS_EXPECTED: 0,
    Exit.EXPECTATION_FAILED: 1,
    Exit.NOTHING_TRIED: SKIP,
    Exit.BUILD_FAILED: SKIP,
}


def for_git(code: int) -> int:
    """The exit code that git wants: 0 good, 1 bad, 125 untried; what is no revision's fault ends the bisection."""
    return _CODES.get(Exit(code), STOP + code)


def code_of(executed: Sequence[Executed]) -> Exit:
    """What experiments say of a revision together; each has ended, or was not built."""
    if any(each.code is Exit.INTERRUPTED for each in executed):
        return Exit.INTERRUPTED
    runs = [read_run(each.directory) for each in executed if each.directory is not None]
    judged = judge([trial for run in runs for trial in run.trials])
    if judged is Exit.EXPECTATION_FAILED:
        return judged
    return Exit.BUILD_FAILED if any(each.code is Exit.BUILD_FAILED for each in executed) else judged


def judge(trials: Sequence[TrialRecord]) -> Exit:
    """Bad where an expectation was not met; untried where a toolchain had no trial, or a trial could not be judged.

    A trial that its toolchain does not support, as dlmopen of musl, leaves a revision good that others were tried with.
    """
    if failed(trial for trial in trials if trial.verdict is not Verdict.UNRESOLVED):
        return Exit.EXPECTATION_FAILED
    tried = {trial.point.get("libc") for trial in trials if trial.verdict.tried}
    unresolved = any(trial.verdict is Verdict.UNRESOLVED for trial in trials)
    every = bool(trials) and all(trial.point.get("libc") in tried for trial in trials)
    return Exit.AS_EXPECTED if every and not unresolved else Exit.NOTHING_TRIED
