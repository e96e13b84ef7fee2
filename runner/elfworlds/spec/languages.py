"""The languages of objects: the key `language` states it, or the names of the sources show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.spec.expand import items
from elfworlds.spec.leaves.languages import INLINE, of_source
from elfworlds.yamltext import entries

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from elfworlds.spec.leaves.forms import Axis
    from elfworlds.spec.model.experiment import Experiment
    from elfworlds.spec.model.objects import Object
    from elfworlds.yamltext import Data


def language(definition: Object, paths: Collection[str]) -> str:
    """The language of an object whose sources are `paths` at this point."""
    if definition.language is not None:
        return definition.language
    languages = [of_source(path) for path in paths]
    if languages[:1] == ["rust"]:
        return "rust"
    return next((known for known in ("c++", "c", "assembly") if known in languages), "c")


def inline_path(definition: Object) -> str:
    """The logical path of an object's inline code; its name shows in diagnostics and debug information."""
    return f"{definition.stem}{INLINE[definition.language or 'c']}"


def possible(definition: Object, axes: Mapping[str, Axis]) -> frozenset[str]:
    """Every language that the object can have, over all points; empty where no name of a source shows one."""
    if definition.language is not None:
        return frozenset({definition.language})
    if definition.code is not None:
        return frozenset({"c"})
    return frozenset(
        known for template in definition.sources for path in items(template, axes) if (known := of_source(path))
    )


def used(experiment: Experiment, raw: Data) -> frozenset[str]:
    """The languages of all objects, and Rust where a `when` compares the version of its compiler."""
    axes = experiment.matrix.axes
    languages = frozenset[str]().union(*(possible(definition, axes) for definition in experiment.objects.values()))
    programs = (scenario.program for scenario in experiment.scenarios.values())
    languages |= {program.language for program in programs if program and program.language}
    return languages | {"rust"} if "rustc" in _compared(raw) else languages


def _compared(data: Data) -> set[str]:
    """The keys of every `when`."""
    if isinstance(data, list):
        return set().union(*map(_compared, data))
    if not isinstance(data, dict):
        return set()
    return set(entries(data.get("when"))).union(*map(_compared, data.values()))
