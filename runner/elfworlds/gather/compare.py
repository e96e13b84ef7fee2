"""Two gatherings → the places where they differ. Places where a race decides are listed separately. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from elfworlds.gather.cells import MACHINE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from elfworlds.gather.cells import Cell, Gathered

NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Difference:
    """One place, and what happened there in the first gathering and in the second."""

    place: tuple[str, ...]
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences of two gatherings.

    Attributes:
        compared: the number of places that were compared.
        differences: the places that differ although no race explains it.
        races: the places that differ by a race: repetitions differ there, and each outcome is an expected one.
        other_versions: toolchain → why its places were not compared: the version of a part differs.
    """

    compared: int
    differences: tuple[Difference, ...]
    races: tuple[Difference, ...]
    other_versions: Mapping[str, str]


def of_libc(gathered: Gathered, libc: str, name: str) -> Gathered:
    """The places of one libc alone, as those of `name`: so two libcs of one run can be compared.

    Args:
        gathered: of any libcs.
        libc: a label of that axis.
        name: what stands in its place, also as gdb, where that is of the same toolchain.
    """
    own = (cell for cell in gathered.cells if cell.libc == libc)
    named = (replace(cell, libc=name, gdb=name if cell.gdb == libc else cell.gdb) for cell in own)
    return replace(gathered, cells=tuple(named))


def compare(before: Gathered, after: Gathered) -> Comparison:
    """Compare two gatherings, in the order of the first; places that only the second has come last."""
    other = _other_versions(before, after)
    here = {_place(cell): cell for cell in before.cells if _same(cell, other)}
    there = {_place(cell): cell for cell in after.cells if _same(cell, other)}
    differences: list[Difference] = []
    races: list[Difference] = []
    for place in dict.fromkeys((*here, *there)):
        first, second = here.get(place), there.get(place)
        if _in_words(first) != _in_words(second):
            by_chance = first is not None and second is not None and _by_chance(first, second)
            (races if by_chance else differences).append(Difference(place, _in_words(first), _in_words(second)))
    return Comparison(len({**here, **there}), tuple(differences), tuple(races), other)


def _by_chance(first: Cell, second: Cell) -> bool:
    """Whether a race explains a difference: repetitions differ on a side, and all outcomes of both are expected."""
    return (first.race or second.race) and first.verdict.met and second.verdict.met


def _place(cell: Cell) -> tuple[str, ...]:
    return cell.experiment, cell.scenario, cell.observer, cell.point, cell.libc, cell.gdb


def _same(cell: Cell, other: Collection[str]) -> bool:
    """Whether a place's toolchains have the same versions: libc's, gdb's, and those of roots that its point names."""
    labels = (text.partition("=")[2] for text in cell.point.split())
    return not any(name in other for name in (cell.libc, cell.gdb, *(label for label in labels if "/" in label)))


def _in_words(cell: Cell | None) -> str:
    if cell is None:
        return NOT_TRIED
    return f"{cell.outcome} [{cell.verdict}]" if not cell.verdict.tried else cell.outcome


def _other_versions(before: Gathered, after: Gathered) -> dict[str, str]:
    here, there = _parts(before), _parts(after)
    other_versions: dict[str, str] = {}
    for toolchain in here:
        for text in _differing(here[toolchain], there.get(toolchain, {})):
            other_versions.setdefault(toolchain, text)
    return other_versions


def _parts(gathered: Gathered) -> dict[str, dict[str, str]]:
    parts: dict[str, dict[str, str]] = {}
    for version in gathered.versions:
        if version.toolchain != MACHINE:
            parts.setdefault(version.toolchain, {})[version.part] = version.version
    return parts


def _differing(here: Mapping[str, str], there: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each part that both have in different versions, the libc first."""
    for part in sorted(here.keys() & there.keys(), key=lambda part: (not part.startswith("libc"), part)):
        if here[part] != there[part]:
            yield f"{part} is {there[part]}, not {here[part]}"
