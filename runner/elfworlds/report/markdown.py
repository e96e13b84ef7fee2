"""report.md: the question, the answer, the pivot, the claims, and all that a stranger needs to check them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from elfworlds.report import facts, failing, flips, foretold, loading, machines, summary
from elfworlds.report.pictures.heat import heats
from elfworlds.report.summary import (
    ClaimLine,
    Pivot,
    claims,
    counts,
    defects,
    pivot,
    point_text,
    unsupported,
)
from elfworlds.report.text import ending, pivot_rows, tail
from elfworlds.yamltext.problems import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from elfworlds.outcome_changes import Flips
    from elfworlds.records import EnvironmentRecord, ObjectRecord, RunRecord, TreeRecord, TrialRecord
    from elfworlds.report.text import Streams

MOST_FAILURES, MOST_CELLS = 200, 5000  # that are told one by one
MOST_LINKS = 4  # of a scenario's pictures; the table after them has all of it
OF_URLS = "/:?#@!$&'*+,;=%~"  # and no bracket: it would end the link
_SPECIAL = re.compile(r"(^#|[\\`*_\[\]<>|])")


def markdown(run: RunRecord, written: Streams, seen: Sequence[loading.Seen], run_flips: Flips) -> str:
    """The report as GitHub-flavoured Markdown.

    Args:
        run: what is shown.
        written: failed trial → `stdout` and `stderr` → the end of it.
        seen: the pictures of link namespaces.
        run_flips: where its outcomes flip.
    """
    grid, more = summary.beginning(pivot(run.axes, run.trials), MOST_CELLS)
    lines = [f"# {escape(run.name)}", "", f"**{escape(run.question)}**", "", *answer(run.axes, run.trials), ""]
    lines += [*table(*pivot_rows(grid)), "", *_more(more, "rows"), *_fixed(grid), _count(run), ""]
    lines += _mixed(run, grid)
    lines += [
        *_flips(run_flips),
        *_heats(run, run_flips),
        *_claims(claims(run.axes, run.trials), run.source),
        *_differences(run.axes, run.trials, written),
        *_reasons("Known defects", defects(run.trials)),
        *_reasons("Not supported here", unsupported(run.trials)),
    ]
    lines += [*_note(run.note), *_loading(run, seen), *_objects(run.objects), *_trees(run.trees)]
    lines += [*_machines(run), *_versions(run.environment)]
    return "\n".join([*lines, "## Run it again", "", f"    {printable(run.rerun).replace(chr(10), ' ')}", ""])


def _mixed(run: RunRecord, grid: Pivot) -> list[str]:
    lines = [escape(line) for line in machines.remark(run.trials, marked=grid.mixed)]
    return [*lines, ""] if lines else []


def _machines(run: RunRecord) -> list[str]:
    """Where the trials of a run on a cluster ran."""
    rows = machines.rows(run.trials)
    return ["## Machines", "", *table(machines.HEAD, rows), ""] if rows else []


def _flips(run_flips: Flips) -> list[str]:
    """Where outcomes change along ordered axes, and between which versions."""
    lines = []
    for text in flips.texts(run_flips):
        what = escape(text.what)
        lines.append(f"- {escape(text.where)}: {f'**{what}**' if text.threshold else what}.")
        lines += [f"  - {escape(neighbours)}" for neighbours in text.between]
    return ["## Where outcomes flip", "", *lines, ""] if lines else []


def _heats(run: RunRecord, run_flips: Flips) -> list[str]:
    """The heat maps: outcomes over two axes."""
    lines = []
    for heat in heats(run, run_flips):
        what = f"Outcomes of {heat.scenario}, {heat.columns.axis} across and {heat.rows.axis} down"
        lines += [f"![{escape(what)}]({heat.link})", ""]
    return ["## Outcomes over two axes", "", *lines] if lines else []


def _count(run: RunRecord) -> str:
    missing = len(run.trials) < run.planned
    return counts(run.trials) + (f"; interrupted after {len(run.trials)} of {run.planned} trials." if missing else ".")


def escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", printable(text)).replace("\n", " ")


def code(text: str) -> str:
    """A text between backticks."""
    return printable(text).replace("\n", " ").replace("`", "'")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [_row(escape(cell) for cell in head), _row("---" for _ in head)]
    return [*lines, *(_row(escape(cell) for cell in row) for row in rows)]


def _row(cells: Iterator[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def answer(axes: Mapping[str, Sequence[str]], trials: Sequence[TrialRecord]) -> list[str]:
    """The answer: an item for each scenario, with every outcome and where it was seen."""
    lines = []
    for scenario, seen in summary.answers(axes, trials):
        parts = [f"**{escape(outcome)}** {_place(place)}" for outcome, place in seen]
        lines.append(f"- {escape(scenario)}: {'; '.join(parts)}.")
    return lines or ["Nothing was tried."]


def _place(text: str) -> str:
    return text if text == "everywhere" else f"where {escape(text)}"


def _fixed(grid: Pivot) -> list[str]:
    return (
        ["All of this where " + ", ".join(f"{escape(axis)} = {escape(label)}" for axis, label in grid.fixed) + "."]
        if grid.fixed
        else []
    )


def _claims(lines: Sequence[ClaimLine], source: Mapping[str, str]) -> list[str]:
    if not lines:
        return []
    rows = [[line.id or "–", line.says, line.claimed, line.observed, line.verdict, line.where] for line in lines]
    source_line = [f"Source: {_source(source)}.", ""] if source else []
    return [
        "## Claims",
        "",
        *source_line,
        *table(["claim", "says", "claimed", "observed", "verdict", "where"], rows),
        "",
    ]


def _source(source: Mapping[str, str]) -> str:
    title, url = escape(source.get("title", "")), source.get("url", "")
    if url.startswith(("https://", "http://")):
        title = f"[{title}]({quote(url, safe=OF_URLS)})"
    parts = [escape(source.get("authors", "")), title, escape(source.get("year", ""))]
    return ", ".join(part for part in parts if part)


def _differences(axes: Mapping[str, Sequence[str]], trials: Sequence[TrialRecord], written: Streams) -> list[str]:
    bad = failing.failed(trials)
    if not bad:
        return []
    lines, every = ["## Not as expected", ""], failing.points_of(trials)
    for alike in bad[:MOST_FAILURES]:
        trial = alike.trial
        scattered = alike.scattered and escape(failing.place(alike, axes, every))
        lines.append(f"- {trial.verdict} {_not_tried(alike, scattered) if scattered else _failure(alike, axes)}")
        lines += [f"  - {escape(text)}" for text in (*([trial.why] if trial.why else []), *alike.notes)]
        for name, text in written.get(trial.trial, {}).items():
            lines += [f"  - {name} ends with:", "", *(f"        {line}" for line in tail(text)), ""]
    return [*lines, "", *_more(sum(alike.count for alike in bad[MOST_FAILURES:]), "trials")]


def _not_tried(alike: failing.Alike, place: str) -> str:
    return f"{alike.count} trials, not tried: {place}."


def _failure(alike: failing.Alike, axes: Mapping[str, Sequence[str]]) -> str:
    trial = alike.trial
    head = f"`{code(trial.scenario)}` {escape(point_text(trial.point, axes))}: expected {escape(str(trial.expected))}"
    got = f"got {escape(trial.outcome or '')} ({escape(ending(trial))})" if trial.verdict.tried else "not tried"
    return f"{head}, {got}{alike.times}."


def _more(count: int, what: str) -> list[str]:
    """What a report leaves out, and where it is."""
    return [f"{count} more {what} are in tables/trials.csv.", ""] if count else []


def _reasons(title: str, counted: Sequence[tuple[str, int]]) -> list[str]:
    rows = [[reason, str(count)] for reason, count in counted]
    return [f"## {title}", "", *table(["why", "trials"], rows), ""] if rows else []


def _note(note: str) -> list[str]:
    return ["## Note", "", escape(note.strip()), ""] if note.strip() else []


def _loading(run: RunRecord, seen: Sequence[loading.Seen]) -> list[str]:
    """The namespaces of each scenario, drawn and listed; then predicted against actual searches."""
    if not run.traces:
        return []
    lines = ["## What the loader did", ""]
    for scenario, drawings in loading.by_scenario(seen).items():
        lines += [f"### {escape(scenario)}", "", *_pictures(scenario, drawings), ""]
        lines += [*table(["where", *loading.HEAD_OF_NAMESPACES], loading.rows_of_scenario(run.axes, drawings)), ""]
    return [*lines, "### Predicted against actual", "", *_predicted(run), *_foretold(run), "", *_advised(run)]


def _pictures(scenario: str, drawings: Sequence[loading.Seen]) -> list[str]:
    """The first picture, and links to some others."""
    first, *others = drawings
    lines = [f"![Link namespaces of {escape(scenario)}, {escape(first.where)}]({first.link})"]
    links = [f"[{escape(drawn.where)}]({drawn.link})" for drawn in others[:MOST_LINKS]]
    if len(others) > MOST_LINKS:
        links.append(f"and {len(others) - MOST_LINKS} more beside them")
    return [*lines, "", f"The picture is of {escape(first.where)}. Others: {'; '.join(links)}."] if links else lines


def _predicted(run: RunRecord) -> list[str]:
    rows, count = loading.rows_of_disagreements(run), loading.searches(run.traces)
    if rows:
        return table(loading.HEAD_OF_DISAGREEMENTS, rows)
    if not count:
        return ["The loader searched for nothing that could be predicted."]
    many = f"Every one of {count} searches" if count > 1 else "The one search"
    return [f"{many} went where the search order says."]


def _foretold(run: RunRecord) -> list[str]:
    """The bindings that are not as foretold, or that there are none; nothing where none was foretold."""
    rows, count = loading.rows_of_bindings(run), loading.bindings(run.traces)
    if rows:
        more = loading.more_bindings(run)
        return ["", *table(loading.HEAD_OF_BINDINGS, rows), *(["", more] if more else [])]
    many = f"Every one of {count} bindings" if count > 1 else "The one binding"
    return ["", f"{many} is as the loader's rules foretell."] if count else []


def _advised(run: RunRecord) -> list[str]:
    """What advise foretold beside what was seen; nothing where it had nothing to say."""
    told = foretold.answers(run)
    if not told:
        return []
    return ["### Foretold by advise", "", foretold.kept(told), "", *table(*foretold.table(run, told)), ""]


def _objects(records: Sequence[ObjectRecord]) -> list[str]:
    built = facts.objects(records)
    if not built:
        return []
    elsewhere = any(item.toolchain for item in built)
    digests: dict[tuple[str, ...], list[str]] = {}
    for item in built:
        row = (item.object, *([item.toolchain] if elsewhere else []), item.soname, item.needed, item.search)
        digests.setdefault(row, []).append(item.sha256)
    head = ["object", *(["built in"] if elsewhere else []), "soname", "needed", "search path", "sha256"]
    rows = [(*row, ", ".join(dict.fromkeys(sums))) for row, sums in digests.items()]
    return ["## Objects", "", *table(head, rows), ""]


def _trees(trees: Sequence[TreeRecord]) -> list[str]:
    """The trees that somebody else made, with the objects that are files of them."""
    rows = [[tree.name, " ".join(tree.objects), str(tree.files), str(tree.bytes), tree.key[:12]] for tree in trees]
    return ["## Trees", "", *table(["tree", "objects", "files", "bytes", "key"], rows), ""] if rows else []


def _versions(environment: EnvironmentRecord) -> list[str]:
    """The machine, and of each toolchain what decides; all packages are in environment.json."""
    inherited = [f"Trials had from whoever started the runner: {escape(what)}." for what in environment.inherited]
    toolchains = [(toolchain.name, facts.decisive(toolchain)) for toolchain in environment.toolchains]
    more = "All packages of each toolchain, with their revisions, are in environment.json."
    rows = [*facts.machine(environment), *toolchains]
    return [
        "## Versions",
        "",
        *table(["what", "version"], rows),
        "",
        more,
        "",
        *([*inherited, ""] if inherited else []),
    ]
