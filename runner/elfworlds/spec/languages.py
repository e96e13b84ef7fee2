"""What objects are written in: their sources' names tell it, or their key `language` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.spec.expand import expand
from elfworlds.spec.leaves.languages import INLINE, of_source
from elfworlds.yamltext import entries

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from elfworlds.spec.leaves.forms import Axis
    from elfworlds.spec.model.experiment import Experiment
    from elfworlds.spec.model.objects import Object
    from elfworlds.yamltext import Data


def language(one: Object, paths: Collection[str]) -> str:
    """What an object is written in, whose sources are `paths` at this point."""
    if one.language is not None:
        return one.language
    found = [of_source(path) for path in paths]
    if found[:1] == ["rust"]:
        return "rust"
    return next((known for known in ("c++", "c", "assembly") if known in found), "c")


def inline_path(one: Object) -> str:
    """The logical path of an object's inline code; its name shows in diagnostics and debug information."""
    return f"{one.stem}{INLINE[one.language or 'c']}"


def possible(one: Object, axes: Mapping[str, Axis]) -> frozenset[str]:
    """Every language that the object can be in, over all points; empty where nothing tells one."""
    if one.language is not None:
        return frozenset({one.language})
    if one.code is not None:
        return frozenset({"c"})
    return frozenset(known for template in one.sources for path in expand(template, axes) if (known := of_source(path)))


def used(experiment: Experiment, raw: Data) -> frozenset[str]:
    """The languages of all objects, and that whose compiler's version a `when` of the file compares."""
    axes = experiment.matrix.axes
    found = frozenset[str]().union(*(possible(one, axes) for one in experiment.objects.values()))
    return found | {"rust"} if "rustc" in _compared(raw) else found


def _compared(data: Data) -> set[str]:
    """The keys of every `when`."""
    if isinstance(data, list):
        return set().union(*map(_compared, data))
    if not isinstance(data, dict):
        return set()
    return set(entries(data.get("when"))).union(*map(_compared, data.values()))
