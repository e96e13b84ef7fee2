"""`Spec` + toolchains + sources → `Plan`."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from elfworlds.planning.circle import CircleBinder
from elfworlds.planning.depth import ends_first
from elfworlds.planning.document import as_document, command_document, judged_document
from elfworlds.planning.known import Known
from elfworlds.planning.layout import ClashError
from elfworlds.planning.points import GDB, LIBC, VersionUnknownError, labels, points
from elfworlds.planning.reads import AxesRead
from elfworlds.planning.scenarios import bound, judged, repetitions
from elfworlds.planning.types import Bound, Judged, Placement, Plan, Trial
from elfworlds.planning.weight import TooMuchError
from elfworlds.spec.builders import by_axis
from elfworlds.yamltext import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from elfworlds.jsondata import Json
    from elfworlds.planning.types import Point
    from elfworlds.sources import Sources
    from elfworlds.spec import Spec
    from elfworlds.spec.model.experiment import Scenario
    from elfworlds.toolchains import Toolchain
    from elfworlds.yamltext import Path
    from elfworlds.yamltext.data import Data

PLAIN = "plain"
_UNSAFE = re.compile(r"[^A-Za-z0-9_.+/-]")
_LONGEST_ID = 150


def make(spec: Spec, sources: Sources, toolchains: Mapping[str, Toolchain], *, repeat: int | None = None) -> Plan:
    """The plan of an experiment; `repeat` replaces the number that its scenarios state.

    Raises:
        ProblemsError: two objects would be one file at some point.
    """
    return _Maker(spec, sources, toolchains, repeat).plan()


class _Maker:
    def __init__(self, spec: Spec, sources: Sources, toolchains: Mapping[str, Toolchain], repeat: int | None) -> None:
        self.spec = spec
        self.experiment = spec.experiment
        self.sources = sources
        self.toolchains = toolchains
        self.repeat = repeat
        self.reads = AxesRead(spec.experiment)
        self.known = Known(self.reads)
        self.deep = ends_first(self.experiment.objects, self.reads.mentioned)
        self.builders = by_axis(spec.experiment.objects, self.reads.axes)
        self.bound: dict[tuple[str, Point], tuple[Bound, int]] = {}

    def plan(self) -> Plan:
        try:
            return self.decided()
        except VersionUnknownError as error:
            path = next(_compared(self.spec.document.data(), error.axis, error.text), ())
            problem = Problem(self.spec.document.mark(path), error.message, error.hint)
            raise self.spec.document.refuse([problem]) from None
        except TooMuchError as error:
            where = self.spec.document.mark(self.spec.in_the_file(error.path), key=True)
            raise self.spec.document.refuse([Problem(where, error.message, error.hint)]) from None
        except ClashError as error:
            where = self.spec.document.mark(("scenarios", error.scenario, "files", error.written), key=True)
            raise self.spec.document.refuse([Problem(where, error.message, error.hint)]) from None

    def decided(self) -> Plan:
        trials: list[Trial] = []
        placements: dict[tuple[str, Point], Placement] = {}
        for point in points(self.experiment.matrix, self.versions):
            binder = self.binder(point)
            self.place(binder, placements)
            for name, scenario in self.experiment.scenarios.items():
                if binder.applies(scenario.when):
                    trials += self.trials(name, scenario, point, binder, len(trials))
        self.refuse_twins(placements.values())
        plan = Plan(
            experiment=self.spec.name,
            question=self.experiment.question,
            digest="",
            axes=tuple(labels(self.experiment.matrix).items()),
            requests=self.known.requests,
            placements=tuple(placements.values()),
            trials=tuple(trials),
            files={file.sha256: file.data for file in self.sources.files.values()} | self.known.files,
            trees=self.known.trees,
        )
        return with_digest(plan)

    def versions(self, point: Point) -> Mapping[str, str]:
        """What `when` compares: those of the libc's toolchain, gdb's own where it is an axis, the libcs of builders."""
        labels = dict(point)
        versions = dict(self.toolchains[labels[LIBC]].versions)
        for axis, builders in self.builders.items():
            own = self.toolchains[builders.by_label[labels[axis]]]
            versions |= {axis: own.versions.get(LIBC, ""), f"{axis}-family": own.family}
        return {**versions, GDB: self.toolchains[labels[GDB]].versions.get(GDB, "")} if GDB in labels else versions

    def binder(self, point: Point) -> CircleBinder:
        return CircleBinder(self.experiment, self.sources, self.toolchains, point, self.versions(point), self.known)

    def place(self, binder: CircleBinder, placements: dict[tuple[str, Point], Placement]) -> None:
        for name in self.deep:
            binder.object(name)
        for name, definition in self.experiment.objects.items():
            read = self.reads.object(name)
            at = tuple((axis, label) for axis, label in binder.point.items() if axis in read)
            if (name, at) not in placements:
                request = binder.object(name)
                needs = tuple(binder.words(definition.needs))
                placements[name, at] = Placement(name, at, request.key, needs, binder.matchers(definition.expect))

    def trials(self, name: str, scenario: Scenario, point: Point, binder: CircleBinder, first: int) -> Iterator[Trial]:
        read = self.reads.scenario(scenario)
        at = (name, tuple((axis, label) for axis, label in point if axis in read))
        if at not in self.bound:
            self.bound[at] = (bound(binder, name, scenario), self.repeat or repetitions(binder, scenario))
            self.known.weight.add(("scenarios", name), command_document(self.bound[at][0]))
        command, repeat = self.bound[at]
        claims = tuple(judged(binder, claim) for claim in scenario.claim if binder.applies(claim.when))
        fitting = (judged(binder, entry) for entry in scenario.expect if binder.applies(entry.when))
        expected: Judged | None = next(fitting, None)
        judging: list[Json] = [judged_document(entry) for entry in (*claims, *([expected] if expected else []))]
        self.known.weight.say(("scenarios", name), [*judging, dict(point)], repeat)
        watched = product(observers(command, claims, expected), range(1, repeat + 1))
        for place, (observer, number) in enumerate(watched, start=first):
            identity = trial_id(name, point, observer, number if repeat > 1 else None)
            yield Trial(place, identity, name, point, observer, number, command, claims, expected)

    def refuse_twins(self, placements: Iterable[Placement]) -> None:
        """Two names for one build would be one file, and one handle for dlopen."""
        order = list(self.experiment.objects)
        first: dict[str, Placement] = {}
        problems = []
        for placed in placements:
            other = first.setdefault(self.file(placed.key), placed)
            if other.object != placed.object:
                early, late = sorted((placed.object, other.object), key=order.index)
                where = self.spec.document.mark(("objects", late), key=True)
                message = f"`{late}` and `{early}` are the same file{_at(max(placed.at, other.at, key=len))}"
                problems.append(Problem(where, message, "remove one, or let a define tell them apart"))
        if problems:
            raise self.spec.document.refuse(problems)

    def file(self, key: str) -> str:
        """The file that a build makes; two paths of a tree may lead to one."""
        request = self.known.requests[key]
        if not request.tree:
            return key
        return f"{request.tree}/{self.known.trees[request.tree].manifest.real(request.filename)}"


def observers(bound: Bound, claims: Iterable[Judged], expected: Judged | None) -> tuple[str, ...]:
    """Who watches: nobody, and each observer; only the one of which the outcomes speak, where they do."""
    judged = (
        *bound.outcomes.values(),
        *(judgement.matchers for judgement in (*claims, *([expected] if expected else []))),
    )
    spoken = {value.partition(".")[0] for matchers in judged for value in matchers}
    return tuple(observer for observer in bound.watch if observer in spoken) or (PLAIN, *bound.watch)


def _compared(data: Data, axis: str, text: str) -> Iterator[Path]:
    """The places in the file where a `when` compares an axis with a text."""
    entries: Iterable[tuple[str | int, Data]] = ()
    if isinstance(data, dict):
        entries = data.items()
    elif isinstance(data, list):
        entries = enumerate(data)
    for key, value in entries:
        choices = value if isinstance(value, list) else [value]
        yield from ((key, at) for at, choice in enumerate(choices) if (key, choice) == (axis, text))
        yield from ((key, *path) for path in _compared(value, axis, text))


def _at(point: Point) -> str:
    shown = [f"{axis}={label}" for axis, label in point if axis != LIBC]
    return f" where {', '.join(shown)}" if shown else ""


def trial_id(scenario: str, point: Point, observer: str, repeat: int | None) -> str:
    """A unique name that can be a file name: other characters are replaced, and then a digest is added."""
    extra = [("observer", observer)] if observer != PLAIN else []
    extra += [("repeat", str(repeat))] if repeat is not None else []
    exact = ",".join([scenario, *(f"{axis}={label}" for axis, label in (*point, *extra))])
    safe = ",".join([scenario, *(f"{axis}={_UNSAFE.sub('_', label)}" for axis, label in (*point, *extra))])
    safe = safe.replace("/", ":")  # no other `:` is left, so that it stands for nothing else
    if safe == exact.replace("/", ":") and ":" not in exact and len(safe) <= _LONGEST_ID:
        return safe
    return f"{safe[:_LONGEST_ID]}~{hashlib.sha256(exact.encode()).hexdigest()[:10]}"


def with_digest(plan: Plan) -> Plan:
    """The plan with the digest of everything else in it."""
    plan = replace(plan, digest="")
    text = json.dumps(as_document(plan), sort_keys=True, separators=(",", ":"))
    return replace(plan, digest=hashlib.sha256(text.encode()).hexdigest())
