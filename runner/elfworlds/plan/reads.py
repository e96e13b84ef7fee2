"""Which axes decide an object or a scenario: those it names, and those of the objects that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from elfworlds import refs
from elfworlds.refs import Template
from elfworlds.spec.expand import ATTRIBUTES, expand, names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from elfworlds.spec.forms import Axis
    from elfworlds.spec.model import Experiment, Object, Scenario


class Reads:
    """Which axes an object or a scenario reads, the objects that it can name included."""

    def __init__(self, experiment: Experiment) -> None:
        self.axes: Mapping[str, Axis] = experiment.matrix.axes
        self.objects = experiment.objects
        self.of_object: dict[str, frozenset[str]] = {}

    def object(self, name: str) -> frozenset[str]:
        """Facts that are expected of an object may name one that is made of it, so this may go in a circle."""
        if name not in self.of_object:
            found, waiting = {name}, [name]
            while waiting:
                new = self.mentioned(self.objects[waiting.pop()]) - found
                found |= new
                waiting += new
            axes = (self.named(_templates(self.objects[one]))[0] for one in found)
            self.of_object[name] = frozenset({"libc"}).union(*axes)
        return self.of_object[name]

    def mentioned(self, one: Object) -> set[str]:
        directories = [*one.needs, *(one.runpath or ()), *(one.rpath or ())]
        bare = {text for template in directories for text in expand(template, self.axes)}
        return {*bare.intersection(self.objects), *self.named(_templates(one))[1]}

    def scenario(self, one: Scenario) -> frozenset[str]:
        texts = [*one.env.values(), *_texts(one.outcomes)]
        parts = [*one.run, one.stdin, one.timeout, one.repeat, one.retries, one.capture, one.cpus, one.subject]
        found = [part for part in parts if isinstance(part, Template)]
        axes, objects = self.named([*found, *(refs.parse(text or "") for text in texts)])
        objects |= set(expand(one.subject, self.axes)) if one.subject is not None else set()
        return frozenset({"libc"}).union(axes, *(self.object(name) for name in objects))

    def named(self, templates: Iterable[Template]) -> tuple[set[str], set[str]]:
        """The axes and the objects that texts name, those within the values of axes included."""
        found = {name for template in templates for name in names(template, self.axes)}
        axes = {name.removeprefix("matrix.") for name in found if name.startswith("matrix.")}
        objects = {name for one in found if (name := object_of(one, self.objects))}
        for axis in tuple(axes):
            texts = [text for _, value in self.axes[axis].values for text in _texts(value)]
            inner = self.named([refs.parse(text) for text in texts])
            axes |= inner[0]
            objects |= inner[1]
        return axes, objects


def _templates(one: Object) -> Iterator[Template]:
    for group in (one.sources, one.cflags, one.ldflags, one.z, one.needs, one.runpath, one.rpath):
        yield from group or ()
    yield from (one for one in (one.soname, one.prebuilt) if one is not None)
    yield from (refs.parse(value or "") for value in one.defines.values())
    yield from (refs.parse(text) for text in _texts(one.expect))


def _texts(data: Any) -> Iterator[str]:  # noqa: ANN401  # any data of the file
    if isinstance(data, str):
        yield data
    elif isinstance(data, list | tuple | dict):
        for one in data.values() if isinstance(data, dict) else data:
            yield from _texts(one)


def object_of(name: str, objects: Mapping[str, Object]) -> str | None:
    if name in objects:
        return name
    head, _, attribute = name.rpartition(".")
    return head if head in objects and attribute in ATTRIBUTES else None
