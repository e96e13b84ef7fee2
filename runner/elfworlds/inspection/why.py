"""One library of an inspection: who asked for it, in what order, which file served, and which others it shadows."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.elf import ElfObject
from elfworlds.errors import InputError
from elfworlds.inspection.types import INTERP, LOADED, NOT_IN_CACHE, THERE, Considered, Need
from elfworlds.inspection.walk import considered
from elfworlds.resolve import MUSL, glibc, musl
from elfworlds.yamltext import closest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.inspection.result import Result
    from elfworlds.resolve import SearchPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An object asks for the library.

    Attributes:
        need: what came of it.
        position: from 1, among all requests of the inspection in the loader's order.
        chain: the paths of the objects that led to the one that asks, the inspected file first.
        tried: every path up to the file that served; none where it was loaded already.
        shadowed: other files of that name in later places, which the loader does not reach.
    """

    need: Need
    position: int
    chain: tuple[str, ...]
    tried: tuple[Considered, ...]
    shadowed: tuple[Considered, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """All that asks for one library.

    Attributes:
        others: files in the closure with the same DT_SONAME as one that served: two copies are loaded.
    """

    name: str
    requests: tuple[Request, ...]
    others: tuple[str, ...]


def why(inspection: Result, name: str) -> Why:
    """Who asks for a library, by the name of a need, a file or a path.

    Raises:
        InputError: nobody does.
    """
    wanted = [
        (position, need)
        for position, need in enumerate(inspection.needs, start=1)
        if name in _names(need) and need.tag != INTERP
    ]
    if not wanted:
        known = dict.fromkeys(each for need in inspection.needs for each in _names(need))
        raise InputError(f"{inspection.path}: nothing in it asks for {name}", hint=closest(name, known))
    requests = tuple(_request(position, need, inspection) for position, need in wanted)
    return Why(name=name, requests=requests, others=tuple(_others(requests, inspection)))


def _names(need: Need) -> tuple[str, ...]:
    return (need.name, *((need.path, posixpath.basename(need.path)) if need.path else ()))


def _request(position: int, need: Need, inspection: Result) -> Request:
    needing = inspection.loaded(need.needing)
    chain = tuple(link.path for link in needing.chain()) if needing else (need.needing,)
    tried = () if need.rule == LOADED else tuple(_considered(need, inspection))
    end = next((at for at, each in enumerate(tried, start=1) if each.path == need.path), len(tried))
    return Request(
        need=need,
        position=position,
        chain=chain[::-1],
        tried=tried[:end],
        shadowed=tuple(_shadowed(need, tried[end:], inspection)),
    )


def _considered(need: Need, inspection: Result) -> Iterator[Considered]:
    edge = next(edge for edge in inspection.closure.edges if (edge.needing, edge.name) == (need.needing, need.name))
    places = tuple(_places(need, inspection)) if need.path else ()
    yield from considered(edge, inspection.closure.world, beyond=places[len(edge.searched) :], further=True)


def _places(need: Need, inspection: Result) -> Iterator[SearchPlace]:
    """Every place that is searched where no place ends the search before."""
    needing, world = inspection.loaded(need.needing), inspection.closure.world
    if needing is None or "/" in need.name:
        return
    if inspection.family == MUSL:
        yield from musl.places(needing, world)
        return
    for places in glibc.lists(needing, world, inspection.closure.application):
        yield from places


def _shadowed(need: Need, later: tuple[Considered, ...], inspection: Result) -> Iterator[Considered]:
    """Other files, each once, whatever paths lead to it."""
    world = inspection.closure.world
    seen = {world.identity(need.path)} if need.path else set()
    for tried in later:
        if tried.state == THERE and world.identity(tried.path) not in seen:
            seen.add(world.identity(tried.path))
            yield tried


def _others(requests: tuple[Request, ...], inspection: Result) -> Iterator[str]:
    served = {request.need.path for request in requests if request.need.path}
    sonames = {read.soname for path in served if isinstance(read := inspection.closure.world.read(path), ElfObject)} - {
        None
    }
    for mapped in inspection.objects:
        if mapped.path not in served and mapped.facts.soname in sonames:
            yield mapped.path


def why_lines(found: Why) -> Iterator[str]:
    """The same for a terminal."""
    yield f"{found.name}: asked for {len(found.requests)} times"
    for request in found.requests:
        need = request.need
        yield ""
        yield f"request {request.position}: {' → '.join((*map(posixpath.basename, request.chain), need.name))}"
        if need.rule == LOADED:
            yield f"  served by {need.path}, which is loaded already"
        for tried in request.tried:
            if tried.state == NOT_IN_CACHE:
                yield f"  {tried.rule}: no such name"
            else:
                holder = f" of {tried.holder}" if tried.holder else ""
                yield f"  {tried.path}  [{tried.rule}{holder}: {tried.state}]"
        if need.path is None:
            yield "  NOT FOUND"
        for tried in request.shadowed:
            yield f"  shadows {tried.path}  [{tried.rule}]"
    for path in found.others:
        yield ""
        yield f"{path} is loaded too, and has the same DT_SONAME: there are two copies"
