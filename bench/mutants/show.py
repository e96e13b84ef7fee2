"""The score, and every mutant that is not known to be caught."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from .testing import BROKEN, KILLED, SURVIVED
from .trials import TIMED_OUT, Trial


def show(trials: Sequence[Trial]) -> None:
    open_ones = [trial for trial in trials if trial.outcome in (SURVIVED, BROKEN)]
    for trial in sorted(open_ones, key=lambda trial: (trial.file, trial.line)):
        show_trial(trial)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for trial in trials:
        counts[trial.room][trial.outcome] += 1
    for room, count in sorted(counts.items()):
        show_count(room, count)
    show_count("all", sum(counts.values(), Counter()))


def show_trial(trial: Trial) -> None:
    print(f"\n{trial.outcome} {trial.file}:{trial.line} {trial.operator} ({trial.id}, {trial.tests} tests) {trial.by}")
    print("\n".join(f"    {line}" for line in trial.diff if not line.startswith("@@")))


def show_count(room: str, count: Counter[str]) -> None:
    """A mutant that the tool could not try counts as one that was not caught."""
    caught = count[KILLED] + count[TIMED_OUT]
    share = 100 * caught / max(1, count.total())
    print(
        f"{room:17} {count.total():4} tried, {caught:4} caught ({count[TIMED_OUT]} by time), "
        f"{count[SURVIVED]:3} survived, {count[BROKEN]} broken tool: {share:.1f} %"
    )
