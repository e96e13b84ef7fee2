"""The objects of a namespace, from the application on: by glibc's rules or by musl's."""

from __future__ import annotations

import posixpath
from collections import deque
from typing import TYPE_CHECKING

from elfworlds.elf import DT_NEEDED, ElfObject
from elfworlds.resolve import glibc, musl
from elfworlds.resolve.tokens import expand_tokens
from elfworlds.resolve.types import MUSL, Edge, LoadedObject, Namespace

if TYPE_CHECKING:
    from elfworlds.resolve.types import Surroundings


def begin(path: str, facts: ElfObject, world: Surroundings) -> tuple[LoadedObject, Namespace]:
    """The application, and the base namespace with it and its ld.so."""
    application = LoadedObject(world.real(path), facts, None)
    base = Namespace()
    loader = facts.interp or world.interp
    if world.family == MUSL:
        return application, base
    base.add(application, None, facts.soname)
    read = world.read(loader) if loader else None
    if isinstance(read, ElfObject):
        base.add(
            LoadedObject(loader, read, None), world.identity(loader), loader, posixpath.basename(loader), read.soname
        )
    return application, base


def tree(path: str, world: Surroundings) -> tuple[Edge, ...]:
    """Every needed name below an application, in the loader's order, each with what serves it."""
    facts = world.read(path)
    if not isinstance(facts, ElfObject):
        return ()
    edges: list[Edge] = []
    application, base = begin(path, facts, world)
    waiting = deque([application])
    while waiting:
        needing = waiting.popleft()
        first: list[LoadedObject] = []
        for tag, name in needing.facts.requests if world.family != MUSL else _needed(needing.facts):
            edge = serve(needing, name, base, world)
            if edge.path or tag != "DT_AUXILIARY":
                edges.append(edge)
            facts = world.read(edge.path) if edge.path and edge.rule != "loaded" else None
            new = load(edge, facts, needing, base, world) if isinstance(facts, ElfObject) else None
            if new:
                (waiting if tag == DT_NEEDED else first).append(new)
        waiting.extendleft(reversed(first))  # an auxiliary object comes before whom it serves
    return tuple(edges)


def _needed(facts: ElfObject) -> tuple[tuple[str, str], ...]:
    """What musl reads of an object's requests."""
    return tuple((DT_NEEDED, name) for name in facts.needed)


def serve(
    needing: LoadedObject,
    name: str,
    space: Namespace,
    world: Surroundings,
    application: LoadedObject | None = None,
    taken: str | None = None,
) -> Edge:
    """What serves a name that an object of a namespace needs: what is loaded there, or a file."""
    if world.family == MUSL:
        return _serve_musl(needing, name, space, world, taken)
    name = expand_tokens(name, needing.origin, world.tokens)
    loaded = space.answering(name)
    if loaded:
        return Edge(needing.path, name, loaded.path, "loaded", (), sure=world.known)
    return glibc.find(needing, name, world, application, taken)


def _serve_musl(needing: LoadedObject, name: str, space: Namespace, world: Surroundings, taken: str | None) -> Edge:
    loaded = None if "/" in name else space.answering(name)
    if musl.is_libc(name, world) or loaded:
        return Edge(needing.path, name, loaded.path if loaded else world.interp, "loaded", (), sure=world.known)
    return musl.find(needing, name, world, taken)


def opener(caller: LoadedObject, application: LoadedObject, world: Surroundings) -> LoadedObject:
    """Who needs what dlopen asks for: glibc says who calls, musl the application."""
    return application if world.family == MUSL else caller


def load(
    edge: Edge, facts: ElfObject, loader: LoadedObject | None, space: Namespace, world: Surroundings
) -> LoadedObject | None:
    """The object of the file that was found; None where it is mapped already and has one name more now."""
    path = edge.path or ""
    file = world.identity(path)
    mapped = space.mapped(file)
    if mapped is None:
        loaded = LoadedObject(path, facts, loader)
        space.add(loaded, file, *_names(edge.name, path, facts, world))
        return loaded
    if world.family != MUSL:
        mapped.names.add(edge.name)
    elif "/" not in edge.name:  # what was opened by path has a name now, which need not be the one searched for
        mapped.names.add(posixpath.basename(mapped.loaded.path))
    return None


def _names(name: str, path: str, facts: ElfObject, world: Surroundings) -> tuple[str | None, ...]:
    if world.family == MUSL:
        return () if "/" in name else (name,)
    return path, name, facts.soname
