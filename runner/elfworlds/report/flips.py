"""Where outcomes flip along ordered axes, in words: `isolated from libc 2.36 on, shared below`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.outcome_changes import Flips, flips, orders, together

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from elfworlds.outcome_changes import Account, Box, Condition, Cut, Mark, Outcomes, Region, Section
    from elfworlds.records import RunRecord

MOST_BOXES, MOST_LISTED, MOST_NAMED = 5, 16, 3
LIBC = "libc"
TOO_MANY = "no few words tell where the outcome changes; the table `flips` does"
VARIES = "the outcome varies; along no ordered axis does it change by more than chance"


@dataclass(frozen=True, slots=True)
class FlipText:
    """A change of an outcome in words, or a reservation.

    Attributes:
        where: the scenario, and the labels on axes without a threshold.
        between: for each threshold its two neighbours, with revisions.
        threshold: whether `what` names one.
    """

    where: str
    what: str
    between: tuple[str, ...] = ()
    threshold: bool = False


def texts(run_flips: Flips) -> list[FlipText]:
    """The long form: every section with its thresholds, then the reservations, scenario by scenario."""
    lines = []
    for account in run_flips.accounts:
        lines += [
            FlipText(head(account, section), words(section), tuple(between(section)), threshold=True)
            for section in account.sections
        ]
        if not account.sections:
            lines.append(FlipText(head(account, None), without_sections(account)))
        lines += [FlipText(account.scenario, text) for text in rests(account)]
    return lines


def of(run: RunRecord) -> Flips:
    """Where the outcomes of a run flip; every form of report is handed this value."""
    return flips(run.axes, orders(run.axes, run.versions, run.made_with), run.trials)


def flip_lines(run_flips: Flips) -> list[str]:
    """The short form: a line for each section, then the reservations; no line if nothing flips or varies."""
    return [
        line
        for account in run_flips.accounts
        for line in [*_lines(account), *(f"{account.scenario}: {text}" for text in rests(account))]
    ]


def _lines(account: Account) -> Iterator[str]:
    for section in account.sections:
        yield f"{head(account, section)}: {words(section)}"
    if not account.sections:
        yield f"{head(account, None)}: {without_sections(account)}"


def without_sections(account: Account) -> str:
    """The text for an account without sections."""
    return TOO_MANY if account.flips else VARIES


def head(account: Account, section: Section | None) -> str:
    """The scenario, the observers, and the section's labels on axes without a threshold."""
    observers = f" ({', '.join(account.observers)})" if account.observers else ""
    boxes = section.where if section else ()
    where = " or ".join(", ".join(map(_label, box)) for box in boxes if box)
    return f"{account.scenario}{observers}" + (f", where {where}" if where else "")


def words(section: Section) -> str:
    """The section's outcomes, and from which version on each was seen."""
    regions = section.regions
    if len(regions) == 1:
        outcomes = _outcomes(regions[0].outcomes)
        if len(regions[0].outcomes) == 1:
            return f"{outcomes} everywhere"
        return f"the outcome varies: {outcomes}; no place differs by more than chance"
    if all(len(region.boxes) == 1 and len(region.boxes[0]) == 1 for region in regions):
        return ", ".join(_along(regions))
    if too_long(section):
        return TOO_MANY
    parts = [f"{_outcomes(region.outcomes)} {_places(region.boxes) or 'elsewhere'}" for region in regions]
    return "; ".join(parts)


def too_long(section: Section) -> bool:
    """Whether a section is too long to be put into words."""
    boxes = [box for region in section.regions for box in region.boxes]
    listed = sum(len(condition.marks) for box in boxes for condition in box)
    return len(boxes) > MOST_BOXES or listed > MOST_LISTED


def rests(account: Account) -> list[str]:
    """Reservations: what the run did not show."""
    return [*_together(account), *_undecided(account), *_missing(account)]


def _together(account: Account) -> list[str]:
    """The parts of a toolchain that changed at the same cut, if there are several."""
    cuts = [cut for section in account.sections for cuts in _cuts(section).values() for cut in cuts]
    names = list(dict.fromkeys(name for cut in cuts for name, _ in cut.changed))
    return [f"{_listed(names)} changed together; which of them decides was not seen"] if len(names) > 1 else []


def _undecided(account: Account) -> list[str]:
    if not account.undecided:
        return []
    seen = f"{len(account.undecided)} of {account.combinations} combinations"
    outcomes = _outcomes(together(account.undecided))
    return [f"{seen} cannot be told from two that differ: {outcomes}; more repetitions would tell"]


def _missing(account: Account) -> list[str]:
    missing = account.combinations - account.observed
    left = ", ".join(f"{count} trial{'' if count == 1 else 's'} {why}" for why, count in account.left_out)
    if not missing:
        return [f"left out: {left}"] if left else []
    only = ", ".join(f"{axis} = {label}" for axis, label in account.only)
    seen = f"; all that were have {only}" if only else ""
    return [f"{missing} of {account.combinations} combinations not observed{seen}" + (f" ({left})" if left else "")]


def between(section: Section) -> list[str]:
    """The long form of each threshold: the two observed neighbours, with revisions and labels."""
    if too_long(section):
        return []
    return [
        f"{axis}{_whose(cut)}: between {_full(cut.before)} and {_full(cut.after)}"
        for axis, cuts in _cuts(section).items()
        for cut in sorted(cuts, key=lambda cut: cut.after.rank)
    ]


def _cuts(section: Section) -> dict[str, set[Cut]]:
    """Axis → the thresholds on it that the section names."""
    cuts: dict[str, set[Cut]] = {}
    for condition in (condition for region in section.regions for box in region.boxes for condition in box):
        cuts.setdefault(condition.axis, set()).update(cut for cut in (condition.since, condition.until) if cut)
    return cuts


def _full(mark: Mark) -> str:
    labels = ", ".join(label for label in mark.labels if label != mark.full)
    return f"{mark.full} ({labels})" if labels else mark.full


def _outcomes(seen: Outcomes) -> str:
    """The outcome's name; with several outcomes, each name and its count."""
    if len(seen) == 1:
        return seen[0][0]
    total = sum(count for _, count in seen)
    return " or ".join(f"{name} ({count} of {total})" for name, count in seen)


def _along(regions: Sequence[Region]) -> Iterator[str]:
    """Phrases for regions on one axis; only the first phrase names the axis."""
    for place, region in enumerate(regions):
        ((condition,),) = region.boxes
        if place == len(regions) - 1 and condition.until and not condition.since and place == 1:
            yield f"{_outcomes(region.outcomes)} below"
        else:
            yield f"{_outcomes(region.outcomes)} {_first(condition, '' if place else f'{condition.axis} ')}"


def _places(boxes: Sequence[Box]) -> str:
    """Boxes in words, those with most conditions first: so no `where` seems to apply to the next box."""
    comma = ", " if len(boxes) == 1 else " "
    return ", or ".join(_place(box, comma) for box in sorted(boxes, key=len, reverse=True))


def _place(box: Box, comma: str) -> str:
    """A box in words. The last axis comes first, because it is across in the pivot."""
    *more, first = box
    rest = " and ".join(_second(condition) for condition in more)
    return _first(first, f"{first.axis} ") + (f"{comma}where {rest}" if rest else "")


def _first(condition: Condition, axis: str) -> str:
    """The first condition in words. `axis` is empty if it was named before; parts of a toolchain are always named."""
    if built := _built(condition):
        return f"if {built}"
    if condition.marks:
        return f"at {'' if condition.marks[0].parts else axis}{_any(condition.marks)}"
    if condition.since and condition.until:
        first, last = (
            _version(condition.axis, condition.since, axis),
            _last(condition.axis, condition.since, condition.until),
        )
        return f"at {first}" if condition.since.after == condition.until.before else f"from {first} to {last}"
    if condition.since:
        return f"from {_version(condition.axis, condition.since, axis)} on"
    return f"below {_version(condition.axis, condition.until, axis)}" if condition.until else ""


def _second(condition: Condition) -> str:
    if built := _built(condition):
        return built
    if condition.marks:
        return f"{'made with' if condition.marks[0].parts else f'{condition.axis} is'} {_any(condition.marks, 'or')}"
    if condition.since:
        version = _version(condition.axis, condition.since)
        return f"made with {version} or later" if condition.since.changed else f"{condition.axis} is at least {version}"
    if condition.until is None:
        return ""
    version = _version(condition.axis, condition.until)
    return f"made with less than {version}" if condition.until.changed else f"{condition.axis} is below {version}"


def _version(axis: str, cut: Cut, prefix: str = "") -> str:
    """The version at the upper side of a threshold."""
    return " with ".join(" ".join(part) for part in _deciding(axis, cut)) or f"{prefix}{cut.after.text}"


def _last(axis: str, since: Cut, until: Cut) -> str:
    """The version at the lower side of the upper threshold, in the parts that the lower threshold names."""
    versions = dict(until.before.parts)
    return " with ".join(f"{name} {versions[name]}" for name, _ in _deciding(axis, since)) or until.before.text


def _deciding(axis: str, cut: Cut) -> list[tuple[str, str]]:
    """The parts that changed at a cut; the toolchain's own version only if no other part changed."""
    own = cut.after.own_name(axis)
    return [(name, version) for name, version in cut.changed if name != own] or list(cut.changed)


def _built(condition: Condition) -> str:
    """A condition on the libc of what builds objects: `lib is built with libc 2.41 or later`; else empty."""
    cuts = [cut for cut in (condition.since, condition.until) if cut]
    mark = cuts[0].after if cuts else condition.marks[0] if condition.marks else None
    others = {name for cut in cuts for name, _ in _deciding(condition.axis, cut)} - {LIBC}
    if mark is None or not mark.builds or others or any(mark.parts for mark in condition.marks):
        return ""
    what = f"{_objects(mark)} built with"
    if condition.marks:
        return f"{what} {LIBC} {_any(condition.marks, 'or')}"
    first, *last = (_version(condition.axis, cut, f"{LIBC} ") for cut in cuts)
    if last and condition.since and condition.until:
        one = condition.since.after == condition.until.before
        return f"{what} {first}" + ("" if one else f" to {_last(condition.axis, condition.since, condition.until)}")
    return f"{what} {first} or later" if condition.since else f"{what} less than {first}"


def _objects(mark: Mark) -> str:
    """The objects that toolchains of an axis build, as the start of a sentence."""
    if len(mark.builds) > MOST_NAMED:
        return "objects are"
    return f"{_listed(mark.builds)} {'is' if len(mark.builds) == 1 else 'are'}"


def _whose(cut: Cut) -> str:
    return f" ({LIBC} with which {_objects(cut.after)} built)" if cut.after.builds else ""


def _any(marks: Sequence[Mark], last: str = "and") -> str:
    """The versions in a row: `2.31, 2.36 and 2.41`."""
    return _listed([mark.text for mark in marks], last)


def _listed(texts: Sequence[str], last: str = "and") -> str:
    return f" {last} ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))


def _label(condition: Condition) -> str:
    return f"{condition.axis} = {condition.family if condition.family is not None else ' | '.join(condition.labels)}"
