"""References resolved at a point: objects become build requests, scenarios become commands and matchers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from elfworlds import refs
from elfworlds.planning import steps
from elfworlds.planning.exports import Exported, exported
from elfworlds.planning.points import applies
from elfworlds.planning.request import Recipe, request, taken
from elfworlds.planning.types import Bound, BuildRequest, Judged, ValueRef, directory_of, keys_in
from elfworlds.refs import Template
from elfworlds.sources import File
from elfworlds.spec import forms, languages
from elfworlds.spec.expand import object_of
from elfworlds.spec.model import Object
from elfworlds.yamltext import Scalar, core

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from elfworlds.planning.known import Known
    from elfworlds.planning.types import Point
    from elfworlds.sources import Prebuilt, Sources
    from elfworlds.spec.model import Claim, Expectation, Experiment, Program, Scenario
    from elfworlds.toolchains import Toolchain


class Binder:
    """Everything at one point. Objects are bound once, when they are first named."""

    def __init__(
        self,
        experiment: Experiment,
        sources: Sources,
        toolchain: Toolchain,
        point: Point,
        versions: Mapping[str, str],
        known: Known,
    ) -> None:
        self.experiment = experiment
        self.axes = known.reads.axes
        self.sources = sources
        self.toolchain = toolchain
        self.point = dict(point)
        self.versions = versions
        self.known = known

    def lookup(self, name: str) -> object:
        """What a reference stands for here."""
        if name.startswith("matrix."):
            return self.axis(name.removeprefix("matrix."))
        found = object_of(name, self.experiment.objects)
        if found is None:
            return ValueRef(name)
        built = self.object(found)
        if name == found:
            return f"{directory_of(built.key)}/{built.filename}"
        return directory_of(built.key) if name.endswith(".dir") else self.soname(self.experiment.objects[found])

    def axis(self, name: str) -> object:
        label = self.point[name]
        values = dict(self.axes[name].values) if name in self.axes else {}
        return self.data(values.get(label, Scalar(label)))

    def data(self, data: Any) -> Any:  # noqa: ANN401  # any data of the file
        """Data with every reference resolved; a scalar that is one whole reference keeps the type."""
        if isinstance(data, dict):
            return {str(key): self.data(value) for key, value in data.items()}
        if isinstance(data, list | tuple):
            return [self.data(one) for one in data]
        if not isinstance(data, str):
            return data
        if "${" not in data:
            return data
        return refs.value(refs.parse(data), self.lookup)

    def text(self, template: Template) -> str:
        return refs.substitute(template, self.lookup)

    def words(self, templates: Iterable[Template]) -> Iterator[str]:
        """One word each; a whole reference to a list is spliced."""
        for template in templates:
            value = refs.value(template, self.lookup)
            yield from (str(one) for one in value) if isinstance(value, list) else [str(value)]

    def soname(self, one: Object) -> str:
        """DT_SONAME, empty for none: an executable has one only where the experiment says so."""
        if one.prebuilt is not None:
            return self.prebuilt(one.prebuilt).facts.soname or ""
        if one.soname is None:
            return one.filename if one.library else ""
        return self.text(one.soname)

    def prebuilt(self, path: Template) -> Prebuilt:
        return self.sources.prebuilt[self.text(path)]

    def object(self, name: str) -> BuildRequest:
        """The object's build request at this point."""
        return self.known.request(name, self)

    def request(self, name: str) -> BuildRequest:
        """Made anew; `object` gives the one that there is."""
        one = self.experiment.objects[name]
        if one.prebuilt is None:
            return request(self.recipe(name, one), self.toolchain)
        file = self.prebuilt(one.prebuilt).file
        self.known.files[file.sha256] = file.data
        return taken(name, file, self.toolchain)

    def recipe(self, name: str, one: Object) -> Recipe:
        needed = [str(need) for need in self.words(one.needs)]
        direct = [self.object(need) for need in needed]
        sonames = [bool(self.soname(self.experiment.objects[need])) for need in needed]
        direct_keys = [built.key for built in direct]
        indirect = dict.fromkeys(key for built in direct for key in built.needs if key not in direct_keys)
        search = tuple(self.search(one, direct_keys))
        exports = self.exports(one)
        paths, inputs = self.files(name, one, exports)
        defines = tuple((macro, self.plain(value)) for macro, value in sorted(one.defines.items()))
        texts = (*search, *(value or "" for _, value in defines), *self.words((*one.cflags, *one.ldflags)))
        return Recipe(
            name=name,
            filename=one.filename,
            shared=one.library is not None,
            sources=paths,
            inputs=inputs,
            defines=defines,
            cflags=tuple(self.words(one.cflags)),
            ldflags=tuple(self.words(one.ldflags)),
            needs=tuple(zip(direct_keys, [one.filename for one in direct], sonames, strict=True)),
            indirect=tuple(indirect),
            others=tuple(key for text in texts for key in keys_in(text)),
            search=search,
            dtag="runpath" if one.rpath is None else "rpath",
            soname=self.soname(one),
            z=tuple(self.words(one.z)),
            std=one.std,
            pie=one.pie,
            as_needed=one.as_needed,
            build_id=one.build_id,
            hash_style=one.hash_style,
            language=languages.language(one, paths),
            edition=one.edition,
            crate_type=one.crate_type,
            exports=exports.words,
        )

    def exports(self, one: Object | Program) -> Exported:
        if one.exports is None:
            return Exported()
        said = one.exports.versions
        versions = None if said is None else tuple((name, tuple(self.words(symbols))) for name, symbols in said)
        return exported(versions, f"{one.filename}.map", shared=isinstance(one, Object) and one.library is not None)

    def plain(self, value: Scalar | None) -> str | None:
        found = self.data(value)
        return None if found is None else str(found)

    def applies(self, when: Mapping[str, tuple[str | None, ...]]) -> bool:
        """Whether a `when` holds at this point."""
        return applies(when, self.point, self.versions)

    def search(self, one: Object | Program, needs: Iterable[str]) -> Iterator[str]:
        """The entries of DT_RUNPATH or DT_RPATH; an object's name stands for its directory."""
        entries = one.runpath if one.rpath is None else one.rpath
        if entries is None:
            yield from (directory_of(key) for key in dict.fromkeys(needs))
            return
        for entry in self.words(entries):
            yield directory_of(self.object(entry).key) if entry in self.experiment.objects else entry

    def files(self, name: str, one: Object, exports: Exported) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
        """The sources to compile, and every file that they may read."""
        inputs: dict[str, str] = {}
        paths = tuple(self.words(one.sources)) if one.code is None else (languages.inline_path(one),)
        for path in (*paths, *one.headers) if one.code is None else (name, *one.headers):
            for read in self.sources.reads[path]:
                inputs[read] = self.sources.files[read].sha256
        if one.code is not None:
            inputs[paths[0]] = self.known.keep(File.of(paths[0], one.code.encode()))
        if exports.text:
            inputs[exports.path] = self.known.keep(File.of(exports.path, exports.text.encode()))
        return paths, tuple(sorted(inputs.items()))

    def scenario(self, name: str, one: Scenario) -> Bound:
        argv, program = tuple(self.words(one.run)), ""
        own: tuple[str, ...] = ()
        if one.steps:
            request, argv, program = steps.built(self, name, one)
            own = (request.key,)
        env = tuple((name, self.plain(value) or "") for name, value in sorted(one.env.items()))
        stdin = self.text(one.stdin) if one.stdin is not None else ""
        texts = (*argv, *(value for _, value in env), stdin)
        subject = self.object(self.text(one.subject)) if one.subject is not None else None
        keys = subject.needs if subject is not None else own
        return Bound(
            kind="run" if one.steps else one.kind,
            subject=subject.key if subject is not None else "",
            toolchain=self.toolchain.name,
            argv=argv,
            env=env,
            stdin=stdin,
            timeout=self.limit(one.timeout, forms.seconds),
            retries=int(self.limit(one.retries, forms.times)),
            capture=one.capture if isinstance(one.capture, str) else self.text(one.capture),
            cpus=None if one.cpus is None else int(self.limit(one.cpus, forms.count)),
            keys=self.known.closure((*keys, *(key for text in texts for key in keys_in(text)))),
            outcomes={name: self.matchers(values) for name, values in one.outcomes.items()},
            show=one.show,
            program=program,
            sees=tuple(self.text(name) for name in one.sees),
            watch={observer: self.watched(observer, one) for observer in one.observe.chosen},
        )

    def watched(self, observer: str, one: Scenario) -> dict[str, Any]:
        """What an observer is asked, with every reference resolved."""
        asked = getattr(one.observe, observer.replace("-", "_"))
        return {
            field.alias or name: self.asked(getattr(asked, name)) for name, field in type(asked).model_fields.items()
        }

    def asked(self, data: Any) -> Any:  # noqa: ANN401  # any of an observer's settings
        if isinstance(data, Template):
            return self.text(data)
        if isinstance(data, dict):
            return {key: self.asked(value) for key, value in data.items()}
        return [self.asked(value) for value in data] if isinstance(data, tuple) else data

    def repeat(self, one: Scenario) -> int:
        return int(self.limit(one.repeat, forms.count))

    def limit(self, value: float | Template, read: Callable[[str], float | Template]) -> float:
        """A number, read as the file's own are where an axis gives it."""
        found = read(Scalar(self.text(value))) if isinstance(value, Template) else value
        if isinstance(found, Template):
            raise TypeError(f"no number: {found}")
        return found

    def matchers(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {value: self.matcher(matcher) for value, matcher in values.items()}

    def matcher(self, data: Any) -> Any:  # noqa: ANN401  # any data of the file
        """A matcher as JSON would hold it: scalars typed by the core schema, references resolved."""
        if isinstance(data, dict):
            return {str(key): self.matcher(value) for key, value in data.items()}
        if isinstance(data, list | tuple):
            return [self.matcher(one) for one in data]
        found = self.data(data)
        if isinstance(found, list | dict):
            return self.matcher(found)
        return core(found) if isinstance(found, Scalar) else found

    def judged(self, one: Claim | Expectation) -> Judged:
        return Judged(
            (one.outcome,) if isinstance(one.outcome, str) else one.outcome,
            self.matchers(one.__pydantic_extra__ or {}),
            getattr(one, "id", None),
            getattr(one, "says", None),
            getattr(one, "xfail", None),
        )
