"""Of a place at which one linker or compiler was asked for, nothing is said of the versions of the others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds.makers import COMPILERS, LINKERS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from elfworlds.outcome_changes.account import Account, Section
    from elfworlds.outcome_changes.changes import Change
    from elfworlds.outcome_changes.conditions import Box, Condition, Cut
    from elfworlds.outcome_changes.marks import Mark

    Labels = Mapping[str, Collection[str]]  # axis → the labels that a place has
    Narrow = Callable[[Mark], Mark]

# what an axis says → the part that it asks for: of linkers, of compilers
KINDS: tuple[Mapping[str, str], ...] = (
    {linker: "binutils" if linker == "bfd" else linker for linker in LINKERS},
    {compiler: compiler for compiler in COMPILERS},
)


def of_account(account: Account) -> Account:
    """The account, each section without the parts that made nothing in it."""
    return replace(account, sections=tuple(map(_of_section, account.sections)))


def of_change(change: Change) -> Change:
    """The change, without the parts that made nothing at its labels."""
    at = {axis: (label,) for axis, label in change.at.items()}
    return replace(change, cut=_cut(change.cut, lambda mark: _narrowed(mark, [at])))


def _of_section(section: Section) -> Section:
    places = [{condition.axis: condition.labels for condition in box if condition.labels} for box in section.where]

    def narrow(mark: Mark) -> Mark:
        return _narrowed(mark, places)

    regions = (replace(region, boxes=tuple(_box(box, narrow) for box in region.boxes)) for region in section.regions)
    return replace(section, regions=tuple(regions))


def _box(box: Box, narrow: Narrow) -> Box:
    return tuple(_condition(condition, narrow) for condition in box)


def _condition(condition: Condition, narrow: Narrow) -> Condition:
    return replace(
        condition,
        since=condition.since and _cut(condition.since, narrow),
        until=condition.until and _cut(condition.until, narrow),
        marks=tuple(map(narrow, condition.marks)),
    )


def _cut(cut: Cut, narrow: Narrow) -> Cut:
    return replace(cut, before=narrow(cut.before), after=narrow(cut.after))


def _narrowed(mark: Mark, places: Collection[Labels]) -> Mark:
    """The mark without the parts that made nothing at any of the places."""
    names = {name for name, _ in mark.parts}
    idle = set.intersection(*(_idle(names, place) for place in places)) if places else set()
    if not idle:
        return mark
    full = _without(mark.full, ", ", idle)
    text = full if mark.text == mark.full else _without(mark.text, " with ", idle) or full
    return replace(mark, parts=tuple(part for part in mark.parts if part[0] not in idle), text=text, full=full)


def _idle(names: Collection[str], labels: Labels) -> set[str]:
    """The linkers and compilers that are not asked for where one of them is, by an axis of their names."""
    idle: set[str] = set()
    for asked in labels.values():
        for kind in KINDS:
            used = {kind[label] for label in asked} if set(asked) <= kind.keys() else set()
            if used.intersection(names):
                idle |= set(kind.values()) - used
    return idle.intersection(names)


def _without(text: str, between: str, idle: Collection[str]) -> str:
    """A list of `name version` without some names."""
    return between.join(part for part in text.split(between) if part.partition(" ")[0] not in idle)
