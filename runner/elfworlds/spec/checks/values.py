"""The names of the values of a trial, as matchers use them, and the fields of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.spec.checks.findings import Finding
from elfworlds.spec.checks.fits import Subject
from elfworlds.spec.model.experiment import Claim, Expectation
from elfworlds.spec.model.observers import OBSERVERS
from elfworlds.spec.shapes import FLAG, SCALAR, UNKNOWN, Fields, Repeated, Shape, bare, either, fields_of, follow
from elfworlds.spec.values.described import ALWAYS, REPORT, VALUE, VALUES, c_value, observer_values, step_values
from elfworlds.yamltext import closest, entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from elfworlds.refs import Template
    from elfworlds.spec.expand import Names
    from elfworlds.spec.model.experiment import Scenario
    from elfworlds.spec.model.steps import Step
    from elfworlds.yamltext import Data, Path

RESERVED = ("failed", "unsupported", "unreadable", "left-behind", "loop")
PLAYED = ("run", "steps")
MOST_SHOWN = 20  # fields in a hint
TIMES = "`%s.times` is how often it was observed"


@dataclass(frozen=True, slots=True)
class Values:
    """Name → what it is; `quiet` are names of steps that record nothing."""

    roots: Mapping[str, Shape]
    quiet: frozenset[str] = frozenset()

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.fault(name) is None

    def __len__(self) -> int:
        return len(self.roots)

    def __iter__(self) -> Iterator[str]:
        return iter(self.roots)

    def subject(self, name: str) -> Subject:
        """What a matcher is about, by a name that exists."""
        shape, _ = self._follow(name)
        return Subject(f"`{name}`", bare(shape), always="." not in name and name in ALWAYS)

    def hint(self, name: str) -> str | None:
        """What would be right."""
        return self.fault(name) or None

    def fault(self, name: str) -> str | None:
        """None where the name is right; otherwise a hint, empty if there is none."""
        root = name.partition(".")[0]
        if root in self.quiet:
            return "its step is `quiet`, and records nothing"
        if root not in self.roots:
            return f"`observe: [{root}]` gives it" if root in OBSERVERS else closest(root, self.roots) or ""
        shape, lacking = self._follow(name)
        if not lacking:
            return None
        return _instead(shape, name[: -len(lacking) - 1], lacking.partition(".")[0])

    def _follow(self, name: str) -> tuple[Shape, str]:
        """The shape to which the path leads, and the rest of the path from where there is no such field."""
        root, *path = name.split(".")
        shape, rest = follow(self.roots[root], path)
        return shape, ".".join(rest)


def _instead(shape: Shape, name: str, lacking: str) -> str:
    """What to write instead of a field that does not exist."""
    if lacking == "count" and isinstance(shape, Repeated):
        return TIMES % name
    fields = fields_of(shape)
    near = closest(lacking, fields) or ""
    if near.startswith("did"):
        return near.replace("`", f"`{name}.", 1)
    if len(fields) > MOST_SHOWN:
        return ""
    shown = ", ".join(f"`{name}.{field}`" for field in fields)
    return f"there are {shown}" if fields else f"`{name}` has no fields"


def values_of(scenario: Scenario, steps: Iterable[Step], known: Names, doubtful: Iterable[str] = ()) -> Values:
    """Every value of a scenario's trials.

    Args:
        scenario: the scenario.
        steps: all of its steps, those within steps too.
        known: the axes.
        doubtful: the names that it gives, those of wrong steps too.
    """
    shapes: dict[str, Shape] = dict(VALUES[scenario.kind])
    if scenario.kind in PLAYED:
        shapes |= {name: observer_values(name, scenario.observe) for name in scenario.observe.chosen}
        shapes |= reported(scenario.reports)
    shapes |= {name: UNKNOWN for name in doubtful if name not in shapes}
    named: dict[str, Shape] = {}
    quiet: set[str] = set()
    for giver in steps:
        there = {name: _of_c(text, scenario, known.where(giver.when)) for name, text in giver.values.items()}
        there |= {giver.name: step_values(giver, known.where(giver.when))} if giver.name else {}
        quiet |= set(there) if giver.quiet else set()
        for name, shape in there.items() if not giver.quiet else ():
            named[name] = either(named[name], shape) if name in named else shape
    return Values({**shapes, **named}, frozenset(quiet - set(named)))


def reported(reports: Iterable[str]) -> Mapping[str, Shape]:
    """What events are: `pair.left` in `reports` is a field of the event `pair`."""
    events: dict[str, dict[str, Shape]] = {}
    for report in reports:
        event, _, field = report.partition(".")
        events.setdefault(event, {}).update({field: SCALAR} if field else REPORT)
    return {event: Repeated(Fields({"ok": FLAG, **fields})) for event, fields in events.items()}


def _of_c(text: Template, scenario: Scenario, known: Names) -> Shape:
    """In C a comparison is a number, in C++ it is true or false: there, nothing can be said of an expression."""
    cxx = scenario.program is not None and scenario.program.language == "c++"
    return Repeated(Fields(VALUE)) if cxx else c_value(text, known)


def written(raw: Data) -> set[str]:
    """The names that a scenario gives to values, whatever else is wrong with it."""
    if not isinstance(raw, dict):
        return set()
    reports = raw.get("reports")
    listed = reports if isinstance(reports, list) else []
    events = {report.partition(".")[0] for report in listed if isinstance(report, str)}
    return events | named(raw.get("steps"))


def named(raw: Data) -> set[str]:
    """The names that steps give, whatever else is wrong with them."""
    if isinstance(raw, list):
        return {name for item in raw for name in named(item)}
    if not isinstance(raw, dict):
        return set()
    names = {str(raw["as"])} if isinstance(raw.get("as"), str) else set()
    names |= {str(name) for name in entries(raw.get("values"))}
    return names.union(*(named(value) for value in raw.values()))


def unknown_value(path: Path, matcher: Data, hint: str | None) -> Finding:
    """The finding for a value that no trial has; below a claim it may be one of the claim's own keys."""
    models = {"claim": Claim.model_fields, "expect": Expectation.model_fields}
    own = [field.alias or name for name, field in models.get(str(path[2]), {}).items()]
    if matcher is None:
        hint = "quote the text before it: inside {…} a comma ends a value"
    elif (near := closest(str(path[-1]), own)) and near.startswith("did"):
        hint = near
    return Finding(path, f"`{path[-1]}` is no value of this scenario", hint, at_key=True)
