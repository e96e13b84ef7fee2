"""Which axes decide an object or a scenario: those it names, and those of the objects that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds import refs
from elfworlds.refs import Template
from elfworlds.spec.checks.findings import texts
from elfworlds.spec.checks.objects import templates
from elfworlds.spec.expand import expand, names, object_of
from elfworlds.spec.model.base import Model
from elfworlds.spec.model.steps import every
from elfworlds.yamltext import Scalar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from elfworlds.spec.leaves.forms import Axis
    from elfworlds.spec.model.experiment import Experiment, Scenario
    from elfworlds.spec.model.objects import Object, Program
    from elfworlds.spec.model.steps import Step


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
        bare = {text for template in self.directories(one) for text in expand(template, self.axes)}
        return {*bare.intersection(self.objects), *self.named(_templates(one))[1]}

    def scenario(self, one: Scenario) -> frozenset[str]:
        said = [*one.env.values(), *(text for _, text in texts(one.outcomes, ()))]
        parts = [*one.run, one.stdin, one.timeout, one.repeat, one.retries, one.capture, one.cpus, one.subject]
        found = [part for part in parts if isinstance(part, Template)]
        found += [*within(one.steps), *within(one.program), *within(one.observe), *one.sees]
        axes, objects = self.named([*found, *(refs.parse(text or "") for text in said)])
        axes |= {axis for step in every(one.steps) for axis in step.when if axis in self.axes}
        bare = [*self.directories(one.program), *(file for step in every(one.steps) for file in _files(step))]
        bare += [one.subject] if one.subject is not None else []
        objects |= {text for template in bare for text in expand(template, self.axes)}.intersection(self.objects)
        return frozenset({"libc"}).union(axes, *(self.object(name) for name in objects))

    def directories(self, one: Object | Program | None) -> list[Template]:
        """Where an object's name may stand without `${}`."""
        return [] if one is None else [*one.needs, *(one.runpath or ()), *(one.rpath or ())]

    def named(self, templates: Iterable[Template]) -> tuple[set[str], set[str]]:
        """The axes and the objects that texts name, those within the values of axes included."""
        found = {name for template in templates for name in names(template, self.axes)}
        axes = {name.removeprefix("matrix.") for name in found if name.startswith("matrix.")}
        objects = {name for one in found if (name := object_of(one, self.objects))}
        for axis in tuple(axes):
            said = [text for _, value in self.axes[axis].values for _, text in texts(value, ())]
            inner = self.named([refs.parse(text) for text in said])
            axes |= inner[0]
            objects |= inner[1]
        return axes, objects


def _templates(one: Object) -> Iterator[Template]:
    """All that an object is built of, and the facts that it must have."""
    for _, text in (*templates(one, ()), *texts(one.expect, ())):
        yield text if isinstance(text, Template) else refs.parse(text)


def _files(step: Step) -> Iterator[Template]:
    """The objects that a step names without `${}`."""
    named = getattr(getattr(step, step.verb, None), "object", None)
    if named is not None:
        yield named


def within(data: object) -> Iterator[Template]:
    """Every template in a part of an experiment."""
    if isinstance(data, Template):
        yield data
    elif isinstance(data, Scalar):
        yield refs.parse(data)
    else:
        for value in _parts(data):
            yield from within(value)


def _parts(data: object) -> Iterable[object]:
    if isinstance(data, Model):
        return [getattr(data, name) for name in type(data).model_fields]
    return data.values() if isinstance(data, dict) else data if isinstance(data, tuple) else ()
