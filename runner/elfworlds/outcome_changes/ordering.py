"""Which axes have an order, and the place of each label on them.

`libc`, `gdb` and `rustc` are ordered by the version that a label's toolchain really had, and an axis of toolchains that
build objects by their libcs. Any other axis is ordered by
its labels, if all of them are numbers or versions. If a scenario asks about an object's build, toolchains are ordered
by the versions of the linker and the compiler that made the object. The order of labels in a file does not matter.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from elfworlds.outcome_changes.labels import places
from elfworlds.outcome_changes.marks import LIBC, Mark, Order
from elfworlds.outcome_changes.parts import by_parts
from elfworlds.spec.leaves.versions import order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from elfworlds.spec.leaves.versions import SortKey

    Key: TypeAlias = "tuple[SortKey, str, SortKey]"

# axis → label → `version`, `revision`, `family`, `variant` if they are known, and `builds` if it is an axis of builders
Versions: TypeAlias = "Mapping[str, Mapping[str, Mapping[str, str]]]"

# scenario → axis → label → the parts that made its object: part → version, the most important part first
MadeWith: TypeAlias = "Mapping[str, Mapping[str, Mapping[str, Mapping[str, str]]]]"


@dataclass(frozen=True, slots=True)
class Orders:
    """The ordered axes of a run, and the orders that only one scenario has."""

    by_axis: Mapping[str, Order]
    of_scenarios: Mapping[str, Mapping[str, Order]] = field(default_factory=dict)

    def of(self, scenario: str) -> dict[str, Order]:
        """Axis → its order in a scenario. Axes with fewer than two places are left out."""
        in_scenario = {**self.by_axis, **self.of_scenarios.get(scenario, {})}
        return {axis: order for axis, order in in_scenario.items() if len(order.marks) > 1}


def orders(axes: Mapping[str, Sequence[str]], versions: Versions, made_with: MadeWith | None = None) -> Orders:
    """The order of each axis that has one."""
    of_versions = (_of_versions(axis, labels, versions[axis]) for axis, labels in axes.items() if axis in versions)
    of_labels = (_of_labels(axis, labels) for axis, labels in axes.items() if axis not in versions)
    by_axis = {order.axis: order for order in (*of_versions, *of_labels) if order is not None and order.marks}
    in_order = {axis: by_axis[axis] for axis in axes if axis in by_axis}
    own = {
        scenario: {axis: by_parts(in_order[axis], parts) for axis, parts in made.items() if axis in in_order}
        for scenario, made in (made_with or {}).items()
    }
    return Orders(in_order, own)


def _of_versions(axis: str, labels: Sequence[str], versions: Mapping[str, Mapping[str, str]]) -> Order:
    """By family, then version, then revision; labels that agree in all three share a place.

    After a version's revisions come the libcs of one's own, by their names: no revision of theirs is the newer one.
    """
    by_key: dict[tuple[str, Key], list[str]] = {}
    for label in labels:
        version = versions.get(label, {})
        if version.get("version"):
            own = version.get("variant", "")
            key = (order(version["version"]), own, order("" if own else version.get("revision", "")))
            by_key.setdefault((_family(axis, version), key), []).append(label)
    ranked = sorted(by_key.items(), key=lambda version: version[0])
    first = [versions[members[0]] for _, members in ranked]
    texts = [(_family(axis, version), version["version"]) for version in first]
    same = Counter(texts)
    return Order.of(
        axis,
        (
            Mark(rank, full if same[text] > 1 else text[1], full, tuple(members), text[0], builds=_builds(version))
            for rank, ((_, members), text, version) in enumerate(zip(ranked, texts, first, strict=True))
            for full in [version.get("revision") or version["version"]]
        ),
    )


def _family(axis: str, version: Mapping[str, str]) -> str:
    return version.get("family", "glibc" if axis == LIBC or "builds" in version else "")


def _builds(version: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(version.get("builds", "").split())


def _of_labels(axis: str, labels: Sequence[str]) -> Order | None:
    """By the labels themselves, if they are numbers or versions."""
    numbers = places(labels)
    if numbers is None:
        return None
    by_place: dict[int, list[str]] = {}
    for label, place in zip(labels, numbers, strict=True):
        by_place.setdefault(place, []).append(label)
    marks = enumerate(by_place[place] for place in sorted(by_place))
    return Order.of(axis, (Mark(rank, members[0], members[0], tuple(members)) for rank, members in marks))
