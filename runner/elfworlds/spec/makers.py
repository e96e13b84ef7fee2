"""The compilers and linkers that objects name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.makers import COMPILERS, LINKERS
from elfworlds.spec.expand import items
from elfworlds.spec.languages import possible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.spec.model.experiment import Experiment


def used(experiment: Experiment) -> frozenset[str]:
    """The programs that compile or link objects of an experiment at some point, where an object names them."""
    return frozenset(_programs(experiment))


def _programs(experiment: Experiment) -> Iterator[str]:
    axes = experiment.matrix.axes
    for definition in experiment.objects.values():
        for linker in items(definition.linker, axes) if definition.linker is not None else ():
            yield from filter(None, [LINKERS.get(linker)])
        languages = possible(definition, axes)
        for compiler in items(definition.compiler, axes) if definition.compiler is not None else ():
            drivers = COMPILERS.get(compiler, {})
            yield from (driver for language, driver in drivers.items() if language in languages or language == "c")
