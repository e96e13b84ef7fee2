"""How much a file asks for, counted before any of it is made: points, trials, and the texts that references become."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from elfworlds import refs
from elfworlds.refs import RefError, Template
from elfworlds.spec.checks.findings import Finding, texts
from elfworlds.spec.expand import MAX_EXPANSIONS, expand
from elfworlds.yamltext import entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from elfworlds.refs import Reference
    from elfworlds.spec.leaves.forms import Axis
    from elfworlds.spec.model.experiment import Experiment
    from elfworlds.yamltext import Data, Path

MOST_POINTS = 10_000
MOST_TEXTS = 200_000
MOST_CHARACTERS = 50_000_000
MOST_LOOKED_AT = 5_000_000
ENDLESS = 10**15
VARY_LESS = "vary less in one experiment"
FEWER = "name fewer axes in it"


@dataclass(frozen=True, slots=True)
class Size:
    """How many texts something can become over all points, and how many characters they have together, at most."""

    count: int
    characters: int


def check_sizes(experiment: Experiment, data: dict[str, Data]) -> list[Finding]:
    """More points, or more texts, than a machine should be asked for; nothing else can be said of such a file.

    Args:
        experiment: the file's valid parts.
        data: the whole file.
    """
    return [*_points(experiment, data)] or [*_texts(experiment.matrix.axes, data)]


def check_characters(axes: Mapping[str, Axis], data: dict[str, Data]) -> Iterator[Finding]:
    """The first place at which all that references stand for is too long; no text of it is too long alone."""
    total = 0
    for path, size in _sized(data, (), Sizes(axes)):
        total += size.characters
        if total > MOST_CHARACTERS:
            message = f"the references up to here stand for more than {MOST_CHARACTERS} characters"
            yield Finding(path, message, VARY_LESS)
            return


def points(experiment: Experiment) -> int:
    """How many points the matrix has; excluded ones are counted as well."""
    matrix = experiment.matrix
    varied = prod(len(axis.values) for axis in matrix.varied.values())
    return varied + sum(prod(len(choices) for choices in entry.values()) for entry in matrix.include)


def _points(experiment: Experiment, data: dict[str, Data]) -> Iterator[Finding]:
    count, values = points(experiment), _values(data)
    if count > MOST_POINTS:
        yield Finding(("matrix",), f"{_shown(count)} points, more than {MOST_POINTS}", VARY_LESS)
    elif count * values > MOST_LOOKED_AT:
        message = f"{count} points with {values} values to look at for each: more than {MOST_LOOKED_AT} together"
        yield Finding(("matrix",), message, VARY_LESS)


def _shown(count: int) -> str:
    return str(count) if count < ENDLESS else "no end of"


def _values(data: dict[str, Data]) -> int:
    """How much of a file is looked at for each point: all but the axes, as a number of scalars."""
    matrix = entries(data.get("matrix"))
    parts: dict[str, Data] = {**data, "matrix": [matrix.get("include"), matrix.get("exclude")]}
    return sum(1 for _ in texts(parts, ()))


def _texts(axes: Mapping[str, Axis], data: dict[str, Data]) -> Iterator[Finding]:
    """The first place at which references stand for too many texts, alone or with all before it."""
    total = 0
    for path, size in _sized(data, (), Sizes(axes)):
        total += size.count
        if size.count > MAX_EXPANSIONS:
            yield Finding(path, f"this stands for {_shown(size.count)} texts, more than {MAX_EXPANSIONS}", FEWER)
            return
        if total > MOST_TEXTS:
            yield Finding(path, f"the references up to here stand for more than {MOST_TEXTS} texts", VARY_LESS)
            return


def _sized(data: Data, path: Path, sizes: Sizes) -> Iterator[tuple[Path, Size]]:
    """Every text with references, and each file of a tree with its tree."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _sized(key, (*path, key), sizes)
            yield from _sized(value, (*path, key), sizes)
        if path[-1:] == ("prebuilt",):
            yield path, sizes.text(*(value for value in data.values() if isinstance(value, str)))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _sized(value, (*path, index), sizes)
    elif data is not None and "${" in data:
        yield path, sizes.text(data)


class Sizes:
    """The sizes of texts. What axes read and how long their values are is reckoned once."""

    def __init__(self, axes: Mapping[str, Axis]) -> None:
        self.axes = axes
        self.reads: dict[str, frozenset[str]] = {}
        self.lengths: dict[str, int] = {}
        self.spelled = 0

    def text(self, *parts: str) -> Size:
        """Texts of one point, one after the other."""
        templates = [*map(_parsed, parts)]
        named = frozenset[str]().union(*map(self.named, templates))
        count = min(prod(len(self.axes[name].values) for name in named), ENDLESS)
        return Size(count, min(count * sum(map(self.longest, templates)), ENDLESS))

    def named(self, template: Template) -> frozenset[str]:
        """The axes that a text reads, those that values of axes name included."""
        names = (name for reference in template.references() for name in self.names(reference))
        axes = {name.removeprefix("matrix.") for name in names if name.startswith("matrix.")}
        return frozenset(axis for axis in axes if axis in self.axes).union(
            *(self.axis(axis) for axis in axes if axis in self.axes), *self.inner(template)
        )

    def inner(self, template: Template) -> Iterator[frozenset[str]]:
        """What the names of references read; where these are too many to spell, the count tells it."""
        return (self.named(reference.name) for reference in template.references() if reference.name.literal is None)

    def names(self, reference: Reference) -> Iterable[str]:
        if reference.name.literal is not None:
            return (reference.name.literal,)
        count = prod(len(self.axes[name].values) for name in self.named(reference.name))
        self.spelled += count
        return () if count > MAX_EXPANSIONS or self.spelled > MOST_TEXTS else expand(reference.name, self.axes)

    def axis(self, name: str) -> frozenset[str]:
        if name not in self.reads:
            self.reads[name] = frozenset()  # where it names itself, which is told elsewhere
            self.reads[name] = frozenset[str]().union(*map(self.named, self.templates(name)))
        return self.reads[name]

    def templates(self, name: str) -> Iterator[Template]:
        return (_parsed(value if isinstance(value, str) else label) for label, value in self.axes[name].values)

    def longest(self, template: Template) -> int:
        """The characters of the longest text, about: a reference to no axis is as long as its name."""
        return sum(len(part) if isinstance(part, str) else self.length(part) for part in template.parts)

    def length(self, reference: Reference) -> int:
        name = reference.name.literal
        axis = name.removeprefix("matrix.") if name else ""
        if axis not in self.axes or axis == name:
            return self.longest(reference.name)
        if axis not in self.lengths:
            self.lengths[axis] = 0
            self.lengths[axis] = max(self.data(axis), *map(self.longest, self.templates(axis)))
        return self.lengths[axis]

    def data(self, name: str) -> int:
        """The characters of the largest list or mapping among the values of an axis."""
        larger = (value for _, value in self.axes[name].values if not isinstance(value, str))
        return max((sum(len(text) for _, text in texts(value, ())) for value in larger), default=0)


def _parsed(text: str) -> Template:
    try:
        return refs.parse(text)
    except RefError:
        return Template((text,))
