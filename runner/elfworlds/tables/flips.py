"""Where outcomes change along ordered axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.columns import FLIPS
from elfworlds.tables.frame import from_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd  # noqa: TID251  # this room is the only place for it

    from elfworlds.outcome_changes import Change
    from elfworlds.records import RunRecord
    from elfworlds.tables.frame import Scalar


def flips_frame(run: RunRecord, listed: Sequence[Change]) -> pd.DataFrame:
    """A row for each change between two neighbours on an axis; their labels on all other axes are equal."""
    return from_rows(FLIPS.columns(run.axes), ({**_row(change), "experiment": run.name} for change in listed))


def _row(change: Change) -> dict[str, Scalar]:
    before, after = change.cut.before, change.cut.after
    return {
        **change.at,
        "scenario": change.scenario,
        "observer": change.observer,
        "axis": change.axis,
        "below_label": before.labels[0],
        "below_version": before.text,
        "from_label": after.labels[0],
        "from_version": after.text,
        "outcome_before": _text(change.before),
        "outcome_after": _text(change.after),
        "comes_back": change.comes_back,
    }


def _text(outcomes: Sequence[tuple[str, int]]) -> str:
    """The outcome's name; with several outcomes, each name and its count."""
    if len(outcomes) == 1:
        return outcomes[0][0]
    return ", ".join(f"{name} ×{count}" for name, count in outcomes)
