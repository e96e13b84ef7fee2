"""The trace of a program → a prediction for each name that an object asked for.

The walk follows the trace step by step. After each name it continues with the file that the loader opened, so one
disagreement does not cause others. A trace leaves some things open: the environment of a program that another program
started, and what a forked child had mapped before. In these cases a prediction may agree, but never disagrees.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from elfworlds import resolve
from elfworlds.elf import DT_AUXILIARY, DT_NEEDED, ElfObject
from elfworlds.resolve import LoadedObject, Namespace, Surroundings
from elfworlds.search_prediction.batch import Batch, Searched
from elfworlds.search_prediction.types import DLOPEN, LD_PRELOAD, Prediction
from elfworlds.traces.ldtrace import Forked, LinkMap, Search, Unloaded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.resolve import Edge
    from elfworlds.traces.ldtrace import Event, LoaderTrace

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


def predict(trace: LoaderTrace, world: Surroundings) -> tuple[Prediction, ...]:
    """A prediction for every needed name of every mapped object, per process and namespace, in the loader's order.

    `world.read` gets the paths of the trace. A relative path is relative to the directory where the program started.
    Nothing is predicted for a program whose argv[0] is no file, or whose dynamic loader is not the world's.
    """
    processes: dict[int, _Process] = {}
    made: list[Prediction] = []
    for event in trace.events:
        if isinstance(event, Forked):
            processes[event.pid] = processes[event.parent].fork(event.pid)
            continue
        process = processes.setdefault(event.pid, _Process(event.pid, world, sure=not processes))
        made += process.follow(event)
    for process in processes.values():
        made += process.finish(whole=False)
    return tuple(made)


@dataclass(slots=True)
class _Process:
    """What is loaded in each namespace of a process, and the batch that is being read.

    `sure` says whether the process' environment is known, and what it had mapped when it started.
    """

    pid: int
    world: Surroundings
    sure: bool
    argv0: str = ""
    application: LoadedObject | None = None
    spaces: dict[int, Namespace] = field(default_factory=dict)
    batch: Batch | None = None

    def fork(self, pid: int) -> _Process:
        spaces = {lmid: space.copy() for lmid, space in self.spaces.items()}
        return _Process(pid, self.world, sure=False, argv0=self.argv0, application=self.application, spaces=spaces)

    def follow(self, event: Event) -> Iterator[Prediction]:
        """Follow one event. A batch is predicted when it is complete."""
        if isinstance(event, Search) and event.needed_by is not None:
            batch = self.batch = self.batch or Batch(None)
            batch.searches.append(Searched(event))
        elif isinstance(event, LinkMap) and not event.opened and event.needed_by is None:
            if event.position == 0:  # otherwise it is ld.so itself, known from the application
                yield from self.finish(whole=False)
                self._begin(event)
        elif isinstance(event, LinkMap):
            if self.batch:
                self.batch.mapped()
        else:
            yield from self.finish(whole=True)
            self._after(event)

    def _begin(self, event: LinkMap) -> None:
        """A program starts, with only itself loaded. Only the first program surely has the trial's environment."""
        run_by_ld_so = event.base is not None
        first = not self.argv0 and self.world.program in (None, event.path)
        self.sure = self.sure and first and not run_by_ld_so
        if self.argv0:
            self.spaces = {}
        self.argv0, self.application, self.batch = event.path, None, Batch(None)
        facts = self.world.read(event.path)
        if isinstance(facts, ElfObject) and self._has_this_loader(facts):
            self.sure = self.sure and not facts.filters  # glibc loses the objects that it puts before the application
            self.application, self.spaces[0] = resolve.begin(event.path, facts, self.world)

    def _has_this_loader(self, facts: ElfObject) -> bool:
        ours = self.world.interp
        return not (ours and facts.interp) or self.world.identity(ours) == self.world.identity(facts.interp)

    def _after(self, event: Event) -> None:
        if isinstance(event, Search):
            self.batch = Batch(Searched(event))
        elif isinstance(event, Unloaded) and event.lmid in self.spaces:
            self.spaces[event.lmid].drop(event.path, self.world.identity(event.path))

    def finish(self, *, whole: bool) -> Iterator[Prediction]:
        """The predictions for the batch. If it is incomplete, they go as far as the loader came."""
        batch, self.batch = self.batch, None
        if batch is None or not self.application:
            return
        waiting: deque[LoadedObject] = deque()
        if batch.root:
            yield from self._opened(batch.root, waiting)
        elif self.application:
            waiting.append(self.application)
            yield from self._preloaded(self.application, batch, waiting)
        lmid = batch.root.search.lmid if batch.root else 0
        yield from self._breadth_first(lmid, waiting, batch, whole=whole)

    def _opened(self, root: Searched, waiting: deque[LoadedObject]) -> Iterator[Prediction]:
        search = root.search
        caller = self._at(search.opened_from, search.opened_by)
        space = self.spaces.setdefault(search.lmid, Namespace())
        taken = root.taken(space, self.world)
        if caller and self.application and "/" not in search.name:
            caller = resolve.opener(caller, self.application, self.world)
            edge = resolve.serve(caller, search.name, space, self.world, self.application, taken)
            yield self._prediction(search.lmid, DLOPEN, edge, search, taken)
        self._load(root, taken, caller, space, waiting)

    def _preloaded(self, application: LoadedObject, batch: Batch, waiting: deque[LoadedObject]) -> Iterator[Prediction]:
        """The names of LD_PRELOAD: ld.so searches for them first, and the application does not need them itself."""
        tokens = self.world.tokens
        names = {resolve.expand_tokens(name, application.origin, tokens) for _, name in application.facts.requests}
        space = self.spaces[0]
        while (
            batch.searches
            and batch.searches[0].search.needed_by == self.argv0
            and batch.searches[0].search.name not in names
        ):
            searched = batch.searches.pop(0)
            taken = searched.taken(space, self.world)
            edge = resolve.serve(application, searched.search.name, space, self.world, taken=taken)
            yield self._prediction(0, LD_PRELOAD, edge, searched.search, taken)
            self._load(searched, taken, application, space, waiting)

    def _breadth_first(
        self, lmid: int, waiting: deque[LoadedObject], batch: Batch, *, whole: bool
    ) -> Iterator[Prediction]:
        space = self.spaces.setdefault(lmid, Namespace())
        while waiting:
            needing, before = waiting.popleft(), deque[LoadedObject]()
            for tag, name in needing.facts.requests:
                if not (whole or batch.searches):
                    return
                asked = resolve.expand_tokens(name, needing.origin, self.world.tokens)
                searched = batch.take(self._path_in_trace(needing), asked)
                taken = searched.taken(space, self.world) if searched else None
                edge = resolve.serve(needing, name, space, self.world, self.application, taken)
                yield self._prediction(lmid, tag, edge, searched.search if searched else None, taken)
                if searched:
                    self._load(searched, taken, needing, space, waiting if tag == DT_NEEDED else before)
                if searched and taken is None and tag != DT_AUXILIARY and not batch.searches:
                    return  # the loader stops here; only ldd continues
            waiting.extendleft(reversed(before))  # an auxiliary object comes before the object that it serves

    def _load(
        self,
        searched: Searched,
        path: str | None,
        loader: LoadedObject | None,
        space: Namespace,
        waiting: deque[LoadedObject],
    ) -> None:
        """Load what the loader opened, whatever was predicted."""
        if path is None:
            return
        edge = resolve.Edge("", searched.search.name, path, None, ())
        read = self.world.read(path)
        facts = read if isinstance(read, ElfObject) else UNREAD
        if searched.mapped:
            new = resolve.load(edge, facts, loader, space, self.world)
            if new:
                waiting.append(new)
        elif space.mapped(self.world.identity(path)):
            resolve.load(edge, facts, loader, space, self.world)

    def _prediction(self, lmid: int, cause: str, edge: Edge, search: Search | None, taken: str | None) -> Prediction:
        agrees = self._agrees(edge, search, taken) or (False if self.sure and edge.sure else None)
        return Prediction(
            pid=self.pid,
            lmid=lmid,
            cause=cause,
            needing=self.argv0 if self.application and edge.needing == self.application.path else edge.needing,
            name=edge.name,
            predicted=None if agrees is None else edge.path,
            rule=None if agrees is None else edge.rule,
            search=search,
            found=taken,
            agrees=agrees,
        )

    def _agrees(self, edge: Edge, search: Search | None, taken: str | None) -> bool:
        if search is None or edge.rule == "loaded":
            return search is None and edge.rule == "loaded"
        if taken is None or edge.path is None:
            return taken == edge.path
        return self.world.identity(taken) == self.world.identity(edge.path)

    def _path_in_trace(self, loaded: LoadedObject) -> str:
        """The path that the trace has for an object."""
        return self.argv0 if loaded is self.application else loaded.path

    def _at(self, lmid: int | None, path: str | None) -> LoadedObject | None:
        if lmid is None or path is None:
            return None
        if lmid == 0 and path == self.argv0:
            return self.application
        return self.spaces[lmid].at(path) if lmid in self.spaces else None
