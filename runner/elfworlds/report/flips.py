"""Where outcomes flip along ordered axes, in words: `isolated from libc 2.36 on, shared below`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.flips import accounts, orders

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from elfworlds.flips import Account, Box, Condition, Cut, Mark, Region, Section
    from elfworlds.records import RunTold

MOST_BOXES, MOST_LISTED = 5, 16
TOO_MANY = "no few words tell where the outcome changes; the table `flips` does"


def of(run: RunTold) -> list[Account]:
    """An account of each scenario whose outcome flips."""
    return accounts(run.axes, orders(run.axes, run.versions), run.trials)


def flip_lines(run: RunTold) -> list[str]:
    """The short form, a line a section; nothing where nothing flips."""
    return [line for one in of(run) for line in [*_lines(one), *(f"{one.scenario}: {text}" for text in rests(one))]]


def _lines(one: Account) -> Iterator[str]:
    for section in one.sections:
        yield f"{head(one, section)}: {words(section)}"
    if not one.sections:
        yield f"{head(one, None)}: {TOO_MANY}"


def head(one: Account, section: Section | None) -> str:
    """The scenario, under which observers, and at which labels of axes that are not told by thresholds."""
    observers = f" ({', '.join(one.observers)})" if one.observers else ""
    boxes = section.where if section else ()
    where = " or ".join(", ".join(map(_label, box)) for box in boxes if box)
    return f"{one.scenario}{observers}" + (f", where {where}" if where else "")


def words(section: Section) -> str:
    """What was seen in the section, and from which version on."""
    regions = section.regions
    if len(regions) == 1:
        return f"{_outcomes(regions[0])} everywhere"
    if all(len(one.boxes) == 1 and len(one.boxes[0]) == 1 for one in regions):
        return ", ".join(_along(regions))
    if too_long(section):
        return TOO_MANY
    parts = [f"{_outcomes(one)} {_places(one.boxes) or 'elsewhere'}" for one in regions]
    return "; ".join(parts)


def too_long(section: Section) -> bool:
    """Whether nobody would read it to its end."""
    boxes = [box for region in section.regions for box in region.boxes]
    listed = sum(len(condition.marks) for box in boxes for condition in box)
    return len(boxes) > MOST_BOXES or listed > MOST_LISTED


def rests(one: Account) -> list[str]:
    """What the words do not stand on."""
    missing = one.combinations - one.observed
    left = ", ".join(f"{count} trial{'' if count == 1 else 's'} {why}" for why, count in one.left_out)
    if not missing:
        return [f"left out: {left}"] if left else []
    only = ", ".join(f"{axis} = {label}" for axis, label in one.only)
    seen = f"; all that were have {only}" if only else ""
    return [f"{missing} of {one.combinations} combinations not observed{seen}" + (f" ({left})" if left else "")]


def between(section: Section) -> list[str]:
    """The long form of each threshold: the neighbours that were tried, with revisions and labels."""
    if too_long(section):
        return []
    conditions = [one for region in section.regions for box in region.boxes for one in box]
    found: dict[str, set[Cut]] = {}
    for one in conditions:
        found.setdefault(one.axis, set()).update(cut for cut in (one.since, one.until) if cut)
    return [
        f"{axis}: between {_full(cut.before)} and {_full(cut.after)}"
        for axis, cuts in found.items()
        for cut in sorted(cuts, key=lambda cut: cut.after.rank)
    ]


def _full(mark: Mark) -> str:
    labels = ", ".join(label for label in mark.labels if label != mark.full)
    return f"{mark.full} ({labels})" if labels else mark.full


def _outcomes(one: Region) -> str:
    """The name; of several how often each was seen."""
    if len(one.outcomes) == 1:
        return one.outcomes[0][0]
    total = sum(count for _, count in one.outcomes)
    return " or ".join(f"{name} ({count} of {total})" for name, count in one.outcomes)


def _along(regions: Sequence[Region]) -> Iterator[str]:
    """One axis, named once."""
    for place, one in enumerate(regions):
        ((condition,),) = one.boxes
        if place == len(regions) - 1 and condition.until and not condition.since and place == 1:
            yield f"{_outcomes(one)} below"
        else:
            yield f"{_outcomes(one)} {_first(condition, '' if place else f'{condition.axis} ')}"


def _places(boxes: Sequence[Box]) -> str:
    """Boxes, the ones with the most conditions first, so that no `where` is read as if it were the next one's too."""
    comma = ", " if len(boxes) == 1 else " "
    return ", or ".join(_place(box, comma) for box in sorted(boxes, key=len, reverse=True))


def _place(box: Box, comma: str) -> str:
    """The last axis in front: it is across in the pivot."""
    *more, first = box
    rest = " and ".join(_second(one) for one in more)
    return _first(first, f"{first.axis} ") + (f"{comma}where {rest}" if rest else "")


def _first(one: Condition, axis: str) -> str:
    if one.marks:
        return f"at {axis}{_any(one.marks)}"
    if one.since and one.until:
        first, last = one.since.after, one.until.before
        return f"at {axis}{first.text}" if first == last else f"from {axis}{first.text} to {last.text}"
    if one.since:
        return f"from {axis}{one.since.after.text} on"
    return f"below {axis}{one.until.after.text}" if one.until else ""


def _second(one: Condition) -> str:
    if one.marks:
        return f"{one.axis} is {_any(one.marks, 'or')}"
    if one.since:
        return f"{one.axis} is at least {one.since.after.text}"
    return f"{one.axis} is below {one.until.after.text}" if one.until else ""


def _any(marks: Sequence[Mark], last: str = "and") -> str:
    """`2.31, 2.36 and 2.41`."""
    texts = [one.text for one in marks]
    return f" {last} ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))


def _label(one: Condition) -> str:
    return f"{one.axis} = {one.family if one.family is not None else ' | '.join(one.labels)}"
