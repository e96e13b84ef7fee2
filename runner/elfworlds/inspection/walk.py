"""The closure of a file, breadth first as the loader goes, with the reason for each edge."""

from __future__ import annotations

import posixpath
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from elfworlds import resolve
from elfworlds.elf import DT_NEEDED, ElfObject
from elfworlds.inspection import types
from elfworlds.inspection.types import DLOPEN, LD_PRELOAD, LOADED, Considered, Mapped, Need
from elfworlds.resolve import MUSL, LoadedObject, Namespace, Refusal
from elfworlds.resolve.types import Entry

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from elfworlds.resolve import Edge, SearchPlace, Surroundings

    Asked: TypeAlias = tuple[Edge, Need]

CACHE = "ld.so.cache"
STATES = {
    Refusal.PASSED: types.PASSED,
    Refusal.FATAL: types.FATAL,
    Refusal.SHUT: types.SHUT,
    Refusal.UNKNOWN: types.UNKNOWN,
    None: types.ABSENT,
}


@dataclass(slots=True)
class Indexed(Namespace):
    """A namespace of glibc's that finds names and files without looking at each object."""

    by_name: dict[str, LoadedObject] = field(default_factory=dict)
    by_file: dict[Hashable, Entry] = field(default_factory=dict)

    @staticmethod
    def of(space: Namespace) -> Indexed:
        """The same objects."""
        indexed = Indexed()
        for entry in space.entries:
            indexed.add(entry.loaded, entry.file, *entry.names)
        return indexed

    def answering(self, name: str) -> LoadedObject | None:
        return self.by_name.get(name)

    def mapped(self, file: Hashable) -> Entry | None:
        return self.by_file.get(file)

    def add(self, loaded: LoadedObject, file: Hashable, *names: str | None) -> None:
        entry = Entry(loaded, {name for name in names if name}, file)
        self.entries.append(entry)
        self.by_file.setdefault(file, entry)
        for name in entry.names:
            self.by_name.setdefault(name, loaded)

    def renamed(self, file: Hashable, name: str) -> None:
        """Note that what is mapped answers to one name more."""
        entry = self.by_file.get(file)
        if entry:
            self.by_name.setdefault(name, entry.loaded)


class Common(NamedTuple):
    """What closures of one loader in one world share, each made once.

    Attributes:
        searches: tag and name → a search by an object without any run path, which ends alike for all of them.
        known: who asks, the tag, the name, and the path of a loaded object that answers → what comes of it.
    """

    searches: dict[tuple[str, str], Asked]
    known: dict[tuple[str, str, str, str | None], Asked]


@dataclass(slots=True)
class Closure:
    """What is loaded for a file, in the order of loading and lookup.

    Attributes:
        needs: every name that an object asks for.
        edges: the same as `resolve` has them.
        by_path: the objects by their paths, those of a host too.
        of_host: whether what is loaded now is the host's own.
        common: what closures of one loader share.
        plain: path of an object → whether it is one of these.
    """

    world: Surroundings
    space: Namespace
    application: LoadedObject
    objects: list[Mapped] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    in_order: set[str] = field(default_factory=set)
    by_path: dict[str, LoadedObject] = field(default_factory=dict)
    of_host: bool = False
    common: Common = field(default_factory=lambda: Common({}, {}))
    plain: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.space = self._indexed(self.space)

    def _indexed(self, space: Namespace) -> Namespace:
        return space if self.world.family == MUSL else Indexed.of(space)

    def start(self, preloads: tuple[str, ...]) -> None:
        """As a program is started: the application, what is preloaded, then whatever they need."""
        self._take(self.application, "")
        waiting = deque([self.application])
        for name in preloads:
            new = self._ask(self.application, LD_PRELOAD, name)
            waiting.extend([new] if new else [])
        self._breadth_first(waiting)

    def open(self, path: str, facts: ElfObject, space: Namespace) -> LoadedObject:
        """As the application opens a file by its path; what it needs is served in that namespace."""
        self.space = space = space if space is self.space else self._indexed(space)
        self.of_host = False
        edge = resolve.Edge(self.application.path, path, path, "path", (resolve.SearchPlace("path", path),))
        opened = resolve.load(edge, facts, self.application, space, self.world)
        self._note(edge, DLOPEN)
        if opened is None:  # the application has it
            return self.application
        self._take(opened, path)
        self._breadth_first(deque([opened]))
        return opened

    def _breadth_first(self, waiting: deque[LoadedObject]) -> None:
        musl = self.world.family == MUSL
        while waiting:
            needing = waiting.popleft()
            first: list[LoadedObject] = []
            facts = needing.facts
            for tag, name in [(DT_NEEDED, name) for name in facts.needed] if musl else facts.requests:
                new = self._ask(needing, tag, name)
                if new:
                    (waiting if tag == DT_NEEDED else first).append(new)
            waiting.extendleft(reversed(first))  # an auxiliary object comes before whom it serves

    def _ask(self, needing: LoadedObject, tag: str, name: str) -> LoadedObject | None:
        """Serve a name; the object, where it is new."""
        edge = self._asked(needing, tag, name)
        if edge.path is None or edge.path in self.in_order:
            return None
        read = self.world.read(edge.path)
        file = self.world.identity(edge.path)
        new = None
        if isinstance(read, ElfObject) and edge.rule != LOADED:
            new = resolve.load(edge, read, needing, self.space, self.world)
            if new is None and isinstance(self.space, Indexed):
                self.space.renamed(file, edge.name)
        entry = self.space.mapped(file)
        loaded = new or (entry.loaded if entry else None)
        if loaded:
            self._take(loaded, name, needing.path)
        return new

    def _asked(self, needing: LoadedObject, tag: str, name: str) -> Edge:
        """As `resolve.serve`, without asking twice for what ends alike; it is noted."""
        space = self.space
        if not isinstance(space, Indexed) or "$" in name or "/" in name:
            return self._note(resolve.serve(needing, name, space, self.world, self.application), tag)
        loaded = space.answering(name)
        if not (loaded or self._is_plain(needing)):
            return self._note(resolve.serve(needing, name, space, self.world, self.application), tag)
        key = (needing.path, tag, name, loaded.path if loaded else None)
        known = self.common.known.get(key)
        if known is None:
            known = self._loaded(needing, tag, name, loaded) if loaded else self._searched(needing, tag, name)
            self.common.known[key] = known
        self.edges.append(known[0])
        self.needs.append(known[1])
        return known[0]

    def _loaded(self, needing: LoadedObject, tag: str, name: str, loaded: LoadedObject) -> Asked:
        edge = resolve.Edge(needing.path, name, loaded.path, LOADED, (), sure=self.world.known)
        return edge, self._need(edge, tag)

    def _searched(self, needing: LoadedObject, tag: str, name: str) -> Asked:
        known = self.common.searches.get((tag, name))
        if known is None:
            edge = resolve.serve(needing, name, self.space, self.world, self.application)
            known = self.common.searches[tag, name] = edge, self._need(edge, tag)
        edge, need = known
        return edge._replace(needing=needing.path), need._replace(needing=needing.path)

    def _is_plain(self, needing: LoadedObject) -> bool:
        """Whether nothing but the name decides its searches: no run path, no LD_LIBRARY_PATH, no flag."""
        known = self.plain.get(needing.path)
        if known is None:
            facts = [link.facts for link in (*needing.chain(), self.application)]
            paths = any(each.rpath is not None or each.runpath is not None for each in facts)
            special = resolve.NODEFLIB in needing.facts.flags or self.world.library_path
            known = self.plain[needing.path] = not (paths or special)
        return known

    def _take(self, loaded: LoadedObject, name: str, loaded_by: str | None = None) -> None:
        """Put an object into the order of lookup; ld.so is there from the start, and comes where it is first needed."""
        self.by_path.setdefault(loaded.path, loaded)
        if loaded.path not in self.in_order:
            self.in_order.add(loaded.path)
            by = loaded.loader.path if loaded.loader else loaded_by
            self.objects.append(
                Mapped(path=loaded.path, name=name, facts=loaded.facts, loaded_by=by, of_host=self.of_host)
            )

    def _note(self, edge: Edge, tag: str) -> Edge:
        self.edges.append(edge)
        self.needs.append(self._need(edge, tag))
        return edge

    def _need(self, edge: Edge, tag: str) -> Need:
        place = edge.searched[-1] if edge.path and edge.searched else None
        return Need(
            needing=edge.needing,
            name=edge.name,
            tag=tag,
            path=edge.path,
            rule=edge.rule,
            holder=(place.holder or None) if place else None,
            level=self._level(edge.path, place) if edge.path and place else None,
            considered=() if edge.path else tuple(considered(edge, self.world)),
            stopped=edge.stopped,
            sure=edge.sure,
        )

    def _level(self, path: str, place: SearchPlace) -> str | None:
        """The subdirectory for the processor that the file lies in."""
        if not self.world.subdirectories:
            return None
        directory = posixpath.dirname(path)
        if place.rule == CACHE:
            return next((part for part in self.world.subdirectories if directory.endswith(f"/{part}")), None)
        below = directory.removeprefix(place.directory.rstrip("/")).strip("/")
        return below if below in self.world.subdirectories else None


def considered(
    edge: Edge, world: Surroundings, *, beyond: tuple[SearchPlace, ...] = (), further: bool = False
) -> Iterator[Considered]:
    """Every path that is tried for a name, in order, up to the one that ends the search.

    Args:
        edge: the search.
        world: of it.
        beyond: places after those where it ended, which are looked through too.
        further: whether to go on behind the path that ends the search.
    """
    for place in (*edge.searched, *beyond):
        for path in _candidates(place, edge.name, world):
            state = _state(path, edge, world) if path else types.NOT_IN_CACHE
            yield Considered(path=path, rule=place.rule, holder=place.holder or None, state=state)
            if not further and state in (types.TAKEN, types.FATAL):
                return


def _candidates(place: SearchPlace, name: str, world: Surroundings) -> Iterator[str]:
    if place.rule == "path":
        yield place.directory
    elif place.rule == CACHE:
        yield world.cache.get(resolve.cache_key(name)) or ""
    elif world.family == MUSL:
        yield f"{place.directory}/{name}"
    else:
        for directory in (*world.subdirectories, ""):
            yield posixpath.join(place.directory, directory, name)


def _state(path: str, edge: Edge, world: Surroundings) -> str:
    if path == edge.path:
        return types.TAKEN
    read = world.read(path)
    return types.THERE if isinstance(read, ElfObject) else STATES[read]
