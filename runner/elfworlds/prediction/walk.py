"""The trace of a program → a prediction for each name that was asked for.

The trace is followed step by step: after each name the walk goes on from what the loader opened, so that one
disagreement does not cause others.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from elfworlds import resolve
from elfworlds.elf import ElfObject
from elfworlds.resolve import Loaded, Namespace, World
from elfworlds.traces.ldtrace import Forked, LinkMap, Search, Unloaded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.resolve import Edge
    from elfworlds.traces.ldtrace import Event, Trace

DT_NEEDED, DLOPEN, LD_PRELOAD = "DT_NEEDED", "dlopen", "LD_PRELOAD"
UNREAD = ElfObject(
    type="",
    machine="",
    interp=None,
    soname=None,
    needed=(),
    rpath=None,
    runpath=None,
    build_id=None,
    flags=(),
    execstack=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One name that an object asks for.

    Attributes:
        cause: `DT_NEEDED`, `dlopen` (of a name without a slash) or `LD_PRELOAD`.
        needing: the path of who asks, as the trace has it.
        predicted: the file that should serve it; None where none should be found.
        rule: of the prediction, as in `resolve.Edge`; `loaded` where no search should be.
        search: what the loader did; None where an object served that was loaded already.
        agrees: whether the loader searched if and only if it should, and found the file that it should.
    """

    pid: int
    lmid: int
    cause: str
    needing: str
    name: str
    predicted: str | None
    rule: str | None
    search: Search | None
    agrees: bool


def predict(trace: Trace, world: World) -> tuple[Prediction, ...]:
    """Every needed name of every object that was mapped, per process and namespace, in the loader's order.

    `world.read` is asked for the paths of the trace; a path that is relative there is relative to the directory
    where the program began. Nothing is predicted for a program whose argv[0] leads to no file.
    """
    processes: dict[int, _Process] = {}
    made: list[Prediction] = []
    for event in trace.events:
        if isinstance(event, Forked):
            processes[event.pid] = processes[event.parent].fork(event.pid)
            continue
        process = processes.setdefault(event.pid, _Process(event.pid, world))
        made += process.follow(event)
    for process in processes.values():
        made += process.finish(whole=False)
    return tuple(made)


@dataclass(slots=True)
class _Found:
    """A search, and whether a new link map came of it."""

    search: Search
    mapped: bool = False


@dataclass(slots=True)
class _Batch:
    """What the start of a program, or one dlopen, searches for before any initialiser runs."""

    root: _Found | None
    found: list[_Found] = field(default_factory=list)

    def take(self, needing: str, name: str) -> _Found | None:
        """The search for a name, once."""
        for at, one in enumerate(self.found):
            if (one.search.needed_by, one.search.name) == (needing, name):
                return self.found.pop(at)
        return None


@dataclass(slots=True)
class _Process:
    """What is loaded in each namespace of a process, and the batch that is being read."""

    pid: int
    world: World
    argv0: str = ""
    application: Loaded | None = None
    spaces: dict[int, Namespace] = field(default_factory=dict)
    batch: _Batch | None = None

    def fork(self, pid: int) -> _Process:
        spaces = {lmid: Namespace(dict(one.by_name), dict(one.by_file)) for lmid, one in self.spaces.items()}
        return _Process(pid, self.world, self.argv0, self.application, spaces)

    def follow(self, event: Event) -> Iterator[Prediction]:
        """One event; the predictions for a batch are made when it is whole."""
        if isinstance(event, Search) and event.needed_by is not None:
            batch = self.batch = self.batch or _Batch(None)
            batch.found.append(_Found(event))
        elif isinstance(event, LinkMap) and not event.opened and event.needed_by is None:
            self._begin(event)
        elif isinstance(event, LinkMap):
            self._mapped()
        else:
            yield from self.finish(whole=True)
            self._after(event)

    def _begin(self, event: LinkMap) -> None:
        """The application; ld.so in the base namespace is known from it."""
        if event.position:
            return
        if self.application:
            self.spaces = {}
        facts = self.world.read(event.path)
        self.argv0, self.application, self.batch = event.path, None, _Batch(None)
        if facts:
            self.application, self.spaces[0] = resolve.begin(event.path, facts, self.world)

    def _mapped(self) -> None:
        if self.batch:
            last = self.batch.found[-1] if self.batch.found else self.batch.root
            if last:
                last.mapped = True

    def _after(self, event: Event) -> None:
        if isinstance(event, Search):
            self.batch = _Batch(_Found(event))
        elif isinstance(event, Unloaded) and event.lmid in self.spaces:
            self.spaces[event.lmid].drop(event.path, self.world)

    def finish(self, *, whole: bool) -> Iterator[Prediction]:
        """What is predicted for the batch; one that is not whole is followed as far as the loader came."""
        batch, self.batch = self.batch, None
        if batch is None or (self.argv0 and not self.application):
            return
        waiting: deque[Loaded] = deque()
        if batch.root:
            yield from self._opened(batch.root, waiting)
        elif self.application:
            waiting.append(self.application)
            yield from self._preloaded(self.application, batch, waiting)
        lmid = batch.root.search.lmid if batch.root else 0
        yield from self._breadth_first(lmid, waiting, batch, whole=whole)

    def _opened(self, root: _Found, waiting: deque[Loaded]) -> Iterator[Prediction]:
        search = root.search
        caller = self._at(search.opened_from, search.opened_by)
        space = self.spaces.setdefault(search.lmid, Namespace())
        if caller and "/" not in search.name:
            edge = resolve.serve(caller, search.name, space, self.world, self.application)
            yield self._prediction(search.lmid, DLOPEN, edge, search)
        self._load(root, caller, space, waiting)

    def _preloaded(self, application: Loaded, batch: _Batch, waiting: deque[Loaded]) -> Iterator[Prediction]:
        """What ld.so looks for on the application's behalf first and no DT_NEEDED names is LD_PRELOAD's."""
        names = {
            resolve.expand_tokens(name, application.origin, self.world.tokens) for name in application.facts.needed
        }
        while batch.found and batch.found[0].search.needed_by == self.argv0 and batch.found[0].search.name not in names:
            found = batch.found.pop(0)
            edge = resolve.serve(application, found.search.name, self.spaces[0], self.world)
            yield self._prediction(0, LD_PRELOAD, edge, found.search)
            self._load(found, application, self.spaces[0], waiting)

    def _breadth_first(self, lmid: int, waiting: deque[Loaded], batch: _Batch, *, whole: bool) -> Iterator[Prediction]:
        space = self.spaces.setdefault(lmid, Namespace())
        while waiting:
            needing = waiting.popleft()
            for name in needing.facts.needed:
                if not (whole or batch.found):
                    return
                edge = resolve.serve(needing, name, space, self.world, self.application)
                found = batch.take(self._said(needing), edge.name)
                yield self._prediction(lmid, DT_NEEDED, edge, found.search if found else None)
                if found and found.search.found is None:
                    return
                if found:
                    self._load(found, needing, space, waiting)

    def _load(self, found: _Found, loader: Loaded | None, space: Namespace, waiting: deque[Loaded]) -> None:
        """What the loader opened, whatever was predicted."""
        path = found.search.found
        if path is None:
            return
        if found.mapped:
            loaded = Loaded(path, self.world.read(path) or UNREAD, loader)
            space.add(found.search.name, loaded, self.world)
            waiting.append(loaded)
        elif self.world.identity(path) in space.by_file:
            space.add(found.search.name, space.by_file[self.world.identity(path)], self.world)

    def _prediction(self, lmid: int, cause: str, edge: Edge, search: Search | None) -> Prediction:
        return Prediction(
            pid=self.pid,
            lmid=lmid,
            cause=cause,
            needing=self.argv0 if self.application and edge.needing == self.application.path else edge.needing,
            name=edge.name,
            predicted=edge.path,
            rule=edge.rule,
            search=search,
            agrees=self._agrees(edge, search),
        )

    def _agrees(self, edge: Edge, search: Search | None) -> bool:
        if search is None or edge.rule == "loaded":
            return search is None and edge.rule == "loaded"
        if search.found is None or edge.path is None:
            return search.found == edge.path
        return self.world.identity(search.found) == self.world.identity(edge.path)

    def _said(self, loaded: Loaded) -> str:
        """The path under which the trace speaks of an object."""
        return self.argv0 if loaded is self.application else loaded.path

    def _at(self, lmid: int | None, path: str | None) -> Loaded | None:
        if lmid is None or path is None:
            return None
        if lmid == 0 and path == self.argv0:
            return self.application
        return self.spaces[lmid].by_name.get(path) if lmid in self.spaces else None
