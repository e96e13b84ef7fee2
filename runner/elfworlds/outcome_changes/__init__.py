"""Where outcomes change along an ordered axis while everything else is equal. Pure: the results are values."""

from elfworlds.outcome_changes.account import Account, Section
from elfworlds.outcome_changes.alike import Outcomes, together
from elfworlds.outcome_changes.changes import Change
from elfworlds.outcome_changes.conditions import Box, Condition, Cut
from elfworlds.outcome_changes.flipping import Flips, flips
from elfworlds.outcome_changes.marks import Mark, Order
from elfworlds.outcome_changes.ordering import MadeWith, Orders, Versions, orders
from elfworlds.outcome_changes.regions import Region

__all__ = [
    "Account",
    "Box",
    "Change",
    "Condition",
    "Cut",
    "Flips",
    "MadeWith",
    "Mark",
    "Order",
    "Orders",
    "Outcomes",
    "Region",
    "Section",
    "Versions",
    "flips",
    "orders",
    "together",
]
