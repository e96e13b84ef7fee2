"""Every text that a template can become over all points: references are checked for each label."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, product
from typing import TYPE_CHECKING

from elfworlds import refs
from elfworlds.yamltext import Scalar, closest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from elfworlds.refs import Reference, Template
    from elfworlds.spec.forms import Axis

ATTRIBUTES = ("dir", "soname")
MAX_EXPANSIONS = 10_000


def object_of(name: str, objects: Collection[str]) -> str | None:
    """The object that a reference's name speaks of: itself, its directory or its soname."""
    if name in objects:
        return name
    head, _, attribute = name.rpartition(".")
    return head if head in objects and attribute in ATTRIBUTES else None


@dataclass(frozen=True, slots=True)
class Names:
    """What references may name."""

    axes: Mapping[str, Axis]
    raw_axes: frozenset[str]
    objects: frozenset[str]
    values: Collection[str] = ()

    def object_of(self, name: str) -> str | None:
        return object_of(name, self.objects)

    def problem(self, name: str) -> tuple[str, str | None] | None:
        """What is wrong with a name between `${` and `}`."""
        if name.startswith("matrix."):
            axis = name.removeprefix("matrix.")
            if axis in self.raw_axes or axis in self.axes:
                return None
            return f"no axis `{axis}` in the matrix", closest(axis, self.raw_axes | set(self.axes))
        if self.object_of(name) or name in self.values:
            return None
        return f"`${{{name}}}` names nothing", self._hint(name)

    def _hint(self, name: str) -> str | None:
        if name in ("ORIGIN", "LIB", "PLATFORM"):
            return f"for the dynamic loader's own token write ${name}, or $${{{name}}}"
        if name in self.raw_axes:
            return f"an axis is ${{matrix.{name}}}"
        if name == "loop.index":
            return "only the steps of a loop have it; a thread in a loop has none"
        head, _, attribute = name.rpartition(".")
        if head in self.objects:
            return f"an object has `.dir` and `.soname`, no `.{attribute}`"
        known = self.objects | set(self.values) | {f"matrix.{axis}" for axis in self.raw_axes}
        return closest(name, known)


def expand(template: Template, axes: Mapping[str, Axis]) -> tuple[str, ...]:
    """The texts a template can become; what is no axis stays `${name}`."""
    found = islice(_expand(template, axes, depth=0), MAX_EXPANSIONS)
    return tuple(dict.fromkeys(found))


def _expand(template: Template, axes: Mapping[str, Axis], depth: int) -> Iterator[str]:
    choices = [
        [part] if isinstance(part, str) else list(islice(_choices(part, axes, depth), MAX_EXPANSIONS))
        for part in template.parts
    ]
    return ("".join(one) for one in product(*choices))


def _choices(reference: Reference, axes: Mapping[str, Axis], depth: int) -> Iterable[str]:
    for name in _expand(reference.name, axes, depth):
        axis = axes.get(name.removeprefix("matrix.")) if name.startswith("matrix.") else None
        if axis is None or depth > len(axes):
            yield f"${{{name}}}"
            continue
        for label, value in axis.values:
            typed = value if isinstance(value, Scalar) else label
            yield from _expand(refs.parse(typed), axes, depth + 1)


def names(template: Template, axes: Mapping[str, Axis]) -> tuple[str, ...]:
    """Every name that a reference of the template can have, inner ones first."""
    found = (name for reference in template.references() for name in expand(reference.name, axes))
    return tuple(dict.fromkeys(found))
