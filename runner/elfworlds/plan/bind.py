"""References resolved at a point: objects become build requests, scenarios become commands and matchers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from elfworlds import refs
from elfworlds.plan.request import Recipe, request
from elfworlds.plan.types import Bound, BuildRequest, Judged, ValueRef, directory_of, keys_in
from elfworlds.refs import Template
from elfworlds.sources import inline_path
from elfworlds.spec import forms
from elfworlds.spec.check import VALUES
from elfworlds.spec.expand import ATTRIBUTES, expand, names
from elfworlds.yamltext import Scalar, core

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from elfworlds.plan.types import Point
    from elfworlds.sources import Sources
    from elfworlds.spec.forms import Axis
    from elfworlds.spec.model import Claim, Expectation, Experiment, Object, Scenario
    from elfworlds.toolchains import Toolchain


class Reads:
    """Which axes an object or a scenario reads, the objects that it can name included."""

    def __init__(self, experiment: Experiment) -> None:
        self.axes: Mapping[str, Axis] = experiment.matrix.axes
        self.objects = experiment.objects
        self.of_object: dict[str, frozenset[str]] = {}

    def object(self, name: str) -> frozenset[str]:
        """Facts that are expected of an object may name one that is made of it, so this may go in a circle."""
        if name not in self.of_object:
            found, waiting = {name}, [name]
            while waiting:
                new = self.mentioned(self.objects[waiting.pop()]) - found
                found |= new
                waiting += new
            axes = (self.named(_templates(self.objects[one]))[0] for one in found)
            self.of_object[name] = frozenset({"libc"}).union(*axes)
        return self.of_object[name]

    def mentioned(self, one: Object) -> set[str]:
        directories = [*one.needs, *(one.runpath or ()), *(one.rpath or ())]
        bare = {text for template in directories for text in expand(template, self.axes)}
        return {*bare.intersection(self.objects), *self.named(_templates(one))[1]}

    def scenario(self, one: Scenario) -> frozenset[str]:
        texts = [*one.env.values(), *_texts(one.outcomes)]
        parts = [*one.run, one.stdin, one.timeout, one.repeat]
        found = [part for part in parts if isinstance(part, Template)]
        axes, objects = self.named([*found, *(refs.parse(text or "") for text in texts)])
        return frozenset({"libc"}).union(axes, *(self.object(name) for name in objects))

    def named(self, templates: Iterable[Template]) -> tuple[set[str], set[str]]:
        """The axes and the objects that texts name, those within the values of axes included."""
        found = {name for template in templates for name in names(template, self.axes)}
        axes = {name.removeprefix("matrix.") for name in found if name.startswith("matrix.")}
        objects = {name for one in found if (name := object_of(one, self.objects))}
        for axis in tuple(axes):
            texts = [text for _, value in self.axes[axis].values for text in _texts(value)]
            inner = self.named([refs.parse(text) for text in texts])
            axes |= inner[0]
            objects |= inner[1]
        return axes, objects


def _templates(one: Object) -> Iterator[Template]:
    for group in (one.sources, one.cflags, one.ldflags, one.z, one.needs, one.runpath, one.rpath):
        yield from group or ()
    if one.soname is not None:
        yield one.soname
    yield from (refs.parse(value or "") for value in one.defines.values())
    yield from (refs.parse(text) for text in _texts(one.expect))


def _texts(data: Any) -> Iterator[str]:  # noqa: ANN401  # any data of the file
    if isinstance(data, str):
        yield data
    elif isinstance(data, list | tuple | dict):
        for one in data.values() if isinstance(data, dict) else data:
            yield from _texts(one)


def object_of(name: str, objects: Mapping[str, Object]) -> str | None:
    if name in objects:
        return name
    head, _, attribute = name.rpartition(".")
    return head if head in objects and attribute in ATTRIBUTES else None


class Binder:
    """Everything at one point. Objects are bound once, when they are first named."""

    def __init__(
        self, experiment: Experiment, sources: Sources, toolchain: Toolchain, point: Point, known: Known
    ) -> None:
        self.experiment = experiment
        self.axes = known.reads.axes
        self.sources = sources
        self.toolchain = toolchain
        self.point = dict(point)
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
        return one.filename if one.soname is None else self.text(one.soname)

    def object(self, name: str) -> BuildRequest:
        """The object's build request at this point."""
        return self.known.request(name, self)

    def recipe(self, name: str) -> Recipe:
        one = self.experiment.objects[name]
        needed = [str(need) for need in self.words(one.needs)]
        direct = [self.object(need) for need in needed]
        sonames = [bool(self.soname(self.experiment.objects[need])) for need in needed]
        direct_keys = [built.key for built in direct]
        indirect = dict.fromkeys(key for built in direct for key in built.needs if key not in direct_keys)
        search = tuple(self.search(one, direct_keys))
        paths, inputs = self.files(name, one)
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
        )

    def plain(self, value: Scalar | None) -> str | None:
        found = self.data(value)
        return None if found is None else str(found)

    def search(self, one: Object, needs: Iterable[str]) -> Iterator[str]:
        """The entries of DT_RUNPATH or DT_RPATH; an object's name stands for its directory."""
        entries = one.runpath if one.rpath is None else one.rpath
        if entries is None:
            yield from (directory_of(key) for key in dict.fromkeys(needs))
            return
        for entry in self.words(entries):
            yield directory_of(self.object(entry).key) if entry in self.experiment.objects else entry

    def files(self, name: str, one: Object) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
        """The sources to compile, and every file that they may read."""
        inputs: dict[str, str] = {}
        paths = tuple(self.words(one.sources)) if one.code is None else (inline_path(one),)
        for path in (*paths, *one.headers) if one.code is None else (name, *one.headers):
            for read in self.sources.reads[path]:
                inputs[read] = self.sources.files[read].sha256
        if one.code is not None:
            inputs[paths[0]] = self.known.inline(paths[0], one.code)
        return paths, tuple(sorted(inputs.items()))

    def scenario(self, one: Scenario) -> Bound:
        argv = tuple(self.words(one.run))
        env = tuple((name, self.plain(value) or "") for name, value in sorted(one.env.items()))
        stdin = self.text(one.stdin) if one.stdin is not None else ""
        texts = (*argv, *(value for _, value in env), stdin)
        timeout = one.timeout if isinstance(one.timeout, float) else forms.seconds(Scalar(self.text(one.timeout)))
        return Bound(
            toolchain=self.toolchain.name,
            argv=argv,
            env=env,
            stdin=stdin,
            timeout=float(timeout),  # type: ignore[arg-type]  # a text without references gives a number
            keys=self.known.closure(key for text in texts for key in keys_in(text)),
            outcomes={name: self.matchers(values) for name, values in one.outcomes.items()},
        )

    def repeat(self, one: Scenario) -> int:
        found = one.repeat if isinstance(one.repeat, int) else forms.count(Scalar(self.text(one.repeat)))
        return int(found)  # type: ignore[arg-type]  # a text without references gives a number

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
            one.outcome,
            self.matchers(one.__pydantic_extra__ or {}),
            getattr(one, "id", None),
            getattr(one, "says", None),
        )


class Known:
    """Build requests made so far, and the inline sources: one of each distinct kind over all points."""

    def __init__(self, reads: Reads) -> None:
        self.reads = reads
        self.requests: dict[str, BuildRequest] = {}
        self.files: dict[str, bytes] = {}
        self._at: dict[tuple[str, Point], BuildRequest] = {}

    def request(self, name: str, binder: Binder) -> BuildRequest:
        read = self.reads.object(name)
        at = (name, tuple((axis, label) for axis, label in binder.point.items() if axis in read))
        if at not in self._at:
            made = request(binder.recipe(name), binder.toolchain)
            self._at[at] = made
            self.requests.setdefault(made.key, made)
        return self._at[at]

    def placed(self) -> Iterator[tuple[str, Point, BuildRequest]]:
        return ((name, at, made) for (name, at), made in self._at.items())

    def inline(self, path: str, code: str) -> str:
        from elfworlds.sources import File  # noqa: PLC0415

        file = File.of(path, code.encode())
        self.files[file.sha256] = file.data
        return file.sha256

    def closure(self, keys: Iterable[str]) -> tuple[str, ...]:
        found = dict.fromkeys(keys)
        for key in tuple(found):
            found |= dict.fromkeys(self.requests[key].needs)
        return tuple(found)


__all__ = ["VALUES", "Binder", "Known", "Reads"]
