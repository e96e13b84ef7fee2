"""An experiment file as types: every key, what it holds, and what it means (the schema's descriptions)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import BeforeValidator, ConfigDict, Field

from elfworlds.spec import exports as exporting
from elfworlds.spec.exports import Exports
from elfworlds.spec.forms import Axis, label_of, listed
from elfworlds.spec.languages import LANGUAGES
from elfworlds.spec.leaves import (
    AnyOf,
    AxisForm,
    Capture,
    CName,
    Count,
    EnvName,
    FileStem,
    Flag,
    Matcher,
    Name,
    OneOrMany,
    Reads,
    Seconds,
    Templated,
    Templates,
    Text,
    Texts,
    Times,
    Value,
    ValueName,
    Words,
)
from elfworlds.spec.observe import Observe, Observed
from elfworlds.spec.shape import REMOVABLE, Model, word
from elfworlds.spec.steps import Steps
from elfworlds.yamltext import Scalar

if TYPE_CHECKING:
    from elfworlds.refs import Template

DEFAULT_OUTCOMES = ("hang", "crash", "other")


class Source(Model):
    """Where the question comes from."""

    title: Text
    url: Text | None = None
    year: Text | None = None
    authors: Text | None = None


class Matrix(Model):
    """The axes; every other key is an axis' name."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, AxisForm]

    include: Annotated[
        tuple[dict[str, AnyOf], ...],
        BeforeValidator(listed),
        Field(description="points to add; each names every axis, a list stands for each of its values"),
    ] = ()
    exclude: Annotated[
        tuple[dict[str, AnyOf], ...],
        BeforeValidator(listed),
        Field(description="points to leave out: those that match all keys of an entry, a list is any-of"),
    ] = ()

    @property
    def varied(self) -> dict[str, Axis]:
        """The axes as they are written."""
        return dict(self.__pydantic_extra__ or {})

    @property
    def axes(self) -> dict[str, Axis]:
        """The axes with the labels that only added points have; such a label is its own value."""
        return {name: self._with_added(name, axis) for name, axis in self.varied.items()}

    def _with_added(self, name: str, axis: Axis) -> Axis:
        added = (label_of(choice) for entry in self.include for choice in entry.get(name, ()))
        new = dict.fromkeys(label for label in added if label not in axis.labels)
        return Axis((*axis.values, *((label, Scalar(label)) for label in new)), axis.listed)


class Object(Model):
    """An ELF file: a library or an executable that the experiment builds, or one that somebody else built."""

    library: Annotated[FileStem | None, Field(description="a shared object lib<name>.so")] = None
    executable: Annotated[FileStem | None, Field(description="an executable of this name")] = None
    prebuilt: Annotated[
        Templated | None, Field(description="a file that exists: beside the experiment, or an absolute path")
    ] = None
    language: Annotated[
        str | None,
        word(*LANGUAGES),
        Field(description="what the sources are written in; default: what their names tell, for `code` c"),
    ] = None
    sources: Annotated[
        Templates, Field(description="source files, looked up beside the experiment, then in csrc/")
    ] = ()
    headers: Annotated[Texts, Field(description='files beyond those found by reading `#include "…"`, `mod …;`')] = ()
    code: Annotated[Text | None, Field(description="the source itself, instead of `sources`")] = None
    defines: Annotated[
        dict[CName, Value], REMOVABLE, Field(description='macros: -DNAME=VALUE; in Rust --cfg NAME="VALUE"')
    ] = {}
    needs: Annotated[
        Templates, Field(description="libraries of this experiment to link with; each becomes a DT_NEEDED")
    ] = ()
    runpath: Annotated[
        Templates | None,
        Field(description="DT_RUNPATH; an object's name is its directory; default: the directories of `needs`"),
    ] = None
    rpath: Annotated[Templates | None, Field(description="DT_RPATH instead of DT_RUNPATH")] = None
    soname: Annotated[
        Templated | None,
        Field(description='DT_SONAME; default: a library\'s file name, and none for an executable; "" for none'),
    ] = None
    cflags: Annotated[Templates, Field(description="further words for the compiler")] = ()
    ldflags: Annotated[Templates, Field(description="further words for the link; last on the command line")] = ()
    z: Annotated[
        Templates, Field(description="linker keywords, -z KEYWORD; they outweigh `-z lazy -z noexecstack`")
    ] = ()
    std: Annotated[Text | None, Field(description="the language standard, -std=; default: gnu17, for C++ gnu++17")] = (
        None
    )
    edition: Annotated[
        str | None, word("2015", "2018", "2021", "2024"), Field(description="Rust's edition; default: 2021")
    ] = None
    crate_type: Annotated[
        str | None,
        word("cdylib", "dylib", "bin"),
        Field(description="what rustc makes; default: cdylib, for an executable bin"),
    ] = None
    exports: Annotated[
        Exports | None,
        Reads(exporting.exports, exporting.SCHEMA),
        Field(
            description="the symbols that others may bind to: a list, a mapping version → list, or all; "
            "default: all, for an executable those that its libraries refer to"
        ),
    ] = None
    pie: Annotated[Flag, Field(description="whether an executable is position-independent")] = True
    as_needed: Annotated[Flag, Field(description="whether unused needs leave no DT_NEEDED")] = False
    build_id: Annotated[str, word("sha1", "md5", "none"), Field(description="--build-id")] = "sha1"
    hash_style: Annotated[str, word("gnu", "sysv", "both"), Field(description="--hash-style")] = "gnu"
    expect: Annotated[
        dict[str, Matcher],
        Field(description="ELF facts that must hold, else the object's trials are UNRESOLVED"),
    ] = {}
    note: Text | None = None

    @property
    def stem(self) -> str:
        return self.library or self.executable or ""

    @property
    def filename(self) -> str:
        """What the experiment's own build makes."""
        return f"lib{self.library}.so" if self.library else self.stem


class Claim(Model):
    """What the source says would happen; every other key is a value with its matcher."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Matcher]

    id: Text | None = None
    says: Text
    outcome: Text
    when: Annotated[dict[str, AnyOf], REMOVABLE] = {}
    note: Text | None = None


class Expectation(Model):
    """What is known to happen, a regression check; every other key is a value with its matcher."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Matcher]

    outcome: Annotated[tuple[Text, ...], OneOrMany(), Field(description="what happens; of a list, any one")]
    when: Annotated[dict[str, AnyOf], REMOVABLE] = {}
    xfail: Annotated[Text | None, Field(description="the known defect that this is: what is so, and should not be")] = (
        None
    )
    note: Text | None = None


class Program(Model):
    """How the program that `steps` make is built: the keys of an executable, and C at file scope."""

    code: Annotated[Text, Field(description="C before the steps: types, functions, variables")] = ""
    defines: Annotated[dict[CName, Value], REMOVABLE, Field(description="macros: -DNAME=VALUE")] = {}
    needs: Annotated[Templates, Field(description="libraries of this experiment to link with")] = ()
    runpath: Annotated[Templates | None, Field(description="DT_RUNPATH, as an object has it")] = None
    rpath: Annotated[Templates | None, Field(description="DT_RPATH instead of DT_RUNPATH")] = None
    cflags: Annotated[Templates, Field(description="further words for the compiler")] = ()
    ldflags: Annotated[Templates, Field(description="further words for the link; last on the command line")] = ()
    z: Annotated[Templates, Field(description="linker keywords, -z KEYWORD")] = ()
    exports: Annotated[
        Exports | None,
        Reads(exporting.exports, exporting.SCHEMA),
        Field(description="the symbols that libraries may bind to, as an executable has them; all: every one"),
    ] = None
    pie: Annotated[Flag, Field(description="whether it is position-independent")] = True

    @property
    def filename(self) -> str:
        """What is built of it."""
        return "program"


class Scenario(Model):
    """What is done at every point of the matrix, and which outcomes have names."""

    run: Annotated[
        Words, Field(description="the command: split as a shell would, then substituted; no shell runs it")
    ] = ()
    steps: Annotated[
        Steps, Field(description="instead of `run`: the dynamic loader's own verbs, made into a C program")
    ] = ()
    includes: Annotated[Texts, Field(description="headers that the C of `steps` needs: [pthread.h]")] = ()
    program: Annotated[
        Program | None, Field(description="beside `steps`: how the program is built; an executable's keys, and `code`")
    ] = None
    build: Annotated[
        Templated | None, Field(description="instead of `run`: an object; what the compiler says is what happens")
    ] = None
    inspect: Annotated[
        Templated | None, Field(description="instead of `run`: an object; its ELF facts are what happens")
    ] = None
    env: Annotated[
        dict[EnvName, Value], REMOVABLE, Field(description="the whole environment; nothing is inherited")
    ] = {}
    stdin: Annotated[Templated | None, Field(description="what standard input holds")] = None
    timeout: Annotated[Seconds, Field(description="seconds, after which everything the trial started is killed")] = 30.0
    repeat: Annotated[Count, Field(description="how many times each point is tried")] = 1
    retries: Annotated[Times, Field(description="how often a trial that failed is tried again; then it is FLAKY")] = 0
    capture: Annotated[Capture, Field(description="what standard output is: pipe, file or pty")] = "pipe"
    cpus: Annotated[Count | None, Field(description="how many processors a trial may use; for races")] = None
    sees: Annotated[
        Templates, Field(description="pinned roots seen beside the trial's own, each below its name: /debian/bullseye")
    ] = ()
    observe: Annotated[
        Observed, Field(description="how the trials are watched besides; each observer makes a trial of its own")
    ] = Observe()
    reports: Annotated[
        tuple[ValueName, ...],
        BeforeValidator(listed),
        Field(description="events that the objects' own code tells by observe.h"),
    ] = ()
    show: Annotated[Texts, Field(description="values that stand beside the outcome in the report")] = ()
    when: Annotated[dict[str, AnyOf], REMOVABLE, Field(description="the points at which the scenario is run")] = {}
    outcomes: Annotated[
        dict[Name, dict[str, Matcher]],
        Field(description="names of what can happen; the first that matches is it"),
    ] = {}
    claim: Annotated[
        tuple[Claim, ...],
        OneOrMany(),
        Field(description="what the source says; one or a list"),
    ] = ()
    expect: Annotated[
        tuple[Expectation, ...],
        OneOrMany(),
        Field(description="what is so: the first entry that applies decides the verdict"),
    ] = ()
    note: Text | None = None

    @property
    def kind(self) -> str:
        if self.build is not None:
            return "build"
        if self.inspect is not None:
            return "inspect"
        return "steps" if self.steps else "run"

    @property
    def subject(self) -> Template | None:
        """The object that `build` or `inspect` names."""
        return self.build or self.inspect


class Experiment(Model):
    """One file, one question."""

    title_of_schema: ClassVar[str] = "An elfworlds experiment"

    experiment: Annotated[Name, Field(description="its name: the file's, without .yaml")]
    question: Annotated[Text, Field(description="the question the experiment asks, in one sentence")]
    source: Source | None = None
    note: Text | None = None
    matrix: Annotated[Matrix, Field(description="what is varied; every combination is a point")] = Matrix()
    objects: Annotated[dict[Name, Object], Field(description="the ELF files to build")] = {}
    scenarios: Annotated[dict[Name, Scenario], Field(min_length=1, description="what is done at each point")]
