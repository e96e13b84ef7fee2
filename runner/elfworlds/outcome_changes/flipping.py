"""Trials → where their outcomes flip: the orders of axes, each change, and the accounts. Worked out once for a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.outcome_changes.account import accounts
from elfworlds.outcome_changes.changes import changes
from elfworlds.outcome_changes.makers import of_account, of_change
from elfworlds.outcome_changes.observed import observed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from elfworlds.outcome_changes.account import Account
    from elfworlds.outcome_changes.changes import Change
    from elfworlds.outcome_changes.observed import Axes
    from elfworlds.outcome_changes.ordering import Orders
    from elfworlds.records import TrialRecord


@dataclass(frozen=True, slots=True)
class Flips:
    """Where the outcomes of a run flip.

    Attributes:
        orders: the ordered axes.
        changes: by scenario, observer, axis, labels and version.
        accounts: of each scenario whose outcome flips along an axis, or varies between repetitions.
    """

    orders: Orders
    changes: tuple[Change, ...]
    accounts: tuple[Account, ...]


def flips(axes: Axes, orders: Orders, trials: Sequence[TrialRecord]) -> Flips:
    observations = observed(axes, orders, trials)
    return Flips(
        orders,
        tuple(map(of_change, changes(observations))),
        tuple(map(of_account, accounts(observations, trials))),
    )
