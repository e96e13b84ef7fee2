"""The axes that decide an object or a scenario: it names them, or an object that it names does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds import refs
from elfworlds.spec.checks.circles import knots
from elfworlds.spec.checks.findings import texts
from elfworlds.spec.expand import items, names, object_of
from elfworlds.spec.model.parts import bare_objects, compared_axes, templates

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from elfworlds.refs import Template
    from elfworlds.spec.leaves.forms import Axis
    from elfworlds.spec.model.experiment import Experiment, Scenario

APART = ("when", "claim", "expect")  # keys of a scenario that are looked at anew at each point


class AxesRead:
    """The axes that an object or a scenario reads, itself or through the objects that it can name.

    What is built by a toolchain of its own does not read `libc`, unless the trial's builds something that it names.

    Attributes:
        circles: object → all that are in one circle of needs with it at some point, itself included.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.axes: Mapping[str, Axis] = experiment.matrix.axes
        self.objects = experiment.objects
        self.of_object: dict[str, frozenset[str]] = {}
        self.own: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        self.circles = knots({name: self.bare(bare_objects(part)) for name, part in self.objects.items()})

    def object(self, name: str) -> frozenset[str]:
        """The axes that an object reads. Expected facts may name an object that needs this one: a circle."""
        if name not in self.of_object:
            reached, waiting = {name}, [name]
            while waiting:
                new = self.mentioned(waiting.pop()) - reached
                reached |= new
                waiting += new
            axes = (self.itself(other)[0] for other in reached)
            here = any(self.objects[other].toolchain is None for other in reached)
            self.of_object[name] = frozenset({"libc"} if here else ()).union(*axes)
        return self.of_object[name]

    def mentioned(self, name: str) -> frozenset[str]:
        """The objects that an object names."""
        return self.itself(name)[1]

    def itself(self, name: str) -> tuple[frozenset[str], frozenset[str]]:
        """The axes and the objects that an object's own texts name."""
        if name not in self.own:
            definition = self.objects[name]
            axes, objects = self.named(templates(definition))
            self.own[name] = frozenset(axes), frozenset(objects | self.bare(bare_objects(definition)))
        return self.own[name]

    def scenario(self, scenario: Scenario) -> frozenset[str]:
        axes, objects = self.named(templates(scenario, without=APART))
        axes |= {axis for axis in compared_axes(scenario, without=APART) if axis in self.axes}
        objects |= self.bare(bare_objects(scenario, without=APART))
        return frozenset({"libc"}).union(axes, *(self.object(name) for name in objects))

    def bare(self, texts: Iterable[Template]) -> set[str]:
        """The objects of which texts are the names, without `${}`."""
        return {text for template in texts for text in items(template, self.axes)}.intersection(self.objects)

    def named(self, templates: Iterable[Template]) -> tuple[set[str], set[str]]:
        """The axes and the objects that texts name, those within the values of axes included."""
        references = {name for template in templates for name in names(template, self.axes)}
        axes = {name.removeprefix("matrix.") for name in references if name.startswith("matrix.")}
        objects = {name for reference in references if (name := object_of(reference, self.objects))}
        for axis in tuple(axes):
            values = [text for _, value in self.axes[axis].values for _, text in texts(value, ())]
            inner = self.named([refs.parse(text) for text in values])
            axes |= inner[0]
            objects |= inner[1]
        return axes, objects
