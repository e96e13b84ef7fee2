"""Circles of needs: each library is linked with stubs of the others, and finds the real ones when it is loaded.

A stub is the library itself without what it needs of the circle, so it has the same soname, symbols and versions. It
lies in a directory of its own, which no run path names. Where the real ones lie depends on their keys, and these would
depend on each other: so each request is digested with places in it that hold for the stubs, then all of them together.
"""

from __future__ import annotations

import hashlib
import json
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds.planning.bind import Binder
from elfworlds.planning.recipe import Finish
from elfworlds.planning.request import FORMAT, request
from elfworlds.planning.types import KEY_DIGITS, directory_of, realise
from elfworlds.refs import Template
from elfworlds.spec.checks.circles import knots

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from elfworlds.jsondata import Json
    from elfworlds.planning.types import BuildRequest
    from elfworlds.spec.model.objects import Object

UNDEFINED = "-Wl,--unresolved-symbols=ignore-all"  # what a stub refers to is in libraries that it does not need


class CircleBinder(Binder):
    """A `Binder` that can also bind objects that need each other."""

    def request(self, name: str) -> BuildRequest:
        together = self.circle(name)
        if not together:
            return super().request(name)
        made = circled(self, together)
        for other in together:
            self.known.request(other, self.point, made.__getitem__)
        return made[name]

    def circle(self, name: str) -> tuple[str, ...]:
        """The objects that are in one circle with an object at this point, itself included; none for most."""
        possible = self.known.reads.circles.get(name, ())
        objects = {other: part for other, part in self.experiment.objects.items() if other in possible}
        together = knots({other: list(_named(self, part)) for other, part in objects.items()}).get(name, ())
        return tuple(other for other in objects if other in together)

    def linking_with(self, stubs: Mapping[str, BuildRequest]) -> CircleBinder:
        """The same for objects that are linked with stubs of others, by the others' names."""
        binder = copy(self)
        binder.stubs = stubs
        return binder


def circled(binder: CircleBinder, names: tuple[str, ...]) -> dict[str, BuildRequest]:
    """The requests of the libraries of a circle, by name; the stubs that they need are known from then on.

    Args:
        binder: everything at a point.
        names: of the whole circle.
    """
    stubs = {name: _stub(binder, name, names) for name in names}
    needed = {need for name in names for need in binder.words(binder.experiment.objects[name].needs)}
    for name in names:
        if name in needed:
            binder.known.add(stubs[name])
    places = {stub.key: _digest(["place", stub.key]) for stub in stubs.values()}
    linked = [_linked(binder.linking_with(stubs), name, places) for name in names]
    return dict(zip(names, _together(linked, list(places.values())), strict=True))


def _named(binder: Binder, definition: Object) -> Iterator[str]:
    for templates in (definition.needs, definition.runpath, definition.rpath):
        yield from binder.words(templates or ())


def _stub(binder: Binder, name: str, circle: tuple[str, ...]) -> BuildRequest:
    """A library without what it needs of its circle."""
    definition = binder.experiment.objects[name]
    kept = tuple(Template((need,)) for need in binder.words(definition.needs) if need not in circle)
    alone = definition.model_copy(update={"needs": kept, "runpath": (), "rpath": None})
    recipe = binder.recipe(f"stub of {name}", alone, *binder.files(name, definition))
    recipe = replace(recipe, search=(), ldflags=(*recipe.ldflags, UNDEFINED))
    return replace(request(recipe, _finish(binder, definition), binder.builder(definition)), stub=True)


def _linked(binder: Binder, name: str, places: Mapping[str, str]) -> BuildRequest:
    """A library linked with the stubs of the others; its run path has places for theirs, by the stubs' keys."""
    definition = binder.experiment.objects[name]
    recipe = binder.recipe(name, definition, *binder.files(name, definition))
    search = tuple(realise(entry, lambda key: directory_of(places.get(key, key))) for entry in recipe.search)
    others = tuple(key for key in recipe.others if key not in places)
    return request(
        replace(recipe, search=search, others=others), _finish(binder, definition), binder.builder(definition)
    )


def _finish(binder: Binder, definition: Object) -> Finish:
    return Finish(binder.after(definition), binder.soname(definition))


def _together(linked: Sequence[BuildRequest], places: Sequence[str]) -> Iterator[BuildRequest]:
    """The requests with their keys, which digest all of them, and with each other's directories for the places.

    Each needs what any of them does, so that all can be built at one time.
    """
    whole = sorted(made.key for made in linked)
    keys = [_digest(["circle", made.key, whole]) for made in linked]
    known = dict(zip(places, keys, strict=True))
    needs = tuple(dict.fromkeys(need for made in linked for need in made.needs))
    for made, key in zip(linked, keys, strict=True):
        argv = tuple(realise(word, lambda key: directory_of(known.get(key, key))) for word in made.argv)
        others = tuple(other for other in keys if other != key)
        yield replace(made, key=key, argv=argv, needs=needs, circle=others)


def _digest(decisive: list[Json]) -> str:
    text = json.dumps([FORMAT, *decisive], separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_DIGITS]
