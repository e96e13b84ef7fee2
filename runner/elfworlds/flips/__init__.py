"""Along an ordered axis, everything else equal: where outcomes change, as values. Pure."""

from elfworlds.flips.account import Account, Section, accounts
from elfworlds.flips.alike import Outcomes, together
from elfworlds.flips.changes import Change, changes
from elfworlds.flips.conditions import Box, Condition, Cut
from elfworlds.flips.marks import Mark, Order
from elfworlds.flips.ordering import MadeWith, Orders, Versions, orders
from elfworlds.flips.regions import Region

__all__ = [
    "Account",
    "Box",
    "Change",
    "Condition",
    "Cut",
    "MadeWith",
    "Mark",
    "Order",
    "Orders",
    "Outcomes",
    "Region",
    "Section",
    "Versions",
    "accounts",
    "changes",
    "orders",
    "together",
]
