"""What the loader did, for a report: the namespaces of each scenario, and what was predicted wrongly."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import quote

from elfworlds.report.pictures.namespaces import Namespaces, alike, named, namespaces, title, titles
from elfworlds.report.pictures.picture import picture
from elfworlds.report.places import where

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from elfworlds.records import RunRecord, SearchRecord, TraceRecord
    from elfworlds.report.places import Point

PICTURES = "pictures"
HEAD_OF_NAMESPACES = ["namespace", "objects, in the order of loading"]
HEAD_OF_DISAGREEMENTS = ["scenario", "where", "namespace", "name", "needed by", "predicted", "found"]
HEAD_OF_BINDINGS = ["scenario", "where", "namespace", "symbol", "referred to by", "foretold", "bound to"]
MOST_BINDINGS = 200


@dataclass(frozen=True, slots=True)
class Seen:
    """Points of a scenario where the loader did the same.

    Attributes:
        points: axis and label, for each axis.
        where: these points, in words.
        trial: the first trial; the picture's file has its name.
        picture: the SVG text.
    """

    scenario: str
    points: tuple[Point, ...]
    where: str
    trial: str
    namespaces: Namespaces
    picture: str

    @property
    def file(self) -> str:
        """The picture's file, from the run directory."""
        return f"{PICTURES}/{self.trial}.svg"

    @property
    def link(self) -> str:
        """The picture's address in Markdown."""
        return quote(self.file, safe="/,=")


def seen(run: RunRecord) -> list[Seen]:
    """The pictures of each scenario; points with the same picture are one entry."""
    by_picture: dict[tuple[str, str], list[tuple[TraceRecord, Namespaces]]] = {}
    tried: dict[str, list[Point]] = {}
    for trace in run.traces:
        tried.setdefault(trace.scenario, []).append(tuple(trace.point.items()))
        spaces = namespaces(trace)
        by_picture.setdefault((trace.scenario, picture(spaces, trace.scenario)), []).append((trace, spaces))
    drawings = []
    for (scenario, drawn), members in by_picture.items():
        points = tuple(tuple(trace.point.items()) for trace, _ in members)
        words = where(run.axes, points, tried[scenario])
        drawings.append(Seen(scenario, points, words, members[0][0].trial, members[0][1], drawn))
    return drawings


def by_scenario(drawings: Sequence[Seen]) -> dict[str, list[Seen]]:
    """The pictures of each scenario, in order."""
    groups: dict[str, list[Seen]] = {}
    for drawn in drawings:
        groups.setdefault(drawn.scenario, []).append(drawn)
    return groups


def rows_of_scenario(axes: Mapping[str, Sequence[str]], drawings: Sequence[Seen]) -> list[list[str]]:
    """Each namespace that some point of a scenario had: where, which, and its objects. What points share is one row."""
    places: dict[tuple[int, str, str], list[Point]] = {}
    for drawn in drawings:
        for at, (title_, objects) in enumerate(rows_of_namespaces(drawn.namespaces)):
            places.setdefault((at, title_, objects), []).extend(drawn.points)
    tried = [point for drawn in drawings for point in drawn.points]
    return [
        [where(axes, points, tried), title_, objects]
        for (_, title_, objects), points in sorted(places.items(), key=lambda item: item[0][0])
    ]


def rows_of_namespaces(spaces: Namespaces) -> list[list[str]]:
    """A row for each namespace; neighbours that are alike share a row."""
    return [[titles(run), ", ".join(map(named, spaces.objects[run[0]]))] for run in alike(spaces)]


def disagreements(traces: Sequence[TraceRecord]) -> list[tuple[TraceRecord, SearchRecord]]:
    """The searches that did not end where the search order says, each with its trace in front."""
    return [(trace, search) for trace in traces for search in trace.searches if search.agrees is False]


def searches(traces: Sequence[TraceRecord]) -> int:
    """The number of searches that were predicted."""
    return sum(search.agrees is not None for trace in traces for search in trace.searches)


def bindings(traces: Sequence[TraceRecord]) -> int:
    """The number of bindings that were foretold."""
    return sum(agrees is not None for trace in traces for agrees in trace.bindings.agrees)


def disagreement(traces: Sequence[TraceRecord]) -> str | None:
    """A line that counts the disagreements; None if there are none."""
    wrong = len(disagreements(traces))
    if not wrong:
        return None
    return f"{wrong} of {searches(traces)} searches of the loader did not go where the search order says: see report.md"


def bound_otherwise(traces: Sequence[TraceRecord]) -> int:
    """The number of bindings that are not as foretold."""
    return sum(agrees is False for trace in traces for agrees in trace.bindings.agrees)


def disagreement_of_bindings(traces: Sequence[TraceRecord]) -> str | None:
    """A line that counts them; None if there are none."""
    wrong = bound_otherwise(traces)
    if not wrong:
        return None
    return f"{wrong} of {bindings(traces)} bindings of the loader are not as its rules foretell: see report.md"


def rows_of_disagreements(run: RunRecord) -> list[list[str]]:
    names = _names(run)
    return [
        [
            *_where(run, trace, search.lmid),
            search.name,
            *(_path(path, names) for path in (search.needed_by, search.predicted, search.found)),
        ]
        for trace, search in disagreements(run.traces)
    ]


def rows_of_bindings(run: RunRecord) -> list[list[str]]:
    """The first bindings that are not as foretold."""
    names = _names(run)
    rows = (
        [
            *_where(run, trace, bound.from_lmid[at]),
            bound.symbol[at] if bound.version[at] is None else f"{bound.symbol[at]}@{bound.version[at]}",
            *(_path(path, names) for path in (bound.from_path[at], bound.foretold[at], bound.to_path[at])),
        ]
        for trace in run.traces
        for bound in [trace.bindings]
        for at, agrees in enumerate(bound.agrees)
        if agrees is False
    )
    return list(islice(rows, MOST_BINDINGS))


def more_bindings(run: RunRecord) -> str | None:
    """How many more there are; None where there are no more."""
    more = bound_otherwise(run.traces) - MOST_BINDINGS
    return f"… and {more} more; tables/bindings.csv has them all" if more > 0 else None


def _where(run: RunRecord, trace: TraceRecord, lmid: int) -> tuple[str, str, str]:
    """Scenario, place and namespace."""
    return trace.scenario, where(run.axes, [tuple(trace.point.items())], ()), title(lmid)


def _names(run: RunRecord) -> dict[str, str]:
    """Paths of the experiment's objects, and directories → what they are called."""
    names = {built.path: f"${{{built.object}}}" for built in reversed(run.objects)}
    return names | {posixpath.dirname(built.path): f"${{{built.object}.dir}}" for built in reversed(run.objects)}


def _path(path: str | None, names: Mapping[str, str]) -> str:
    """A path, by the experiment's name for it if it is one of its objects or beside one."""
    if path is None:
        return "–"
    directory, _, name = path.rpartition("/")
    return names.get(path) or (f"{names[directory]}/{name}" if directory in names else path)
