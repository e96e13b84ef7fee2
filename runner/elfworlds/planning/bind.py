"""References resolved at a point: objects become build requests, scenarios become commands and matchers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds import refs
from elfworlds.errors import InputError
from elfworlds.planning.exports import Exported, exported
from elfworlds.planning.links import soname_in, soname_set
from elfworlds.planning.points import LIBC, applies
from elfworlds.planning.recipe import Finish, Recipe
from elfworlds.planning.request import bundled, request, taken, without
from elfworlds.planning.types import FILES, BuildRequest, ValueRef, directory_of, keys_in
from elfworlds.sources import PACKAGE, Bundled, File, in_suite
from elfworlds.sources.lockfile import command
from elfworlds.spec import languages
from elfworlds.spec.expand import object_of
from elfworlds.yamltext import Scalar, core, is_null

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from elfworlds.planning.known import Known
    from elfworlds.planning.types import Point, Resolved
    from elfworlds.refs import Template
    from elfworlds.sources import Prebuilt, Sources
    from elfworlds.spec.model import objects as model
    from elfworlds.spec.model.experiment import Experiment
    from elfworlds.spec.model.objects import Object
    from elfworlds.toolchains import Toolchain


SUITES = "debian/"


class Binder:
    """Everything at one point. Objects are bound once, when they are first named."""

    def __init__(
        self,
        experiment: Experiment,
        sources: Sources,
        toolchains: Mapping[str, Toolchain],
        point: Point,
        versions: Mapping[str, str],
        known: Known,
    ) -> None:
        self.experiment = experiment
        self.axes = known.reads.axes
        self.sources = sources
        self.toolchains = toolchains
        self.point = dict(point)
        self.toolchain = toolchains[self.point[LIBC]]
        self.building = toolchains[self.toolchain.built_by] if self.toolchain.built_by else self.toolchain
        self.versions = versions
        self.known = known
        self.stubs: Mapping[str, BuildRequest] = {}  # in the place of objects, for what is linked with them

    def lookup(self, name: str) -> Resolved:
        """What a reference stands for here."""
        if name.startswith("matrix."):
            return self.axis(name.removeprefix("matrix."))
        owner = object_of(name, self.experiment.objects)
        if owner is None:
            return directory_of(FILES) if name == FILES else ValueRef(name)
        built = self.object(owner)
        if name == owner:
            return f"{directory_of(built.key)}/{built.filename}"
        if name.endswith(".soname"):
            return self.soname(self.experiment.objects[owner])
        return built.directory if name.endswith(".dir") else directory_of(built.key)

    def axis(self, name: str) -> Resolved:
        label = self.point[name]
        values = dict(self.axes[name].values) if name in self.axes else {}
        return self.data(values.get(label, Scalar(label)))

    def data(self, data: Resolved) -> Resolved:
        """Data with every reference resolved; a scalar that is one whole reference keeps the type."""
        if isinstance(data, dict):
            return {str(key): self.data(value) for key, value in data.items()}
        if isinstance(data, list | tuple):
            return [self.data(item) for item in data]
        if not isinstance(data, str) or "${" not in data:
            return data
        return refs.value(refs.parse(data), self.lookup)

    def text(self, template: Template) -> str:
        return refs.substitute(template, self.lookup)

    def words(self, templates: Iterable[Template]) -> Iterator[str]:
        """One word each; of a whole reference to a list each item, and none of one to null."""
        for template in templates:
            yield from _words(refs.value(template, self.lookup))

    def soname(self, definition: Object) -> str:
        """DT_SONAME, empty for none: an executable has one only where the experiment says so."""
        edited = soname_set(self.after(definition))
        return self.linked_soname(definition) if edited is None else edited

    def linked_soname(self, definition: Object) -> str:
        """DT_SONAME as it is before any command of `after`."""
        if definition.prebuilt is not None:
            prebuilt = self.prebuilt(definition.prebuilt)
            return (prebuilt.facts.soname or "") if prebuilt else ""
        asked = soname_in(self.words((*definition.ldflags_first, *definition.ldflags)))
        if asked is not None:
            return asked
        if definition.soname is None:
            return definition.filename if definition.library else ""
        return self.text(definition.soname)

    def after(self, definition: Object) -> tuple[tuple[str, ...], ...]:
        """The commands that edit the object's file; one that has no words at this point is left out."""
        commands = (tuple(self.words(command)) for command in definition.after)
        return tuple(command for command in commands if command)

    def prebuilt(self, stated: model.Prebuilt) -> Prebuilt | Bundled | None:
        """What an object is a copy of; None where it is of a package, and the toolchain is no suite.

        Raises:
            InputError: the suite's package is not pinned.
        """
        key, template = stated.origin
        place, file = self.text(template), self.text(stated.file)
        if key != PACKAGE:
            return self.sources.prebuilt[key, place, file]
        suite = self.building.name
        found = self.sources.prebuilt.get((key, in_suite(suite, place), file))
        if found is None and suite.startswith(SUITES):
            hint = f"`{command(f'{self.experiment.experiment}.yaml')} {suite}` pins it"
            raise InputError(f"`{file}` of the package `{place}` is not pinned for {suite}", hint=hint)
        return found

    def object(self, name: str) -> BuildRequest:
        """The object's build request at this point; its stub's, for what is linked with that."""
        return self.stubs.get(name) or self.known.request(name, self.point, self.request)

    def request(self, name: str) -> BuildRequest:
        """Made anew; `object` gives the one that there is."""
        definition = self.experiment.objects[name]
        finish, builder = Finish(self.after(definition), self.soname(definition)), self.builder(definition)
        if definition.prebuilt is None:
            return request(self.recipe(name, definition, *self.files(name, definition)), finish, builder)
        prebuilt = self.prebuilt(definition.prebuilt)
        if prebuilt is None:
            return without(name, self.text(definition.prebuilt.file), self.building)
        if isinstance(prebuilt, Bundled):
            return bundled(name, self.known.shelve(prebuilt.tree), prebuilt.path, self.building)
        self.known.keep(prebuilt.file)
        return taken(name, prebuilt, finish, builder, self.experiment.patience(definition))

    def builder(self, definition: Object) -> Toolchain:
        """The toolchain that builds an object: the one for the trial's, if it names none."""
        return self.building if definition.toolchain is None else self.toolchains[self.text(definition.toolchain)]

    def recipe(self, name: str, definition: Object, sources: tuple[str, ...], inputs: Mapping[str, str]) -> Recipe:
        """How an object is built.

        Args:
            name: what it is called.
            definition: the object; none that somebody else built.
            sources: the paths to compile.
            inputs: path → sha256 of every file that they may read, themselves included.
        """
        (needs, indirect), (cflags, first, ldflags) = self.needs(definition), self.flags(definition)
        search, exports = self.run_path(definition, needs, sources), self.exports(definition)
        return Recipe(
            name=name,
            filename=definition.filename,
            shared=definition.library is not None,
            sources=sources,
            inputs=tuple(sorted({**inputs, **self.listed(exports)}.items())),
            defines=(defines := self.defines(definition)),
            cflags=cflags,
            ldflags=ldflags,
            needs=needs,
            indirect=indirect,
            others=_keys((*search, *(value or "" for _, value in defines), *cflags, *first, *ldflags)),
            search=search,
            dtag="runpath" if definition.rpath is None else "rpath",
            soname=self.linked_soname(definition),
            z=tuple(self.words(definition.z)),
            std=definition.std,
            pie=definition.pie,
            as_needed=definition.as_needed,
            build_id=definition.build_id,
            hash_style=definition.hash_style,
            language=languages.language(definition, sources),
            edition=definition.edition,
            crate_type=definition.crate_type,
            exports=exports.words,
            ldflags_first=first,
            makers=(self.maker(definition.compiler), self.maker(definition.linker)),
            timeout=self.experiment.patience(definition),
        )

    def defines(self, definition: Object) -> tuple[tuple[str, str | None], ...]:
        return tuple((macro, self.plain(value)) for macro, value in sorted(definition.defines.items()))

    def flags(self, definition: Object) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Words for the compiler, for the link before the needed libraries, and after them."""
        first, last = definition.ldflags_first, definition.ldflags
        return tuple(self.words(definition.cflags)), tuple(self.words(first)), tuple(self.words(last))

    def needs(self, definition: Object) -> tuple[tuple[tuple[str, str, bool], ...], tuple[str, ...]]:
        """What an object is linked with: key, file name, whether it has a soname; and where what those need is."""
        names = [str(name) for name in self.words(definition.needs)]
        built = [self.object(name) for name in names]
        sonames = [bool(self.soname(self.experiment.objects[name])) for name in names]
        direct = tuple((each.key, each.filename, soname) for each, soname in zip(built, sonames, strict=True))
        keys = {key for key, _, _ in direct}
        more = dict.fromkeys(key for each in built for key in (*each.needs, *each.circle) if key not in keys)
        needed = (self.known.requests[key] for key in more)
        return direct, tuple(request.directory for request in needed if not request.stub)

    def maker(self, named: Template | None) -> str:
        """The name of a compiler or linker; empty for the toolchain's own."""
        return "" if named is None else next(self.words([named]), "")

    def exports(self, definition: Object) -> Exported:
        if definition.exports is None:
            return Exported()
        stated = definition.exports.versions
        versions = None if stated is None else tuple((name, tuple(self.words(symbols))) for name, symbols in stated)
        return exported(versions, f"{definition.filename}.map", shared=definition.library is not None)

    def plain(self, value: Scalar | None) -> str | None:
        resolved = self.data(value)
        return next(_words(resolved), None)

    def applies(self, when: Mapping[str, tuple[str | None, ...]]) -> bool:
        """Whether a `when` holds at this point."""
        return applies(when, self.point, self.versions)

    def run_path(
        self, definition: Object, needs: Iterable[tuple[str, str, bool]], sources: tuple[str, ...]
    ) -> tuple[str, ...]:
        """What `search` gives, and the directories of the compiler's own libraries where its loader does not look."""
        own = self.building.run_path.get(languages.language(definition, sources), ())
        asked = tuple(self.search(definition, [key for key, _, _ in needs]))
        return (*asked, *(path for path in own if path not in asked))

    def search(self, definition: Object, needs: Iterable[str]) -> Iterator[str]:
        """The entries of DT_RUNPATH or DT_RPATH; an object's name stands for its directory."""
        entries = definition.runpath if definition.rpath is None else definition.rpath
        if entries is None:
            yield from dict.fromkeys(self.known.requests[key].directory for key in needs)
            return
        for entry in self.words(entries):
            yield self.object(entry).directory if entry in self.experiment.objects else entry

    def files(self, name: str, definition: Object) -> tuple[tuple[str, ...], dict[str, str]]:
        """The sources to compile, and path → sha256 of every file that they may read."""
        inputs: dict[str, str] = {}
        paths = (
            tuple(self.words(definition.sources)) if definition.code is None else (languages.inline_path(definition),)
        )
        for path in (*paths, *definition.headers) if definition.code is None else (name, *definition.headers):
            for read in self.sources.reads[path]:
                inputs[read] = self.sources.files[read].sha256
        if definition.code is not None:
            inputs[paths[0]] = self.known.keep(File.of(paths[0], definition.code.encode()))
        return paths, inputs

    def listed(self, exports: Exported) -> dict[str, str]:
        """The file that names the exported symbols, where there is one."""
        if not exports.text:
            return {}
        return {exports.path: self.known.keep(File.of(exports.path, exports.text.encode()))}

    def matchers(self, values: Mapping[str, Resolved]) -> dict[str, Resolved]:
        return {value: self.matcher(matcher) for value, matcher in values.items()}

    def matcher(self, data: Resolved) -> Resolved:
        """A matcher as JSON would hold it: scalars typed by the core schema, references resolved."""
        if isinstance(data, dict):
            return {str(key): self.matcher(value) for key, value in data.items()}
        if isinstance(data, list | tuple):
            return [self.matcher(item) for item in data]
        resolved = self.data(data)
        if isinstance(resolved, list | dict):
            return self.matcher(resolved)
        return core(resolved) if isinstance(resolved, Scalar) else resolved


def _words(value: Resolved) -> Iterator[str]:
    """The words that a value of a list stands for."""
    if isinstance(value, list):
        for item in value:
            yield from _words(item)
    elif value is not None and not (isinstance(value, str) and is_null(value)):
        yield str(value)


def _keys(texts: Iterable[str]) -> tuple[str, ...]:
    """The objects whose directories symbolic texts hold."""
    return tuple(key for text in texts for key in keys_in(text))
