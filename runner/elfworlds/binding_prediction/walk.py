"""The trace of a program → a prediction for each of its bindings.

The walk follows the trace step by step: what is loaded is taken from it, and of each object that is opened its flags,
since LD_DEBUG=scopes shows them. Where a reference is looked up, and which definition it takes, is foretold. What dlsym
looked up cannot be told from what a reference binds later. There a prediction may agree, but never disagrees.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from elfworlds.binding_prediction.space import Space
from elfworlds.bindings import serving
from elfworlds.traces.ldlines import MadeGlobal, ScopeShown, ScopesShown
from elfworlds.traces.ldsought import is_loader
from elfworlds.traces.ldtrace import Binding, Forked, InitOrFini, LinkMap, Scoped, Search, Settled, Unloaded

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from elfworlds.binding_prediction.space import Found
    from elfworlds.bindings import Linked
    from elfworlds.traces.ldlines import ScopeLine
    from elfworlds.traces.ldtrace import Event, LoaderTrace


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was foretold of a binding.

    Attributes:
        foretold: the path of the object that should serve the reference; None where none should, or nobody can tell.
        agrees: whether it does; None where nobody can tell.
    """

    foretold: str | None
    agrees: bool | None


UNKNOWN = Prediction(None, None)


def predict(
    trace: LoaderTrace, found: Found, identity: Callable[[str], Hashable], *, dynamic_weak: bool = False
) -> tuple[Prediction, ...]:
    """A prediction for each of the trace's bindings, in their order.

    Args:
        trace: of a program.
        found: a path of the trace, and whether it is the program's → the object; None where it cannot be read.
        identity: the same for every path of one file.
        dynamic_weak: LD_DYNAMIC_WEAK is set.
    """
    walk = _Walk(found, identity, dynamic_weak)
    return tuple(made for event in trace.story for made in walk.follow(event))


@dataclass(slots=True)
class _Process:
    """The namespaces of a process; `sure` says whether its environment is the trial's."""

    sure: bool
    spaces: dict[int, Space] = field(default_factory=dict)
    shown: Space | None = None


@dataclass(slots=True)
class _Walk:
    found: Found
    identity: Callable[[str], Hashable]
    dynamic_weak: bool
    processes: dict[int, _Process] = field(default_factory=dict)

    def follow(self, event: Event | Binding | InitOrFini | Scoped) -> tuple[Prediction, ...]:
        """One step; a prediction for a binding."""
        if isinstance(event, Forked):
            spaces = {lmid: space.copy() for lmid, space in self.processes[event.parent].spaces.items()}
            self.processes[event.pid] = _Process(sure=False, spaces=spaces)
            return ()
        process = self.processes.setdefault(event.pid, _Process(sure=not self.processes))
        if isinstance(event, Binding):
            return (self._bound(process, event),)
        if isinstance(event, LinkMap):
            self._map(process, event)
        elif isinstance(event, Scoped):
            self._scoped(process, event.line)
        elif not isinstance(event, InitOrFini):
            _changed(process, event)
        return ()

    def _map(self, process: _Process, link_map: LinkMap) -> None:
        begins = not (link_map.lmid or link_map.opened or link_map.position or link_map.needed_by)
        if begins:
            process.sure = process.sure and 0 not in process.spaces
            process.spaces = {}
        lmid = link_map.lmid
        if lmid not in process.spaces:
            process.spaces[lmid] = Space(self.found, base=lmid == 0, loader=_loader(process))
        process.spaces[lmid].map(link_map)

    def _scoped(self, process: _Process, line: ScopeLine) -> None:
        """The scopes of what is being opened; those of all else follow from them."""
        if isinstance(line, MadeGlobal):
            if line.lmid in process.spaces:
                process.spaces[line.lmid].make_global(line.path)
        elif isinstance(line, ScopesShown):
            space = process.spaces.get(line.lmid)
            opening = space is not None and space.waiting[:1] == [line.path]
            process.shown = space if opening else None
            if space and opening:
                space.shown = []
        elif isinstance(line, ScopeShown) and process.shown:
            process.shown.shown.append(line.paths)

    def _bound(self, process: _Process, binding: Binding) -> Prediction:
        space = process.spaces.get(binding.from_lmid)
        linked = space.live.get(binding.from_path) if space else None
        wanted = linked.by_name.get((binding.symbol, binding.version)) if linked else None
        scope = space.scope(binding.from_path, dynamic_weak=self.dynamic_weak) if space and wanted else None
        if space is None or linked is None or wanted is None or scope is None:
            return UNKNOWN
        first: str | None = None
        for each in wanted:
            place, _, _ = serving(linked, each, scope)
            if place and self._is(place.path, binding):
                return Prediction(binding.to_path, agrees=True)
            first = first or (place.path if place else None)
        if not process.sure or (binding.from_path not in space.relocated and _may_be_asked(process, binding)):
            return UNKNOWN
        return Prediction(first, agrees=False)

    def _is(self, path: str, binding: Binding) -> bool:
        """Whether that object of the namespace serves it; of ld.so there is one for all of them."""
        if binding.to_lmid != binding.from_lmid and not is_loader(path):
            return False
        return path == binding.to_path or self.identity(path) == self.identity(binding.to_path)


def _loader(process: _Process) -> Linked | None:
    base = process.spaces.get(0)
    return next((linked for path, linked in base.live.items() if is_loader(path)), None) if base else None


def _changed(process: _Process, event: Search | Unloaded | Settled) -> None:
    if isinstance(event, Settled):
        for space in process.spaces.values():
            space.settle()
    elif event.lmid in process.spaces:
        space = process.spaces[event.lmid]
        if isinstance(event, Search):
            space.search(event)
        else:
            space.drop(event.path)


def _may_be_asked(process: _Process, binding: Binding) -> bool:
    """Whether dlsym or dlvsym may have looked it up, by the handle of the object or for a caller there."""
    name = "dlsym" if binding.version is None else "dlvsym"
    everywhere = (linked for space in process.spaces.values() for linked in space.live.values())
    return any(linked is None or _refers(linked, name) for linked in everywhere)


def _refers(linked: Linked, name: str) -> bool:
    return any(symbol == name for symbol, _ in linked.by_name)
