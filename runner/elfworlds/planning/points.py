"""The points of a matrix, and whether a `when` applies to one."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from elfworlds.errors import InputError
from elfworlds.spec.leaves.forms import label_of
from elfworlds.spec.leaves.versions import TOOLCHAIN_AXES, comparison, wanted
from elfworlds.toolchains.toolchain import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from elfworlds.planning.types import Point
    from elfworlds.spec.model.experiment import Matrix

    When = Mapping[str, tuple[str | None, ...]]
    Versions = Mapping[str, str]

LIBC = "libc"
GDB = "gdb"
DEFAULT_LIBC = "host"


class VersionUnknownError(InputError):
    """A `when` compares a version that is not known yet; going on could drop steps, or keep too many."""

    def __init__(self, toolchain: str, axis: str, text: str, part: str) -> None:
        self.axis, self.text = axis, text
        message = f"`{text}` cannot be decided: which {part} {toolchain} has is not known before it is there"
        super().__init__(message, hint=f"elfworlds toolchain fetch {toolchain}")


def labels(matrix: Matrix) -> dict[str, tuple[str, ...]]:
    """Axis → labels, those of added points included; `libc` is an axis even where the file has none."""
    axes = {name: axis.labels for name, axis in matrix.axes.items()}
    return axes if LIBC in axes else {**axes, LIBC: (DEFAULT_LIBC,)}


def points(matrix: Matrix, versions: Callable[[Point], Versions] = lambda _point: {}) -> Iterator[Point]:
    """Every combination that is not excluded, the last axis fastest; then the added ones.

    Args:
        matrix: the axes.
        versions: what `exclude` compares at a point.
    """
    axes = matrix.varied
    seen = set()
    for point in _product({name: axis.labels for name, axis in axes.items()}):
        if not any(applies(entry, dict(point), versions(point)) for entry in matrix.exclude):
            seen.add(point)
            yield point
    for entry in matrix.include:
        for point in _product({name: tuple(label_of(choice) for choice in entry[name]) for name in axes}):
            if point not in seen:
                seen.add(point)
                yield point


def _product(axes: Mapping[str, tuple[str, ...]]) -> Iterator[Point]:
    complete = dict(axes) if LIBC in axes else {**axes, LIBC: (DEFAULT_LIBC,)}
    for choice in product(*complete.values()):
        yield tuple(zip(complete, choice, strict=True))


def applies(when: When, point: Mapping[str, str], versions: Versions) -> bool:
    """Whether all keys hold; a list of choices is any-of.

    `libc`, `gdb`, `rustc` and axes of toolchains that build objects may name a version as well; of the last ones
    `versions` has the libc's under the axis' name, and its family under `AXIS-family`.
    """
    return all(any(_holds(name, choice, point, versions) for choice in choices) for name, choices in when.items())


def _holds(name: str, choice: str | None, point: Mapping[str, str], versions: Versions) -> bool:
    text = label_of(choice)
    if point.get(name) == text:
        return True
    of_libc = name == LIBC or f"{name}-family" in versions
    asked = (wanted if of_libc or name in TOOLCHAIN_AXES else comparison)(text)
    if asked is None:
        return False
    if of_libc and versions.get(f"{name}-family", "glibc") != (asked.family or "glibc"):
        return False
    version = versions.get(name) or point.get(name, "")
    if version == UNKNOWN:
        raise VersionUnknownError(point.get(name) or point[LIBC], name, text, LIBC if of_libc else name)
    return version[:1].isdigit() and asked.holds(version)
