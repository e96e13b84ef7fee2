"""Circles of names, and axes whose values form a circle or grow too long."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeVar

from elfworlds import refs
from elfworlds.refs import Reference, RefError, Template
from elfworlds.spec.checks.findings import Finding, texts
from elfworlds.spec.expand import names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from elfworlds.spec.leaves.forms import Axis
    from elfworlds.yamltext import Path

LONGEST_VALUE = 10_000
Origin = TypeVar("Origin")


def circles(edges: Mapping[str, Sequence[tuple[Origin, str]]]) -> Iterator[tuple[Origin, tuple[str, ...]]]:
    """Each edge that closes a circle, and the circle: its first name is also its last.

    Args:
        edges: name → the names that it leads to, each with the place that says so.
    """
    done: set[str] = set()
    known_circles: set[frozenset[str]] = set()
    for start in edges:
        for place, circle in _walk(start, edges, done):
            if frozenset(circle) not in known_circles:
                known_circles.add(frozenset(circle))
                yield place, circle


def _walk(
    start: str, edges: Mapping[str, Sequence[tuple[Origin, str]]], done: set[str]
) -> Iterator[tuple[Origin, tuple[str, ...]]]:
    """Depth first, without recursion: the trail is the way from the start to where it stands."""
    trail: dict[str, Iterator[tuple[Origin, str]]] = {} if start in done else {start: iter(edges[start])}
    while trail:
        name = next(reversed(trail))
        place, target = next(trail[name], (None, ""))
        if place is None:
            done.add(name)
            del trail[name]
        elif target in trail:
            way = tuple(trail)
            yield place, (*way[way.index(target) :], target)
        elif target in edges and target not in done:
            trail[target] = iter(edges[target])


def knots(edges: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    """For each name that leads back to itself through others, all names of which this is so: those form one knot.

    Args:
        edges: name → the names that it leads to; those that are no key lead nowhere.
    """
    back: dict[str, list[str]] = {name: [] for name in edges}
    for name, targets in edges.items():
        for target in targets:
            back.get(target, []).append(name)
    knotted: dict[str, frozenset[str]] = {}
    placed: set[str] = set()
    for start in reversed(_ends_first(edges)):
        if start not in placed:
            together = _reached(start, back, placed)
            placed |= together
            knotted |= dict.fromkeys(together, frozenset(together)) if len(together) > 1 else {}
    return knotted


def way(start: str, end: str, edges: Mapping[str, Sequence[tuple[Origin, str]]]) -> tuple[str, ...]:
    """A shortest way from one name to another; there has to be one."""
    before, waiting = {start: start}, deque([start])
    while end not in before:
        name = waiting.popleft()
        for _, target in edges.get(name, ()):
            if target not in before:
                before[target] = name
                waiting.append(target)
    back = [end]
    while back[-1] != start:
        back.append(before[back[-1]])
    return tuple(reversed(back))


def _ends_first(edges: Mapping[str, Collection[str]]) -> list[str]:
    """The names, each after those that it leads to, as far as there is such an order."""
    done: dict[str, None] = {}
    for start in edges:
        trail: dict[str, Iterator[str]] = {} if start in done else {start: iter(edges[start])}
        while trail:
            name = next(reversed(trail))
            target = next(trail[name], None)
            if target is None:
                done[name] = None
                del trail[name]
            elif target in edges and target not in done and target not in trail:
                trail[target] = iter(edges[target])
    return list(done)


def _reached(start: str, edges: Mapping[str, Collection[str]], without: Collection[str]) -> set[str]:
    reached, waiting = {start}, [start]
    while waiting:
        new = {name for name in edges[waiting.pop()] if name not in reached and name not in without}
        reached |= new
        waiting += new
    return reached


def check_axes(axes: Mapping[str, Axis]) -> Iterator[Finding]:
    """Axes whose values cannot be put together: they form a circle, or they grow too long."""
    templates = {name: list(_templates(name, axis)) for name, axis in axes.items()}
    edges = {
        name: [(path, axis) for path, template in placed for axis in _axes_named(template, axes)]
        for name, placed in templates.items()
    }
    problems = [
        Finding(path, f"axes go round in a circle: {' → '.join(circle)}", "each value would hold itself")
        for path, circle in circles(edges)
    ]
    yield from problems or _too_long(templates, edges)


def _templates(name: str, axis: Axis) -> Iterator[tuple[Path, Template]]:
    for position, (label, value) in enumerate(axis.values):
        step = position if axis.listed else label
        for path, text in texts(value, ("matrix", name, step)):
            try:
                yield path, refs.parse(text)
            except RefError:
                continue


def _axes_named(template: Template, axes: Mapping[str, Axis]) -> Iterator[str]:
    return (name.removeprefix("matrix.") for name in names(template, axes) if name.startswith("matrix."))


def _too_long(
    templates: Mapping[str, list[tuple[Path, Template]]], edges: Mapping[str, Sequence[tuple[Path, str]]]
) -> Iterator[Finding]:
    """Values that would be too long; an axis is measured after the axes that it names."""
    longest: dict[str, int] = {}
    for name in _named_first(edges):
        longest[name] = 1
        for path, template in templates[name]:
            size = _size(template, longest)
            if size > LONGEST_VALUE and template.literal is None:
                yield Finding(path, f"this becomes longer than {LONGEST_VALUE} characters", "name fewer axes in it")
                longest[name] = 1  # reported once: the axes that name it are not reported
                break
            longest[name] = max(longest[name], size)


def _named_first(edges: Mapping[str, Sequence[tuple[Path, str]]]) -> Iterator[str]:
    done: set[str] = set()
    waiting = list(edges)
    while waiting:
        before = [axis for _, axis in edges[waiting[-1]] if axis in edges and axis not in done]
        if before:
            waiting += dict.fromkeys(before)
            continue
        name = waiting.pop()
        if name not in done:
            done.add(name)
            yield name


def _size(template: Template, longest: Mapping[str, int]) -> int:
    return sum(len(part) if isinstance(part, str) else _size_of(part, longest) for part in template.parts)


def _size_of(reference: Reference, longest: Mapping[str, int]) -> int:
    name = reference.name.literal
    if name is not None:
        return longest.get(name.removeprefix("matrix."), len(name) + 3) if name.startswith("matrix.") else len(name) + 3
    return _size(reference.name, longest) + 3
