"""Which tools the commands of `after` begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds import refs
from elfworlds.editors import EDITORS
from elfworlds.refs import Reference
from elfworlds.spec.expand import expand

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from elfworlds.refs import Template
    from elfworlds.spec.leaves.forms import Axis
    from elfworlds.spec.model.experiment import Experiment
    from elfworlds.yamltext import Data

NO_WORD = "[…]"  # a list or a mapping where a word should be


def tools(command: Sequence[Template], axes: Mapping[str, Axis]) -> tuple[str, ...]:
    """Every first word that a command can have, over all points; none where an axis leaves no word."""
    return tuple(dict.fromkeys(_first_words(command, axes)))


def used(experiment: Experiment) -> frozenset[str]:
    """The tools that edit objects of an experiment at some point."""
    axes = experiment.matrix.axes
    commands = (command for definition in experiment.objects.values() for command in definition.after)
    return frozenset(EDITORS).intersection(tool for command in commands for tool in tools(command, axes))


def _first_words(command: Sequence[Template], axes: Mapping[str, Axis]) -> Iterator[str]:
    if not command:
        return
    lists = list(_lists(command[0], axes))
    if not lists:
        yield from expand(command[0], axes)
    for words in lists:
        if isinstance(words, list):
            spliced = [refs.parse(word if isinstance(word, str) else NO_WORD) for word in words]
            yield from _first_words((*spliced, *command[1:]), axes)
        elif isinstance(words, str):
            yield from expand(refs.parse(words), axes)


def _lists(template: Template, axes: Mapping[str, Axis]) -> Iterator[Data]:
    """The values of the axis that a word is as a whole, if one of them is a list of words."""
    reference = template.parts[0] if len(template.parts) == 1 else ""
    if not isinstance(reference, Reference):
        return
    for name in expand(reference.name, axes):
        axis = axes.get(name.removeprefix("matrix.")) if name.startswith("matrix.") else None
        if axis is not None and any(isinstance(value, list) for _, value in axis.values):
            yield from (value for _, value in axis.values)
