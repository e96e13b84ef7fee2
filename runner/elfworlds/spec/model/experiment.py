"""An experiment file as types: every key, what it holds, and what it means (the schema's descriptions)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import BeforeValidator, ConfigDict, Field

from elfworlds.makers import BUILD_SECONDS
from elfworlds.spec.leaves.annotated import (
    AxisForm,
    Capture,
    Count,
    EnvName,
    EventName,
    Matcher,
    Name,
    Naming,
    OneOrMany,
    Seconds,
    StatedSeconds,
    Templated,
    Templates,
    Text,
    Texts,
    Times,
    Value,
    When,
    Words,
)
from elfworlds.spec.leaves.forms import Axis, label_of, listed
from elfworlds.spec.model.base import REMOVABLE, Model, Note
from elfworlds.spec.model.layout import Files
from elfworlds.spec.model.limits import Limits
from elfworlds.spec.model.objects import Object, Program
from elfworlds.spec.model.observe import NOT_OBSERVED, ObserveKey
from elfworlds.spec.model.steps import Steps
from elfworlds.yamltext import Scalar

if TYPE_CHECKING:
    from elfworlds.refs import Template

DEFAULT_OUTCOMES = ("hang", "crash", "other")


class Source(Model):
    """Where the question comes from."""

    title: Annotated[Text, Field(description="what it is called")]
    url: Annotated[Text | None, Field(description="where it can be read")] = None
    year: Annotated[Text | None, Field(description="when it was written")] = None
    authors: Annotated[Text | None, Field(description="who wrote it")] = None


class Matrix(Model):
    """The axes; every other key is an axis' name."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, AxisForm]

    include: Annotated[
        tuple[When, ...],
        BeforeValidator(listed),
        Field(description="points to add; each names every axis, a list stands for each of its values"),
    ] = ()
    exclude: Annotated[
        tuple[When, ...],
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


class Claim(Model):
    """What the source says would happen; every other key is a value with its matcher."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Matcher]

    id: Annotated[Text | None, Field(description="what reports call the claim")] = None
    says: Annotated[Text, Field(description="what the source says, in its words or in short")]
    outcome: Annotated[Text, Field(description="the outcome that would be so")]
    when: Annotated[When, REMOVABLE, Field(description="the points of which the source speaks")] = {}
    note: Note = None


class Expectation(Model):
    """What is known to happen, a regression check; every other key is a value with its matcher."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Matcher]

    outcome: Annotated[tuple[Text, ...], OneOrMany(), Field(description="what happens; of a list, any one")]
    when: Annotated[When, REMOVABLE, Field(description="the points at which it is known")] = {}
    xfail: Annotated[Text | None, Field(description="the known defect that this is: what is so, and should not be")] = (
        None
    )
    note: Note = None


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
        Templated | None,
        Naming.OBJECTS,
        Field(description="instead of `run`: an object; what the compiler says is what happens"),
    ] = None
    inspect: Annotated[
        Templated | None,
        Naming.OBJECTS,
        Field(description="instead of `run`: an object; its ELF facts are what happens"),
    ] = None
    env: Annotated[
        dict[EnvName, Value], REMOVABLE, Field(description="the whole environment; nothing is inherited")
    ] = {}
    stdin: Annotated[Templated | None, Field(description="what standard input holds")] = None
    files: Annotated[
        Files,
        REMOVABLE,
        Field(description="what lies in the trial's directory, `${files.dir}`: path → `${object}`, or a mapping"),
    ] = {}
    ld_so_conf: Annotated[
        Templates,
        Naming.OBJECTS,
        Field(description="directories that /etc/ld.so.conf names first, in a root; an object's name is its directory"),
    ] = ()
    timeout: Annotated[Seconds, Field(description="seconds, after which everything the trial started is killed")] = 30.0
    repeat: Annotated[Count, Field(description="how many times each point is tried")] = 1
    retries: Annotated[Times, Field(description="how often a trial that failed is tried again; then it is FLAKY")] = 0
    capture: Annotated[Capture, Field(description="what standard output is: pipe, file or pty")] = "pipe"
    cpus: Annotated[Count | None, Field(description="how many processors a trial may use; for races")] = None
    limits: Annotated[
        Limits, Field(description="how much of the machine a trial may use: memory, processes, file-size, core, cpu")
    ] = Limits()
    sees: Annotated[
        Templates, Field(description="pinned roots seen beside the trial's own, each below its name: /debian/bullseye")
    ] = ()
    observe: Annotated[
        ObserveKey, Field(description="how the trials are watched besides; each observer makes a trial of its own")
    ] = NOT_OBSERVED
    reports: Annotated[
        tuple[EventName, ...],
        BeforeValidator(listed),
        Field(description="events that the objects' own code tells by observe.h; `pair.left` is a field of one"),
    ] = ()
    show: Annotated[Texts, Field(description="values that stand beside the outcome in the report")] = ()
    when: Annotated[When, REMOVABLE, Field(description="the points at which the scenario is run")] = {}
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
    note: Note = None

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
    source: Annotated[Source | None, Field(description="where the question comes from")] = None
    note: Note = None
    matrix: Annotated[Matrix, Field(description="what is varied; every combination is a point")] = Matrix()
    objects: Annotated[dict[Name, Object], Field(description="the ELF files to build")] = {}
    build_timeout: Annotated[
        StatedSeconds, Field(description="seconds for the build of each object, after which its commands are killed")
    ] = BUILD_SECONDS
    scenarios: Annotated[dict[Name, Scenario], Field(min_length=1, description="what is done at each point")]

    def patience(self, definition: Object) -> float:
        """Seconds that the build of an object may take."""
        return self.build_timeout if definition.build_timeout is None else definition.build_timeout
