"""What a trial gave, found by name: `lib.error`, `opened.all.lmid`, `gdb.stops.function`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from elfworlds.spec.shapes import OF_LISTS, OF_OBSERVED, length_of_name
from elfworlds.traces import events as tracing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from elfworlds.jsondata import Json, JsonObject
    from elfworlds.traces.events import Event


class Absent(Enum):
    """What a trial did not give, which is something else than null."""

    ABSENT = "absent"


DEFAULT = "default-version"
ABSENT: Final = Absent.ABSENT
Value: TypeAlias = "Json | Absent"


class Several(tuple["JsonObject", ...]):
    """One name observed several times, each a mapping of fields; alone the name means the last one."""

    __slots__ = ()


class Named(tuple["JsonObject", ...]):
    """Mappings that each have a `name`; a path may go on with a name, which leads to those that have it."""

    __slots__ = ()

    def follow(self, path: list[str]) -> tuple[Value, list[str]]:
        """What a path leads to from here, and the rest of the path."""
        fields = set(self[0]) if self else set()
        if path[0] in OF_LISTS or path[0] in fields:
            return _step(self, path[0]), path[1:]
        taken = length_of_name(path, fields)
        return self.called(".".join(path[:taken])), path[taken:]

    def called(self, name: str) -> Several | Absent:
        """Those of a name; the last one is that of the default version, where one is."""
        items = [item for item in self if item.get("name") == name]
        return Several(sorted(items, key=lambda item: item.get(DEFAULT) is True)) if items else ABSENT


class Counts(dict[str, "Json"]):
    """How many there are of each kind; of one that is not named, none."""

    __slots__ = ()


def lookup(values: JsonObject, name: str) -> Value:
    """The value that a name of an experiment stands for; `ABSENT` where the trial did not give it."""
    root, *path = name.split(".")
    if name in values:
        return _bare(values[name])
    value: Value = values.get(root, ABSENT)
    while path:
        value, path = value.follow(path) if isinstance(value, Named) else (_step(value, path[0]), path[1:])
    return _bare(value)


def _step(value: Value, step: str) -> Value:
    if isinstance(value, Counts):
        return value.get(step, 0)
    if isinstance(value, Several):
        own = value[-1].get(step, ABSENT) if value else ABSENT
        return own if own is not ABSENT else _of_all(value, step) if step in OF_OBSERVED else ABSENT
    if isinstance(value, list | tuple):
        if step in OF_LISTS and not any(isinstance(item, Mapping) and step in item for item in value):
            return _of_all(value, step)
        return [inner for item in value if (inner := _step(item, step)) is not ABSENT]
    return value.get(step, ABSENT) if isinstance(value, Mapping) else ABSENT


def _of_all(items: Sequence[Json], step: str) -> Value:
    if step in ("count", "times"):
        return len(items)
    if step == "all":
        return list(items)
    return items[0 if step == "first" else -1] if items else ABSENT


def _bare(value: Value) -> Value:
    """A name that holds a value is that value."""
    if isinstance(value, Several):
        return _bare(value[-1]) if value else ABSENT
    if isinstance(value, list):
        return [bare for item in value if (bare := _bare(item)) is not ABSENT]
    return value["value"] if isinstance(value, Mapping) and "value" in value and "ok" in value else value


def event_values(events: Iterable[Event]) -> dict[str, Json]:
    """The values of a program's events: each name's own, `events`, and `error` and `failed-step` where it gave up."""
    by_name: dict[str, list[JsonObject]] = {}
    names = []
    extra: dict[str, Json] = {}
    for event in events:
        names.append(event.name)
        by_name.setdefault(event.name, []).append({"ok": True, **event.fields})
        if event.name == tracing.FAILED:
            extra = {"failed-step": event.fields.get("step"), "error": event.fields.get("error")}
    return {**{name: Several(items) for name, items in by_name.items()}, "events": names, **extra}
