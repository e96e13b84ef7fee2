"""The dynamic loader's own verbs, as an experiment writes them; `elfworlds.driver` makes C of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field

from elfworlds.refs import Template
from elfworlds.spec.leaves.annotated import (
    Count,
    EnvName,
    Flag,
    Handle,
    Naming,
    Seconds,
    Templated,
    Templates,
    ValueName,
    When,
)
from elfworlds.spec.leaves.forms import spliced
from elfworlds.spec.model.base import REMOVABLE, Model, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from elfworlds.spec.model.parts import Part
    from elfworlds.yamltext import Path

WAYS = ("dlopen", "dlmopen")
As = Annotated[ValueName | None, Field(alias="as", description="names what the step found")]
MustAs = Annotated[ValueName, Field(alias="as", description="names what the step found")]


class Opening(Model):
    """An object to open: one of the experiment's, a file, or the application itself."""

    object: Annotated[Templated | None, Naming.OBJECTS, Field(description="an object's name")] = None
    path: Annotated[Templated | None, Field(description="a literal file name, as dlopen(3) takes it")] = None
    main_program: Annotated[Flag, Field(description="a NULL file name: the application itself")] = False
    flags: Annotated[
        Templates, Field(description="RTLD_LAZY, RTLD_NOW, RTLD_GLOBAL, …, or a number; default: RTLD_NOW")
    ] = ()
    as_: As = None


class Dlopen(Opening):
    """dlopen(3)."""


class Dlmopen(Opening):
    """dlmopen(3)."""

    namespace: Annotated[
        Templated | None,
        Field(description="new, base, a number, or the name of an open object, whose namespace it is"),
    ] = None


class Load(Dlmopen):
    """dlopen or dlmopen; with dlopen there is no namespace to choose."""

    way: Annotated[Templated, Field(description="dlopen or dlmopen; mostly ${matrix.way}")]


class Dlsym(Model):
    """dlsym(3), or dlvsym where a version is given."""

    handle: Annotated[Handle | None, Field(description="an open object's name; default: RTLD_DEFAULT; or next")] = None
    symbol: Annotated[Templated, Field(description="the symbol's name")]
    version: Annotated[Templated | None, Field(description="the symbol's version, for dlvsym(3)")] = None
    type: Annotated[
        Templated | None, Field(description="the symbol's type in C; its name is then a pointer to that type")
    ] = None
    as_: MustAs


class Call(Model):
    """A function looked up by dlsym and called."""

    handle: Annotated[Handle | None, Field(description="an open object's name; default: RTLD_DEFAULT")] = None
    function: Annotated[Templated, Field(description="the function's name")]
    version: Annotated[Templated | None, Field(description="the symbol's version, for dlvsym(3)")] = None
    type: Annotated[Templated, Field(description="its type in C: `int (const char *, int)`")]
    args: Annotated[Templates, Field(description="C expressions; step names are variables")] = ()
    as_: As = None


class Read(Model):
    """A variable looked up by dlsym, and its value."""

    handle: Annotated[Handle | None, Field(description="an open object's name; default: RTLD_DEFAULT")] = None
    symbol: Annotated[Templated, Field(description="the symbol's name")]
    type: Annotated[Templated, Field(description="its type in C")]
    as_: MustAs


class Write(Model):
    """A variable looked up by dlsym, and set."""

    handle: Annotated[Handle | None, Field(description="an open object's name; default: RTLD_DEFAULT")] = None
    symbol: Annotated[Templated, Field(description="the symbol's name")]
    type: Annotated[Templated, Field(description="its type in C")]
    value: Annotated[Templated, Field(description="a C expression")]


class Named(Model):
    """What a step that asks for nothing else found."""

    as_: MustAs


class Mappings(Model):
    """The lines of /proc/self/maps that belong to a file, or to an address."""

    object: Annotated[Templated | None, Naming.OBJECTS, Field(description="an object's name")] = None
    path: Annotated[
        Templated | None, Field(description="a file; relative to where the trial runs; or the kernel's name: `[stack]`")
    ] = None
    at: Annotated[Templated | None, Field(description="a C expression: the mapping that holds this address")] = None
    as_: MustAs


class Thread(Model):
    """A thread with steps of its own."""

    as_: MustAs
    steps: Annotated[Steps, Field(description="what is done in it")]


class Fork(Model):
    """A child process with steps of its own; the parent waits for it."""

    as_: MustAs
    steps: Annotated[Steps, Field(description="what is done in it")] = ()
    timeout: Annotated[Seconds, Field(description="seconds, after which the child is killed")] = 5.0


class System(Model):
    """system(3)."""

    command: Annotated[Templated, Field(description="what the shell runs")]
    as_: As = None
    timeout: Annotated[Seconds, Field(description="seconds, after which the program ends: the call did not return")] = (
        5.0
    )


class Loop(Model):
    """Steps again and again; a name bound in it is this iteration's, and all of them after it."""

    as_: As = None
    times: Annotated[Count | None, Field(description="how often")] = None
    at_most: Annotated[Count | None, Field(description="how often, where something else ends the loop")] = None
    until: Annotated[str | None, word("failure"), Field(description="failure: a step that fails ends the loop")] = None
    steps: Annotated[Steps, Field(description="what is done in it")]


class Copy(Model):
    """A file copied: a new file put in the place of the old one, as a compiler does."""

    object: Annotated[Templated | None, Naming.OBJECTS, Field(description="an object's name")] = None
    path: Annotated[Templated | None, Field(description="a file")] = None
    to: Annotated[Templated, Field(description="where to; relative to where the trial runs")]
    in_place: Annotated[Flag, Field(description="overwrite the bytes of the file that is there")] = False
    as_: As = None


class Step(Model):
    """One verb, and what may stand beside any."""

    load: Annotated[Load | None, Field(description="dlopen or dlmopen, the way taken from the matrix")] = None
    dlopen: Annotated[Dlopen | None, Field(description="dlopen(3)")] = None
    dlmopen: Annotated[Dlmopen | None, Field(description="dlmopen(3)")] = None
    dlsym: Annotated[Dlsym | None, Field(description="a symbol's address")] = None
    dlclose: Annotated[
        Handle | None,
        Field(description="the open object to close; after a loop all of them, in order, or one: `plugin[0]`"),
    ] = None
    call: Annotated[Call | None, Field(description="call a function")] = None
    read: Annotated[Read | None, Field(description="the value of a variable")] = None
    write: Annotated[Write | None, Field(description="set a variable")] = None
    namespaces: Annotated[Named | None, Field(description="every link map of every namespace")] = None
    mappings: Annotated[Mappings | None, Field(description="what of a file is mapped")] = None
    phdrs: Annotated[Named | None, Field(description="the objects that dl_iterate_phdr(3) shows")] = None
    thread: Annotated[Thread | None, Field(description="start a thread")] = None
    join: Annotated[ValueName | None, Field(description="wait for a thread")] = None
    cancel: Annotated[ValueName | None, Field(description="pthread_cancel a thread")] = None
    post: Annotated[ValueName | None, Field(description="let one `await` of this name go on")] = None
    await_: Annotated[ValueName | None, Field(alias="await", description="wait for a `post` of this name")] = None
    fork: Annotated[Fork | None, Field(description="fork, and wait for the child")] = None
    system: Annotated[System | None, Field(description="system(3)")] = None
    loop: Annotated[Loop | None, Field(description="repeat steps")] = None
    copy_: Annotated[Copy | None, Field(alias="copy", description="copy a file")] = None
    setenv: Annotated[
        dict[EnvName, Templated] | None, REMOVABLE, Field(description="environment variables, from here on")
    ] = None
    sleep: Annotated[Seconds | None, Field(description="seconds")] = None
    flush: Annotated[Flag | None, Field(description="fflush(NULL)")] = None
    c: Annotated[Templated | None, Field(description="C, as it is; its locals live to the end of their list")] = None
    values: Annotated[
        dict[ValueName, Templated], REMOVABLE, Field(description="beside `c`: C expressions recorded after it")
    ] = {}
    when: Annotated[When, REMOVABLE, Field(description="the points at which the step is there")] = {}
    quiet: Annotated[Flag, Field(description="record nothing: an event may shift a race")] = False
    may_fail: Annotated[Flag, Field(description="a failure is recorded, and the program goes on")] = False

    @property
    def verb(self) -> str:
        """The field of the verb; empty where there is none."""
        return next((name for name in VERBS if getattr(self, name) is not None), "")

    @property
    def verb_word(self) -> str:
        """The verb as its author writes it."""
        return self.verb.rstrip("_")

    @property
    def handle(self) -> str:
        """The open object in which the step looks something up; empty where there is none."""
        return getattr(getattr(self, self.verb, None), "handle", None) or ""

    @property
    def used(self) -> str:
        """What an earlier step bound that this one takes; empty where it takes none."""
        return self.handle or self.dlclose or self.join or self.cancel or ""

    @property
    def inner(self) -> tuple[Step, ...]:
        """The steps within a thread, a fork or a loop."""
        holder = self.thread or self.fork or self.loop
        return holder.steps if holder is not None else ()

    @property
    def name(self) -> str | None:
        """What the step's finding is called, where it is."""
        return getattr(getattr(self, self.verb, None), "as_", None)


BESIDE = ("values", "when", "quiet", "may_fail")
VERBS = tuple(name for name in Step.model_fields if name not in BESIDE)
VERB_WORDS = tuple(name.rstrip("_") for name in VERBS)
Steps = Annotated[tuple[Step, ...], BeforeValidator(spliced)]
HOLDERS = (Thread, Fork, Loop)
for _holder in HOLDERS:
    _holder.model_rebuild(force=True)  # so that their fields tell that steps are within


def every(steps: Iterable[Step]) -> Iterator[Step]:
    """All steps, those within a step after it."""
    for step in steps:
        yield step
        yield from every(step.inner)


def texts_of(data: Part, path: Path) -> Iterator[tuple[Path, Template]]:
    """Every template of a part of an experiment, with its place; steps within it are left out."""
    if isinstance(data, Template):
        yield path, data
    for step, value in _parts(data):
        yield from texts_of(value, (*path, step))


def _parts(data: Part) -> Iterable[tuple[str | int, Part]]:
    if isinstance(data, Model):
        fields = type(data).model_fields.items()
        return [(field.alias or name, getattr(data, name)) for name, field in fields if name != "steps"]
    return data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, tuple) else ()
