"""What types cannot say of objects: everything that they name exists, and no object needs itself."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from elfworlds import refs
from elfworlds.refs import RefError, Template
from elfworlds.spec.checks.circles import circles, knots, way
from elfworlds.spec.checks.editing import AFTER, check_after, words
from elfworlds.spec.checks.findings import Finding, references, texts
from elfworlds.spec.checks.idle import idle_in_object
from elfworlds.spec.checks.judging import VALUES_OF_FILES, check_facts
from elfworlds.spec.checks.languages import check_language
from elfworlds.spec.checks.makers import check_makers
from elfworlds.spec.expand import ATTRIBUTES, Names, expand, items, names
from elfworlds.spec.model.objects import ORIGINS
from elfworlds.spec.values.files import FACTS
from elfworlds.yamltext import closest, entries

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from elfworlds.spec.model.objects import Object, Program
    from elfworlds.yamltext import Data, Path

LISTS = ("sources", "cflags", "ldflags", "ldflags-first", "z", "needs", "runpath", "rpath")
CUT = ("-Wl", "-Wa", "-Wp")
DIRECTORIES = ("runpath", "rpath")
NEVER = "each of them would have to be built before it is built"
ONE_BUILDER = "those of a circle of needs are built by one toolchain"
OWN = refs.parse("${matrix.libc}")
TAKEN = "it is taken as it is"
AS_IT_IS = {
    "toolchain": "somebody built it already, and to copy it takes no toolchain",
    "build-timeout": "nothing is built",
}


def check_objects(
    objects: Mapping[str, Object], raw: Mapping[str, Data], known: Names, values: Collection[str]
) -> Iterator[Finding]:
    """Every problem of the objects.

    Args:
        objects: their valid parts.
        raw: all that the file says of them.
        known: what references may name.
        values: names that a trial has taken already.
    """
    for name, definition in objects.items():
        here: Path = ("objects", name)
        yield from _name(name, here, values)
        yield from _one_thing(entries(raw[name]), here)
        yield from idle_in_object(definition, here) if definition.prebuilt is None else ()
        for path, template in (*templates(definition, here), *texts(definition.expect, (*here, "expect"))):
            yield from references(template, path, known)
        yield from _cut(definition, here)
        yield from _needs(definition, here, known, objects)
        yield from _directories(definition, here, known)
        yield from check_after(name, definition, here, known)
        yield from check_language(definition, entries(raw[name]), here, known)
        yield from check_makers(definition, here, known)
        for fact in definition.expect:
            if fact not in VALUES_OF_FILES:
                root = fact.partition(".")[0]
                hint = VALUES_OF_FILES.hint(fact) if root in FACTS else closest(root, FACTS)
                yield Finding((*here, "expect", fact), f"`{fact}` is no fact of an ELF file", hint, at_key=True)
        yield from check_facts(definition.expect, (*here, "expect"), known)
        yield from _toolchain(definition, here, known)
    yield from _circles(objects, known)


def _name(name: str, here: Path, values: Collection[str]) -> Iterator[Finding]:
    head, _, attribute = name.rpartition(".")
    if name == "matrix" or name.startswith("matrix.") or (head and attribute in ATTRIBUTES):
        yield Finding(here, f"`{name}` cannot be an object's name: it reads like a reference", at_key=True)
    if name in values:
        yield Finding(here, f"`{name}` cannot be an object's name: every trial has a value of that name", at_key=True)


def _one_thing(raw: Mapping[str, Data], here: Path) -> Iterator[Finding]:
    written = {key for key, value in raw.items() if value is not None and value != []}
    if "prebuilt" in written:
        edited = ["toolchain", "build-timeout"] if AFTER in written else []
        for key in sorted(written - {"prebuilt", AFTER, "expect", "note", *edited}):
            yield Finding((*here, key), f"a prebuilt object has no `{key}`", AS_IT_IS.get(key, TAKEN), at_key=True)
        origins = [key for key in entries(raw["prebuilt"]) if key in ORIGINS]
        if len(origins) > 1:
            message = f"a file has one place: here are `{origins[0]}` and `{origins[1]}`"
            yield Finding((*here, "prebuilt", origins[1]), message, "write one of them", at_key=True)
        if origins and AFTER in written:
            message, hint = (
                f"a file of a tree has no `{AFTER}`",
                "the tree is taken as it is: edit the file in a copy of it",
            )
            yield Finding((*here, AFTER), message, hint, at_key=True)
        return
    if len(written & {"library", "executable"}) != 1:
        hint = "write one of the two, with its name"
        yield Finding(here, "an object is either a `library` or an `executable`", hint)
    if len(written & {"sources", "code"}) != 1:
        yield Finding(here, "an object has either `sources` or `code`", "write one of the two")
    if raw.get("rpath") is not None and raw.get("runpath") is not None:
        hint = "DT_RPATH is ignored where DT_RUNPATH is there"
        yield Finding(here, "an object has either `rpath` or `runpath`", hint)


def templates(definition: Object, here: Path) -> Iterator[tuple[Path, str | Template]]:
    """Every text of which the object is built, with its place."""
    for key in LISTS:
        for index, template in enumerate(getattr(definition, key.replace("-", "_")) or ()):
            yield (*here, key, index), template
    yield from words(definition, here)
    alone = ((key, getattr(definition, key)) for key in ("soname", "compiler", "linker"))
    yield from (((*here, key), template) for key, template in alone if template is not None)
    for key in ("file", *ORIGINS) if definition.prebuilt is not None else ():
        if getattr(definition.prebuilt, key) is not None:
            yield (*here, "prebuilt", key), getattr(definition.prebuilt, key)
    for macro, value in definition.defines.items():
        yield (*here, "defines", macro), value or ""
    for place, symbol in definition.exports.symbols if definition.exports is not None else ():
        yield (*here, "exports", *place), symbol


def _toolchain(definition: Object, here: Path, known: Names) -> Iterator[Finding]:
    """The toolchains that build an object wherever it is run are known, and are not the trial's own anyway."""
    template, path = definition.toolchain, (*here, "toolchain")
    if template is None:
        return
    wrong = [*references(template, path, known)]
    yield from wrong
    if template == OWN:
        yield Finding(path, "`${matrix.libc}` builds an object anyway", "remove it", at_key=True)
    for label in () if wrong else expand(template, known.axes):
        if label not in known.toolchains:
            place = _label(template, label, known) or path
            yield Finding(place, f"no toolchain `{label}` is known here", closest(label, known.toolchains))


def _label(template: Template, label: str, known: Names) -> Path | None:
    """The place of an axis' value, where the template is that axis alone."""
    for name, axis in known.axes.items():
        if template == refs.parse(f"${{matrix.{name}}}"):
            for position, (own, value) in enumerate(axis.values):
                if label == (value if isinstance(value, str) else own):
                    return ("matrix", name, position if axis.listed else own)
    return None


def _cut(definition: Object, here: Path) -> Iterator[Finding]:
    for key in ("cflags", "ldflags", "ldflags-first"):
        words = [template.literal for template in getattr(definition, key.replace("-", "_"))]
        yield from cut_words(words, (*here, key))


def cut_words(words: Sequence[str | None], here: Path) -> Iterator[Finding]:
    """A word for the compiler's driver that YAML has cut at its comma: [-Wl,-Bsymbolic] are two."""
    for index, word in enumerate(words):
        if word in CUT:
            after = [follower or "…" for follower in words[index + 1 :]] or ["…"]
            rest = [after[0], *takewhile(lambda follower: follower[:1] != "-", after[1:])]
            message = f"`{word}` stands alone: inside […] a comma ends a word"
            yield Finding((*here, index), message, f'quote it: "{",".join((word, *rest))}"')


def _needs(definition: Object, here: Path, known: Names, objects: Mapping[str, Object]) -> Iterator[Finding]:
    for index, template in enumerate(definition.needs):
        for need in items(template, known.axes):
            path: Path = (*here, "needs", index)
            if need not in known.objects and "${matrix." not in need:
                hint = f"write {need[2:-1]}" if need.startswith("${") else closest(need, known.objects)
                yield Finding(path, f"no object `{need}`", hint)
            elif need in objects and objects[need].executable:
                yield Finding(path, f"`{need}` is an executable", "an object can need libraries only")


def _directories(definition: Object, here: Path, known: Names) -> Iterator[Finding]:
    for key in DIRECTORIES:
        for index, template in enumerate(getattr(definition, key) or ()):
            for entry in items(template, known.axes):
                if "/" not in entry and "$" not in entry and entry not in known.objects:
                    hint = closest(entry, known.objects) or "a literal directory holds a `/` or a `$`"
                    yield Finding((*here, key, index), f"no object `{entry}`", hint)


def check_program(program: Program, here: Path, known: Names, objects: Mapping[str, Object]) -> Iterator[Finding]:
    """Every problem of the program that a scenario's steps make."""
    definition = program.as_object()
    for path, template in templates(definition, here):
        yield from references(template, path, known)
    yield from _cut(definition, here)
    yield from _needs(definition, here, known, objects)
    yield from _directories(definition, here, known)
    if program.rpath is not None and program.runpath is not None:
        hint = "DT_RPATH is ignored where DT_RUNPATH is there"
        yield Finding(here, "a program has either `rpath` or `runpath`", hint)


def _circles(objects: Mapping[str, Object], known: Names) -> Iterator[Finding]:
    """Objects that cannot be built in any order. A circle of `needs` and run paths alone can: one node."""
    linked = {name: list(_linked(definition, ("objects", name), known)) for name, definition in objects.items()}
    together = knots({name: [other for _, other in own] for name, own in linked.items()})
    together = {name: circle for name, circle in together.items() if _by_one_toolchain(circle, objects)}
    first = {name: min(together.get(name, [name])) for name in objects}
    edges: dict[str, list[tuple[tuple[Path, str, str], str]]] = {name: [] for name in objects}
    for name, definition in objects.items():
        apart = (edge for edge in linked[name] if edge[1] == name or edge[1] not in together.get(name, ()))
        for path, other in (*_named(name, definition, known), *apart):
            edges[first[name]].append(((path, name, other), first.get(other, other)))
    for (path, name, other), circle in circles(edges):
        through = {other: [*_named(other, part, known), *linked[other]] for other, part in objects.items()}
        names = circle if not together.keys() & set(circle) else (*way(other, name, through), other)
        hint = NEVER if _by_one_toolchain(names, objects) else ONE_BUILDER
        yield Finding(path, f"objects go round in a circle: {' → '.join(names)}", hint)


def _by_one_toolchain(names: Collection[str], objects: Mapping[str, Object]) -> bool:
    return len({objects[name].toolchain for name in names}) == 1


def _linked(definition: Object, here: Path, known: Names) -> Iterator[tuple[Path, str]]:
    """The objects that one is linked with or looks beside, and where it names them."""
    for key in ("needs", *DIRECTORIES):
        for index, template in enumerate(getattr(definition, key) or ()):
            yield from (((*here, key, index), name) for name in items(template, known.axes))


def _named(name: str, definition: Object, known: Names) -> Iterator[tuple[Path, str]]:
    """The objects to which an object's texts refer, but for the file that a command edits."""
    for path, text in templates(definition, ("objects", name)):
        try:
            template = text if isinstance(text, Template) else refs.parse(text)
        except RefError:
            continue
        referred = (known.object_of(reference) or "" for reference in names(template, known.axes))
        yield from ((path, other) for other in referred if other != name or path[2] != AFTER)
