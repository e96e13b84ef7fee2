"""An experiment that loads a file in every way, as text; and what is foretold of each of its trials; pure."""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.advice import hosted
from elfworlds.advice.types import DLMOPEN, DLOPEN, KEYS, WAYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from elfworlds.advice.types import Advice

LOADED, REFUSED, GONE, STAYS = "loaded", "refused", "gone", "stays"
RETURNED = "returned"
ONE_COPY, TWO_COPIES, SECOND_REFUSED, FITS = "one-copy", "two-copies", "second-refused", "fits"
OPENED, TWICE, IN_A_THREAD, CLOSED, AGAIN, MOST, CALLED = (
    *("opened", "opened-twice", "opened-in-a-thread", "closed"),
    *("opened-again", "as-often-as-fits", "called"),
)
COUNT, ERROR, STDERR = "copies.count", "first.error", "stderr"
SECOND_LIBPTHREAD = "second-libpthread"  # a thread that loads one may crash


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way to use a plugin.

    Attributes:
        outcomes: name → the matchers of a mapping of YAML.
        show: values that stand beside the outcome.
    """

    name: str
    steps: tuple[str, ...]
    outcomes: tuple[tuple[str, str], ...]
    show: str
    when: str = ""

    def lines(self, subject: Subject) -> Iterator[str]:
        """Its YAML: steps of a program of its own, or what runs within the host's program."""
        yield from [f"when: {self.when}"] if self.when else []
        outcomes = self.outcomes
        within = subject.host is not None and subject.host.program
        yield f"show: [{self.show}{f', {STDERR}' if within else ''}]"
        if within:
            yield from hosted.run_lines(self.name, subject.call or "" if self.name == CALLED else "")
            outcomes = (*outcomes, (hosted.NO_START, "exit: {greater-than: 0}, started: {absent: true}"))
        else:
            yield "steps:"
            yield from (f"  - {step}" for step in (*(BEFORE if subject.host else ()), *self.steps))
        yield "outcomes:"
        yield from (f"  {name}: {{{matchers}}}" for name, matchers in outcomes)


def _open(name: str) -> str:
    return f'{{load: {{way: "${{matrix.way}}", object: plugin, namespace: new, as: {name}}}, may-fail: true}}'


FIRST, CLOSE = _open("first"), "{dlclose: first, may-fail: true}"
BEFORE = ("{dlopen: {object: host, flags: [RTLD_NOW, RTLD_GLOBAL], as: there-before}, may-fail: true}",)
NOT_EVEN_ONCE = (REFUSED, "first.ok: false")
SCENARIOS = (
    Scenario(OPENED, (FIRST,), ((LOADED, "first.ok: true"), NOT_EVEN_ONCE), ERROR),
    Scenario(
        TWICE,
        (FIRST, _open("second"), "mappings: {object: plugin, as: there}"),
        (
            (TWO_COPIES, "second.ok: true, there.copies: 2"),
            (ONE_COPY, "second.ok: true, there.copies: 1"),
            (SECOND_REFUSED, "first.ok: true, second.ok: false"),
            NOT_EVEN_ONCE,
        ),
        "second.error",
    ),
    Scenario(
        IN_A_THREAD,
        (f"thread: {{as: other, steps: [{FIRST}]}}", "join: other"),
        ((LOADED, "first.ok: true"), NOT_EVEN_ONCE),
        ERROR,
    ),
    Scenario(
        CLOSED,
        (FIRST, CLOSE, "mappings: {object: plugin, as: left}"),
        (
            (GONE, "first.ok: true, left.count: 0"),
            (STAYS, "first.ok: true, left.count: {greater-than: 0}"),
            NOT_EVEN_ONCE,
        ),
        ERROR,
    ),
    Scenario(
        AGAIN,
        (FIRST, CLOSE, _open("again")),
        (
            (LOADED, "first.ok: true, again.ok: true"),
            (SECOND_REFUSED, "first.ok: true, again.ok: false"),
            NOT_EVEN_ONCE,
        ),
        "again.error",
    ),
    Scenario(
        MOST,
        ("loop: {as: copies, at-most: 20, until: failure, steps: [dlmopen: {object: plugin, as: each}]}",),
        ((REFUSED, f"{COUNT}: 0"), (FITS, f"{COUNT}: {{greater-than: 0}}")),
        f"{COUNT}, copies.error",
        f"{{way: {DLMOPEN}}}",
    ),
)


def _called(function: str) -> Scenario:
    call = f"call: {{handle: first, function: {json.dumps(function)}, type: int (void), as: result}}"
    return Scenario(CALLED, (FIRST, call), ((RETURNED, "result: {less-than: 2147483648}"), NOT_EVEN_ONCE), "result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A file as an experiment takes it.

    Attributes:
        path: of the file, as it is named.
        prebuilt: as an experiment names it: its path; or a directory that has its neighbours, and its path there.
        near: the paths of these neighbours, in that directory.
    """

    path: str
    prebuilt: str | tuple[str, str]
    near: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Host(Placed):
    """What the file meets: a program, in which the trials run; or a library, opened before it with RTLD_GLOBAL."""

    program: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject(Placed):
    """What is tried.

    Attributes:
        host: what it meets, or None.
        call: a function without parameters that is called, or None.
    """

    host: Host | None = None
    call: str | None = None

    @property
    def name(self) -> str:
        """The experiment's."""
        stem = posixpath.basename(self.path).split(".so")[0]
        return "try-" + (re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-") or "file")


def experiment(subject: Subject, expected: Mapping[tuple[str, str, str], str]) -> str:
    """The YAML of an experiment.

    Args:
        subject: what is tried.
        expected: (scenario, way, libc) → the outcome that is foretold.
    """
    parts = [_head(subject)]
    for scenario in (*SCENARIOS, *([_called(subject.call)] if subject.call else [])):
        entries = [
            f"  - {{when: {{way: {way}, libc: {json.dumps(libc)}}}, outcome: {outcome}}}"
            for (name, way, libc), outcome in expected.items()
            if name == scenario.name
        ]
        lines = [*scenario.lines(subject), *(["expect:", *entries] if entries else [])]
        parts.append("\n".join([f"  {scenario.name}:", *(f"    {line}" for line in lines), ""]))
    return "\n".join(parts)


def _head(subject: Subject) -> str:
    program = subject.host is not None and subject.host.program
    opener = posixpath.basename(subject.host.path) if subject.host and program else "a program"
    question = f"What becomes of {posixpath.basename(subject.path)} when {opener} opens it as a plugin?"
    lines = [
        "# Written by `elfworlds try`; what is expected is what `elfworlds advise` foretold.",
        f"experiment: {subject.name}",
        f"question: {json.dumps(question)}",
        "",
        f"matrix: {{way: [{', '.join(WAYS)}]}}",
        "",
        "objects:",
        f"  plugin: {_prebuilt(subject.prebuilt)}",
        *([f"  host: {_prebuilt(subject.host.prebuilt)}"] if subject.host else []),
        *((f"  {line}" if line else "" for line in hosted.object_lines()) if program else ()),
        "",
        "scenarios:",
    ]
    return "\n".join(lines)


def _prebuilt(prebuilt: str | tuple[str, str]) -> str:
    if isinstance(prebuilt, str):
        return f"{{prebuilt: {json.dumps(prebuilt)}}}"
    tree, file = prebuilt
    return f"{{prebuilt: {{tree: {json.dumps(tree)}, file: {json.dumps(file)}}}}}"


def foretold(advice: Advice, *, program: bool = False) -> dict[str, str]:
    """Scenario → what advice means for it, as an expectation has it; nothing where it says nothing.

    Args:
        advice: on the file.
        program: whether the trials run within its host.
    """
    forecast = advice.forecast
    if not forecast.loads:
        every = (OPENED, TWICE, IN_A_THREAD, CLOSED, AGAIN, *([MOST] if advice.way == DLMOPEN else []))
        return dict.fromkeys(every, REFUSED if forecast.host_starts or not program else hosted.NO_START)
    told = {OPENED: LOADED, CLOSED: GONE if forecast.gone else STAYS}
    if not any(hazard.rule == SECOND_LIBPTHREAD for hazard in advice.hazards):
        told[IN_A_THREAD] = LOADED
    if advice.way == DLOPEN:
        return {**told, TWICE: ONE_COPY, AGAIN: LOADED}
    if forecast.limit == KEYS:
        return told
    more = forecast.copies > 1
    return {
        **told,
        TWICE: TWO_COPIES if more else SECOND_REFUSED,
        AGAIN: LOADED if more or forecast.gone else SECOND_REFUSED,
        MOST: f"{FITS}, {COUNT}: {forecast.copies}",
    }
