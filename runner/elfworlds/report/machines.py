"""On which machines a run's trials ran, where several tried them, and which cells mix machines of different kinds."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from elfworlds.records import TrialRecord

    Kind = tuple[str | None, str | None, str | None]

HEAD = ("machine", "kernel", "cpu", "architecture", "trials")
MARK = "†"


def rows(trials: Iterable[TrialRecord]) -> list[tuple[str, str, str, str, str]]:
    """A row for each machine that tried trials; none where all ran on the runner's own."""
    counts = Counter(
        (trial.ran_on, trial.on_kernel or "", trial.on_cpu or "", trial.on_architecture or "")
        for trial in trials
        if trial.ran_on is not None
    )
    return [(*machine, str(count)) for machine, count in sorted(counts.items())]


def kind(trial: TrialRecord) -> Kind:
    """What may decide an outcome: two machines of one kind are the same to a trial."""
    return trial.on_kernel, trial.on_cpu, trial.on_architecture


def mixed(trials: Sequence[TrialRecord]) -> bool:
    """Whether the trials ran on machines of more than one kind."""
    return len(set(map(kind, trials))) > 1


def remark(trials: Sequence[TrialRecord], *, marked: bool) -> list[str]:
    """A sentence on cells that mix kinds of machines; none where no cell does.

    Args:
        trials: of the run.
        marked: whether any cell has the mark.
    """
    if not marked:
        return []
    kinds = sorted({", ".join(filter(None, kind(trial))) for trial in trials})
    return [f"{MARK} trials of this cell ran on machines of different kinds: {'; '.join(filter(None, kinds))}"]
