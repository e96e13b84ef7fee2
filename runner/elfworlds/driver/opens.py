"""What a program of steps does with the first library that it opens, as far as advice can say something of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.driver.position import every, numbered, title
from elfworlds.driver.running import limit
from elfworlds.driver.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from elfworlds.driver.position import Numbered
    from elfworlds.driver.scope import TextsAtPoint
    from elfworlds.spec.model.experiment import Scenario
    from elfworlds.spec.model.steps import Opening, Step

NOW, LAZY = "RTLD_NOW", "RTLD_LAZY"
KNOWN_FLAGS = frozenset({NOW, LAZY, "RTLD_GLOBAL", "RTLD_LOCAL", "RTLD_DEEPBIND"})
MOST_NAMESPACES = 16  # DL_NNS: a loop that ends before says nothing of what fits


@dataclass(frozen=True, slots=True)
class Opens:
    """The first library that a program opens.

    Attributes:
        event: of the step that opens it.
        way: `dlopen`, or `dlmopen` into a new namespace.
        path: symbolic.
        now: whether all references are bound at once (RTLD_NOW).
        closed: the event that says what is mapped of it after the one handle was closed; empty where there is none.
        copies: the event of the loop that opens copies, a namespace each, until one is refused; likewise.
    """

    event: str
    way: str
    path: str
    now: bool
    closed: str = ""
    copies: str = ""


def opens(scenario: Scenario, point: TextsAtPoint) -> Opens | None:
    """The first library that the scenario's program opens at a point; None for one that nothing can be said of."""
    scope = Scope(point)
    nodes = numbered(scenario.steps, lambda step: point.applies(step.when))
    steps = [node.step for node in every(nodes)]
    opening = [step for step in steps if _settings(step)]
    if not opening or any(step.copy_ for step in steps) or opening[0].quiet:
        return None
    first = opening[0]
    settings, way, flags = _settings(first), _way(first, scope), _flags(first, scope)
    if settings is None or settings.object is None or not _known(flags) or not _by_itself(first, way, scope):
        return None
    return Opens(
        event=title(first, scope),
        way=way,
        path=str(point.lookup(scope.text(settings.object))),
        now=NOW in flags or not flags,
        closed=_closed(nodes, first, scope) if len(opening) == 1 else "",
        copies=_copies(nodes, first, scope) if way == "dlmopen" and len(opening) == 1 else "",
    )


def _settings(step: Step) -> Opening | None:
    return step.load or step.dlopen or step.dlmopen


def _way(step: Step, scope: Scope) -> str:
    return scope.text(step.load.way) if step.load else step.verb


def _flags(step: Step, scope: Scope) -> frozenset[str]:
    settings = _settings(step)
    return frozenset(scope.point.words(settings.flags)) if settings else frozenset()


def _known(flags: frozenset[str]) -> bool:
    """Whether dlopen takes them, and advice knows what they do."""
    return flags <= KNOWN_FLAGS and (not flags or NOW in flags or LAZY in flags)


def _by_itself(step: Step, way: str, scope: Scope) -> bool:
    """Whether dlmopen makes a new namespace for it."""
    asked = step.load or step.dlmopen
    return way == "dlopen" or asked is None or asked.namespace is None or scope.text(asked.namespace) == "new"


def _closed(nodes: Sequence[Numbered], first: Step, scope: Scope) -> str:
    """The first look at its mappings behind the step that closes it, all of them in no thread, child or loop."""
    steps = [node.step for node in nodes]
    closing = [place for place, step in enumerate(steps) if step.dlclose == first.name]
    if first not in steps or len(closing) != 1:
        return ""
    settings = _settings(first)
    looks = (
        title(step, scope)
        for step in steps[closing[0] :]
        if step.mappings and settings and step.mappings.object == settings.object and not step.quiet
    )
    return next(looks, "")


def _copies(nodes: Sequence[Numbered], first: Step, scope: Scope) -> str:
    """The loop around it, where that has nothing else in it and only a refusal ends it."""
    for node in nodes:
        loop = node.step.loop
        if loop and loop.until and [inner.step for inner in node.inner] == [first]:
            return (loop.as_ or "") if limit(loop, scope) >= MOST_NAMESPACES and not node.step.quiet else ""
    return ""
