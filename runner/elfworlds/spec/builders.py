"""Toolchains that build objects wherever these are run (`toolchain`), and the axes that choose among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.spec.expand import expand, names
from elfworlds.spec.leaves.forms import Axis

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from elfworlds.refs import Template
    from elfworlds.spec.model.objects import Object

LIBC = "libc"


@dataclass(frozen=True, slots=True)
class Builders:
    """An axis each of whose labels stands for one toolchain that builds objects.

    Attributes:
        objects: the objects that these toolchains build.
        by_label: label → the toolchain's name.
    """

    objects: tuple[str, ...]
    by_label: Mapping[str, str]


def elsewhere(objects: Mapping[str, Object]) -> tuple[str, ...]:
    """The objects that have a toolchain of their own."""
    return tuple(name for name, definition in objects.items() if definition.toolchain is not None)


def named(objects: Mapping[str, Object], axes: Mapping[str, Axis]) -> tuple[str, ...]:
    """The toolchains that objects name at any point, each once."""
    templates = (definition.toolchain for definition in objects.values() if definition.toolchain is not None)
    return tuple(dict.fromkeys(label for template in templates for label in expand(template, axes)))


def by_axis(objects: Mapping[str, Object], axes: Mapping[str, Axis]) -> dict[str, Builders]:
    """The axes whose labels choose the toolchain of objects, in the order of the axes.

    An axis is left out where a label of it does not stand for one toolchain: another axis decides as well, or
    two objects mean different toolchains by it. `libc` is left out: its labels are toolchains already.
    """
    found: dict[str, Builders] = {}
    for axis in axes:
        own = {name: definition.toolchain for name, definition in objects.items() if definition.toolchain is not None}
        naming = {name: template for name, template in own.items() if f"matrix.{axis}" in names(template, axes)}
        choices = [_by_label(template, axis, axes) for template in naming.values()]
        if axis != LIBC and choices and choices[0] is not None and choices.count(choices[0]) == len(choices):
            found[axis] = Builders(tuple(naming), choices[0])
    return found


def naming_themselves(templates: Sequence[Template], axes: Mapping[str, Axis]) -> frozenset[str]:
    """The axes each of whose labels is the toolchain that it stands for, in one of these templates."""
    plain = {axis: {label: label for label in found.labels} for axis, found in axes.items()}
    chosen = [(axis, template) for template in templates for axis in axes if f"matrix.{axis}" in names(template, axes)]
    return frozenset(axis for axis, template in chosen if _by_label(template, axis, axes) == plain[axis])


def _by_label(template: Template, axis: str, axes: Mapping[str, Axis]) -> dict[str, str] | None:
    """Label → the toolchain that a template names there; None where a label is not enough to tell."""
    values = axes[axis].values
    texts = {label: expand(template, {**axes, axis: Axis(((label, value),))}) for label, value in values}
    if any(len(toolchains) != 1 for toolchains in texts.values()):
        return None
    return {label: toolchains[0] for label, toolchains in texts.items()}
