"""One namespace of a process: what is loaded, and where each object's references are looked up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from elfworlds.bindings import Linked, Scope
from elfworlds.traces.ldsought import is_loader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.traces.ldtrace import LinkMap, Search

Found: TypeAlias = Callable[[str, bool], Linked | None]  # a path of the trace, whether it is the program → the object


@dataclass(eq=False, slots=True)
class Searchlist:
    """An object and what it needs, breadth first; `owner` is the object's path."""

    owner: str
    objects: list[Linked]


@dataclass(slots=True)
class Space:
    """A namespace.

    Attributes:
        loader: ld.so, of which every other namespace than the first one is told later that it has it.
        live: path → the object; None for one that cannot be read.
        names: a name that was asked for → the path of the object that serves it.
        globally: what is there for every object; None before anything was loaded, or where that is not known.
        lists: path → the searchlists that its references are looked up in; it is missing where they are not known.
        unique: as of `bindings.Scope`.
        waiting: the paths that the loader is mapping, the opened one first.
        relocated: the paths whose relocations are being processed.
        shown: the scopes that were told of the opened object, the first objects of each.
        scopes: path → where its references are looked up, for those that were asked for since something changed.
    """

    found: Found
    base: bool
    loader: Linked | None = None
    live: dict[str, Linked | None] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    globally: Searchlist | None = None
    lists: dict[str, list[Searchlist]] = field(default_factory=dict)
    unique: dict[str, Linked] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    relocated: frozenset[str] = frozenset()
    shown: list[str] = field(default_factory=list)
    scopes: dict[str, Scope | None] = field(default_factory=dict)

    def copy(self) -> Space:
        """The namespace of a child that was forked."""
        made = {id(each): replace(each, objects=[*each.objects]) for each in self._searchlists()}
        return replace(
            self,
            live={**self.live},
            names={**self.names},
            globally=made[id(self.globally)] if self.globally else None,
            lists={path: [made[id(each)] for each in lists] for path, lists in self.lists.items()},
            unique={**self.unique},
            waiting=[*self.waiting],
            shown=[*self.shown],
            scopes={},
        )

    def _searchlists(self) -> Iterator[Searchlist]:
        if self.globally:
            yield self.globally
        for lists in self.lists.values():
            yield from lists

    def map(self, link_map: LinkMap) -> None:
        """A file that the loader mapped. Of ld.so itself a binding to it tells, after all else is in place."""
        path = link_map.path
        self.scopes.clear()
        program = self.base and not self.live
        self.live[path] = linked = self.found(path, program)
        self.names[link_map.name] = self.names[path] = path
        if linked and linked.facts.soname:
            self.names.setdefault(linked.facts.soname, path)
        if not is_loader(path):
            self.waiting.append(path)
        elif self.base and self.globally and linked:
            self.globally.objects.append(linked)

    def search(self, search: Search) -> None:
        """A name that a file serves which is mapped already is one of its names from now on."""
        if search.found in self.live:
            self.names[search.name] = search.found

    def drop(self, path: str) -> None:
        """An object is gone, and with it its searchlist."""
        self.scopes.clear()
        self.live.pop(path, None)
        self.lists.pop(path, None)
        self.names = {name: each for name, each in self.names.items() if each != path}
        self.waiting = [each for each in self.waiting if each != path]
        for searchlist in self._searchlists():
            searchlist.objects = [each for each in searchlist.objects if each.path != path]
        for lists in self.lists.values():
            lists[:] = [each for each in lists if each.owner != path]

    def settle(self) -> None:
        """All that was opened is mapped and relocated."""
        self.place()
        self.relocated = frozenset()

    def place(self) -> None:
        """What was mapped gets its searchlists, as far as they can be known."""
        brought, self.waiting = self.waiting, []
        shown, self.shown = self.shown, []
        if not brought:
            return
        self.scopes.clear()
        self.relocated = frozenset(brought)
        searchlist = self._started(brought) if self.base and not self.lists else self._needed(brought[0])
        if searchlist is None or (self.globally is None and self.lists):
            return
        if self.globally is None:
            self.globally = searchlist
            self.lists = {path: [searchlist] for path in brought}
        elif shown:
            self._opened(brought, searchlist, shown, self.globally)

    def _opened(self, brought: list[str], own: Searchlist, shown: list[str], globally: Searchlist) -> None:
        """RTLD_DEEPBIND shows in the order of the scopes; what was opened before looks here last of all."""
        root = self.live[own.owner]
        scopes = shown[1:] if root and root.symbolic else shown
        deep = len(scopes) > 1 and (scopes[0] == own.owner or scopes[0].startswith(f"{own.owner} "))
        for path in brought:
            self.lists[path] = [own, globally] if deep else [globally, own]
        for linked in own.objects:
            lists = self.lists.get(linked.path)
            if lists is not None and linked.path not in brought and globally is not lists[-1]:
                lists.append(own)

    def _started(self, brought: list[str]) -> Searchlist | None:
        """The program, what is preloaded and what they need: in the order of mapping."""
        linked = [each for path in brought if (each := self.live[path])]
        loader = [each for path, each in self.live.items() if each and path not in brought and is_loader(path)]
        known = len(linked) == len(brought) and not any(each.facts.filters for each in linked)
        return Searchlist(brought[0], [*linked, *loader]) if known else None

    def _needed(self, path: str) -> Searchlist | None:
        """An object and what it needs, breadth first; None where that is not known."""
        objects = [self.live.get(path)]
        for linked in objects:
            if linked is None or linked.facts.filters:
                return None
            for name in linked.facts.needed:
                needed = self._serving(name)
                if needed not in objects:
                    objects.append(needed)
        return Searchlist(path, [linked for linked in objects if linked])

    def _serving(self, name: str) -> Linked | None:
        path = self.names.get(name)
        if path is None and is_loader(name):
            return self.loader
        return None if path is None else self.live.get(path)

    def make_global(self, path: str) -> None:
        linked = self.live.get(path)
        if linked and self.globally and linked not in self.globally.objects:
            self.globally.objects.append(linked)

    def scope(self, path: str, *, dynamic_weak: bool) -> Scope | None:
        """Where an object's references are looked up now; None where that is not known."""
        if path in self.waiting:
            self.place()
        if path not in self.scopes:
            lists = self.lists.get(path)
            known = Scope([each.objects for each in lists], self.unique, dynamic_weak) if lists else None
            self.scopes[path] = known
        return self.scopes[path]
