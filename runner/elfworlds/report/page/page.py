"""A run → report.html. The template has the words of the page, this module what stands in them."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from elfworlds.report import facts, failing, flips, foretold, loading, machines, summary
from elfworlds.report.page import packed
from elfworlds.report.pictures.cells import colours
from elfworlds.report.pictures.heat import outcomes
from elfworlds.report.text import cut, ending
from elfworlds.yamltext.problems import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from elfworlds.outcome import Verdict
    from elfworlds.outcome_changes import Flips
    from elfworlds.records import RunRecord
    from elfworlds.report.page.packed import Columns
    from elfworlds.report.places import Point
    from elfworlds.report.summary import Pivot
    from elfworlds.report.text import Streams

HERE = Path(__file__).parent
MOST_PICTURES = 12  # that stand in the page itself; the others are drawn when they are opened
MOST_ROWS, MOST_CELLS, MOST_FAILURES = 1000, 5000, 40
MOST_WORDS = 8192  # of a compiler, for one object


@dataclass(frozen=True, slots=True)
class Chip:
    """An outcome in a cell of the matrix, by its name and its colour, and where its trials are listed."""

    text: str
    kind: str
    link: str


@dataclass(frozen=True, slots=True)
class Place:
    """A cell of the matrix; `verdict` is there where it is worth showing, `mixed` the mark of mixed machines."""

    chips: tuple[Chip, ...]
    verdict: Verdict | None
    mixed: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the matrix: its heads, the scenario first, and its cells; None where there was no trial.

    Attributes:
        span: how many rows have this scenario, where it is the first of them; else 0.
    """

    names: tuple[str, ...]
    span: int
    places: tuple[Place | None, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """The pivot for a page: heads of rows and columns, and the cells.

    Attributes:
        heads: the names of the columns with heads of rows.
        across: the column axis with each of its labels, and the version behind the label, if it is known.
        rows: by scenario.
    """

    heads: tuple[str, ...]
    across: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]


def page(
    run: RunRecord, tables: Mapping[str, Columns], written: Streams, seen: Sequence[loading.Seen], run_flips: Flips
) -> str:
    """The page as HTML.

    Args:
        run: what is shown.
        tables: name → column → values, of every table; missing values are None.
        written: trial → `stdout`, `stderr` or `driver.c` → the text, or the part of it that is shown.
        seen: the pictures of link namespaces.
        run_flips: where its outcomes flip.
    """
    script = (HERE / "page.js").read_text()
    data = packed.data(tables, written, seen)
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            style=Markup((HERE / "page.css").read_text()),  # noqa: S704  # our own file
            script=Markup(script),  # noqa: S704  # our own file
            script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            run=run,
            most_rows=MOST_ROWS,
            most_failures=MOST_FAILURES,
            pictures=drawings(seen[: data.pictures.rows]),
            data=data,
            **_answers(run, run_flips),
            **_evidence(run),
        )
    )


def _answers(run: RunRecord, run_flips: Flips) -> dict[str, object]:
    """What the template says of the question."""
    axes, trials, kinds = run.axes, run.trials, colours(outcomes(run))
    pivot, more_rows = summary.beginning(summary.pivot(axes, trials), MOST_CELLS)
    bad, every = failing.failed(trials), failing.points_of(trials)
    return {
        "colours": kinds.values(),
        "counts": summary.counts(trials),
        "missing": run.planned - len(trials),
        "answers": summary.answers(axes, trials),
        "matrix": matrix(
            pivot, {name: kind for name, (kind, _) in kinds.items()}, run.versions.get(pivot.column_axis or "", {})
        ),
        "more_rows": more_rows,
        "fixed": pivot.fixed,
        "mixed": machines.remark(trials, marked=pivot.mixed),
        "flips": flips.texts(run_flips),
        "claims": summary.claims(axes, trials),
        "failures": [failure(alike, run, every) for alike in bad[:MOST_FAILURES]],
        "more_failed": sum(alike.count for alike in bad[MOST_FAILURES:]),
        "defects": summary.defects(trials),
        "unsupported": summary.unsupported(trials),
    }


def _evidence(run: RunRecord) -> dict[str, object]:
    """What the template says of how it was found out."""
    told = foretold.answers(run)
    return {
        "head_of_namespaces": loading.HEAD_OF_NAMESPACES,
        "disagreements": loading.rows_of_disagreements(run),
        "head_of_disagreements": loading.HEAD_OF_DISAGREEMENTS,
        "bound_otherwise": loading.rows_of_bindings(run),
        "head_of_bindings": loading.HEAD_OF_BINDINGS,
        "more_bindings": loading.more_bindings(run),
        "foretold": loading.bindings(run.traces),
        "searches": loading.searches(run.traces),
        "advised": foretold.table(run, told),
        "advice_kept": foretold.kept(told),
        "objects": facts.objects(run.objects),
        "compiler_outputs": [(name, cut(words, MOST_WORDS)) for name, words in facts.compiler_outputs(run.objects)],
        "versions": facts.versions(run.environment),
        "head_of_machines": machines.HEAD,
        "machines": machines.rows(run.trials),
    }


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture of link namespaces, and the same in words; `inlined` is its SVG where that stands in the page."""

    scenario: str
    where: str
    rows: Sequence[Sequence[str]]
    inlined: Markup | None


def drawings(seen: Sequence[loading.Seen]) -> list[Drawing]:
    """Of each scenario the first picture is open."""
    first = {drawn.scenario: at for at, drawn in reversed([*enumerate(seen)])}
    inlined = set(sorted(first.values())[:MOST_PICTURES])
    return [
        Drawing(
            drawn.scenario,
            drawn.where,
            loading.rows_of_namespaces(drawn.namespaces),
            Markup(drawn.picture) if at in inlined else None,  # noqa: S704  # our own SVG, escaped there
        )
        for at, drawn in enumerate(seen)
    ]


def _environment() -> Environment:
    """Every text is escaped, and what cannot be printed is made visible."""
    return Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _shown(value: object) -> object:
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def matrix(pivot: Pivot, kinds: Mapping[str, str], versions: Mapping[str, Mapping[str, str]]) -> Matrix:
    """The pivot with a link for each cell.

    Args:
        pivot: the outcomes.
        kinds: outcome → the class of its colour.
        versions: label of the column axis → `version`, where it stands for a toolchain.
    """
    heads = ("scenario", *pivot.row_axes)
    across = tuple(
        (f"{pivot.column_axis} {label}" if pivot.column_axis else "outcome", versions.get(label, {}).get("version", ""))
        for label in pivot.columns
    )
    rows, spans = [], Counter(names[0] for names, _ in pivot.rows)
    for names, cells in pivot.rows:
        at = dict(zip(heads, names, strict=True))
        places = [
            _place(cell, {**at, **({pivot.column_axis: label} if pivot.column_axis else {})}, kinds)
            for cell, label in zip(cells, pivot.columns, strict=True)
        ]
        rows.append(Row(names, spans.pop(names[0], 0), tuple(places)))
    return Matrix(heads, across, tuple(rows))


def _place(cell: summary.Cell | None, at: Mapping[str, str], kinds: Mapping[str, str]) -> Place | None:
    if cell is None:
        return None
    several = len(cell.outcomes) > 1
    chips = []
    for text, count in cell.outcomes:
        outcome = text.partition(" (")[0]
        link = "#trials?" + urlencode({**at, "outcome": outcome})
        chips.append(Chip(f"{text} ×{count}" if several else text, kinds.get(outcome, "untried"), link))
    verdict = cell.verdict if cell.verdict.shown or not cell.verdict.tried else None
    return Place(tuple(chips), verdict, machines.MARK if cell.mixed else "")


@dataclass(frozen=True, slots=True)
class Failure:
    """Trials that were not as expected, in words; the link leads to the first."""

    verdict: Verdict
    scenario: str
    point: str
    link: str
    words: str
    details: tuple[str, ...]


def failure(alike: failing.Alike, run: RunRecord, every: Mapping[str, Sequence[Point]]) -> Failure:
    trial = alike.trial
    link = "#trial?" + urlencode({"trial": trial.trial})
    details = (*([trial.why] if trial.why else []), *alike.notes)
    if alike.scattered:
        many = f"{alike.count} trials"
        return Failure(trial.verdict, many, "", link, f"not tried: {failing.place(alike, run.axes, every)}", details)
    got = f"got {trial.outcome} ({ending(trial)})" if trial.verdict.tried else "not tried"
    return Failure(
        trial.verdict,
        trial.scenario,
        summary.point_text(trial.point, run.axes),
        link,
        f"expected {trial.expected or 'nothing in particular'}, {got}{alike.times}",
        details,
    )
