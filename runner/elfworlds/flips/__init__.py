"""Along an ordered axis, everything else equal: where outcomes change, as values. Pure."""

from elfworlds.flips.account import Account, Section, accounts
from elfworlds.flips.changes import Change, changes
from elfworlds.flips.conditions import Box, Condition, Cut
from elfworlds.flips.ordering import Mark, Order, Versions, orders
from elfworlds.flips.regions import Region

__all__ = [
    "Account",
    "Box",
    "Change",
    "Condition",
    "Cut",
    "Mark",
    "Order",
    "Region",
    "Section",
    "Versions",
    "accounts",
    "changes",
    "orders",
]
