"""The names by which matchers speak of what a trial gave, and the fields that each has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from elfworlds.spec.findings import Finding
from elfworlds.spec.model import Claim, Expectation
from elfworlds.spec.objects import FACTS
from elfworlds.spec.observe import NAMES
from elfworlds.yamltext import closest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from elfworlds.spec.model import Scenario
    from elfworlds.spec.steps import Step
    from elfworlds.yamltext import Path

PROGRAM = ("start", "exit", "signal", "timed-out", "stdout", "stderr", "events", "processes")
VALUES: Mapping[str, tuple[str, ...]] = {
    "run": PROGRAM,
    "steps": (*PROGRAM, "error", "failed-step"),
    "build": ("exit", "output"),
    "inspect": (*FACTS, "exports", "undefined", "missing-objects", "missing-symbols", "size"),
}
RESERVED = ("failed", "unsupported", "unreadable", "left-behind", "loop")
ACCESSORS = ("first", "last", "all", "count")
OPENED = ("ok", "error", "lmid", "base", "path")
CHILD = ("ok", "error", "started", "timed-out", "pid", "exit", "signal")
FIELDS: Mapping[str, tuple[str, ...]] = {
    "load": OPENED,
    "dlopen": OPENED,
    "dlmopen": OPENED,
    "dlsym": ("ok", "error", "address"),
    "call": ("ok", "error", "value"),
    "read": ("ok", "error", "value"),
    "namespaces": ("ok", "error", "count", "maps"),
    "mappings": ("ok", "error", "count", "copies", "perms"),
    "phdrs": ("ok", "names"),
    "thread": ("ok", "error", "cancelled"),
    "fork": CHILD,
    "system": CHILD,
    "loop": ("ok", "error", "count"),
    "copy_": ("ok", "error"),
}


@dataclass(frozen=True, slots=True)
class Values:
    """Name → the fields that may follow it; None for any, as an observer's."""

    roots: Mapping[str, tuple[str, ...] | None]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.fault(name) is None

    def __len__(self) -> int:
        return len(self.roots)

    def __iter__(self) -> Iterator[str]:
        return iter(self.roots)

    def hint(self, name: str) -> str | None:
        """What would be right."""
        return self.fault(name) or None

    def fault(self, name: str) -> str | None:
        """None where the name is right; otherwise what would be, or nothing."""
        root, *path = name.split(".")
        if root not in self.roots:
            return f"`observe: [{root}]` gives it" if root in NAMES else closest(root, self.roots) or ""
        fields = self.roots[root]
        while path and path[0] in ACCESSORS and path[0] not in (fields or ()):
            path = path[1:]
        if not path or fields is None or path[0] in fields:
            return None
        shown = ", ".join(f"`{root}.{field}`" for field in fields)
        return f"there are {shown}" if fields else f"`{root}` has no fields"


def values_of(one: Scenario, steps: Iterable[Step], doubtful: Iterable[str] = ()) -> Values:
    """Every value of a scenario's trials.

    Args:
        one: the scenario.
        steps: all of its steps, those within steps too.
        doubtful: the names that it gives, those of wrong steps too.
    """
    found: dict[str, tuple[str, ...] | None] = dict.fromkeys(VALUES[one.kind], ())
    found |= (
        dict.fromkeys((*one.reports, *one.observe.chosen, "processes", "events"), None) if one.kind in PLAYED else {}
    )
    found |= {"start": ("errno",)} if one.kind in PLAYED else {}
    found |= dict.fromkeys((name for name in doubtful if name not in found), None)
    for step in steps:
        found |= dict.fromkeys(step.values, ("ok", "value"))
        if step.name:
            found[step.name] = FIELDS.get(step.verb, ())
    return Values(found)


PLAYED = ("run", "steps")


def written(raw: Any) -> set[str]:  # noqa: ANN401  # any part of the file
    """The names that a scenario gives to values, whatever else is wrong with it."""
    if not isinstance(raw, dict):
        return set()
    reports = raw.get("reports")
    told = {one for one in reports if isinstance(one, str)} if isinstance(reports, list) else set()
    return told | named(raw.get("steps"))


def named(raw: Any) -> set[str]:  # noqa: ANN401  # any part of the file
    """The names that steps give, whatever else is wrong with them."""
    if isinstance(raw, list):
        return {name for one in raw for name in named(one)}
    if not isinstance(raw, dict):
        return set()
    found = {str(raw["as"])} if isinstance(raw.get("as"), str) else set()
    values = raw.get("values")
    found |= {str(name) for name in values} if isinstance(values, dict) else set()
    return found.union(*(named(value) for value in raw.values()))


def unknown_value(path: Path, matcher: object, hint: str | None) -> Finding:
    """The finding for a value that no trial has; below a claim it may be one of the claim's own keys."""
    models = {"claim": Claim.model_fields, "expect": Expectation.model_fields}
    own = [field.alias or name for name, field in models.get(str(path[2]), {}).items()]
    if matcher is None:
        hint = "quote the text before it: inside {…} a comma ends a value"
    elif (near := closest(str(path[-1]), own)) and near.startswith("did"):
        hint = near
    return Finding(path, f"`{path[-1]}` is no value of this scenario", hint, at_key=True)
