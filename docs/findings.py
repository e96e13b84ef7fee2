"""Writes into docs/findings.md and docs/shared.md what results/ says: rows under statements, and what was tried.

Run it as `python docs/findings.py` in the project's root. A line of the page that ends with `<!-- rows: … -->` is made
from that comment; so is the text between `<!-- tried -->` and `<!-- /tried -->`, and the table of flips likewise. Tests
hold that the page is what this makes of it, and that each number in a statement stands in the rows under it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PAGES, REFERENCE = (Path("docs/findings.md"), Path("docs/shared.md")), Path("results/reference")
SERIES = "series"  # results/series: what libcs with patches did, and the one without beside them
UNITS = {"rustc": " · by Rust", "gdb": " · by gdb", "host": " · the machine itself", SERIES: " · by libc"}
UNPATCHED, PATCHED = "debian/trixie", ("glibc/dl-nns", "glibc/rtld-shared", "glibc/ns-libc")
LINE = re.compile(r"^( *- ).*?(<!-- rows: (.*) -->)$", re.MULTILINE)
TRIED = re.compile(r"(<!-- tried -->\n).*?(\n<!-- /tried -->)", re.DOTALL)
FLIPS = re.compile(r"(<!-- flips -->\n).*?(\n<!-- /flips -->)", re.DOTALL)
HOST = "host"
OF = "versions="  # of what the versions in a row are, if not of the libc


@dataclass(frozen=True)
class Query:
    """Which rows a statement rests on; `labels` are those of the axes that it fixes."""

    experiment: str
    scenario: str
    labels: tuple[str, ...]
    by: str


@dataclass(frozen=True)
class Row:
    """What was seen at one point: (version, outcome with what is shown beside it), in the order of versions."""

    point: tuple[str, ...]
    seen: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Reference:
    """The files of results/reference: outcomes, and toolchain → part → version; and outcomes with patches."""

    outcomes: tuple[Mapping[str, str], ...]
    versions: Mapping[str, Mapping[str, str]]
    series: tuple[Mapping[str, str], ...] = ()


def read(folder: Path) -> Reference:
    versions: dict[str, dict[str, str]] = {}
    for row in _table(folder / "versions.csv"):
        versions.setdefault(row["toolchain"], {})[row["part"]] = row["version"]
    series = folder.with_name(SERIES) / "outcomes.csv"
    patched = tuple(_table(series)) if series.is_file() else ()  # none lies beside a reference made elsewhere
    return Reference(tuple(_table(folder / "outcomes.csv")), versions, patched)


def _table(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def query(text: str) -> Query:
    """`EXPERIMENT SCENARIO axis=label … versions=rustc`; in a label a space is written as `~`."""
    experiment, scenario, *labels = text.split()
    by = next((label.removeprefix(OF) for label in labels if label.startswith(OF)), "libc")
    fixed = tuple(label.replace("~", " ") for label in labels if not label.startswith(OF))
    return Query(experiment, scenario, fixed, by)


def rows(asked: Query, reference: Reference) -> list[Row]:
    """The rows of all points that have these labels.

    The host has the glibc of a Debian release: it counts where versions are of Rust, or where it alone is asked for.
    """
    points: dict[tuple[str, ...], dict[str, str]] = {}
    for cell in reference.series if asked.by == SERIES else reference.outcomes:
        labels = _labels(cell, asked.by)
        here = (cell["experiment"], cell["scenario"]) == (asked.experiment, asked.scenario)
        if here and set(asked.labels) <= set(labels) and _counts(cell, asked.by):
            points.setdefault(labels, {})[_version(cell, asked.by, reference)] = _seen(cell)
    return [Row(labels, tuple(sorted(seen.items(), key=_by_version))) for labels, seen in points.items()]


def _version(cell: Mapping[str, str], by: str, reference: Reference) -> str:
    if by == SERIES:
        return cell["libc"].partition("/")[2]
    return reference.versions[cell["gdb" if by == "gdb" else "libc"]]["libc" if by == HOST else by]


def _by_version(seen: tuple[str, str]) -> list[int]:
    return _natural(seen[0])


def _labels(cell: Mapping[str, str], by: str) -> tuple[str, ...]:
    """`axis=label` of each axis; a label may hold spaces."""
    labels = re.split(r" (?=[\w.-]+=)", cell["point"]) if cell["point"] else []
    return (*labels, *([f"libc={cell['libc']}"] if by == "gdb" else []))


def _counts(cell: Mapping[str, str], by: str) -> bool:
    if by == "gdb":
        return HOST not in (cell["libc"], cell["gdb"])
    if by == SERIES:
        return cell["gdb"] == cell["libc"] and cell["libc"] in (UNPATCHED, *PATCHED)
    wanted = {"rustc": True, HOST: cell["libc"] == HOST}.get(by, cell["libc"] != HOST)
    return cell["gdb"] == cell["libc"] and wanted


def _seen(cell: Mapping[str, str]) -> str:
    return "undecided here" if cell["verdict"] == "UNSUPPORTED" else cell["outcome"]


@dataclass(frozen=True)
class Flips:
    """Of one experiment with one libc: cells with another outcome than without patches, and with other numbers."""

    outcomes: int = 0
    numbers: int = 0

    def __str__(self) -> str:
        parts = [str(self.outcomes)] * bool(self.outcomes) + [f"{self.numbers} in numbers"] * bool(self.numbers)
        return ", ".join(parts) or "–"


def flips(series: Sequence[Mapping[str, str]]) -> str:
    """A row for each experiment in which a cell differs, a column for each libc, and the sum; no races."""
    before = _cells(series, UNPATCHED)
    found = [_flips(before, _cells(series, libc)) for libc in PATCHED]
    rows = [["experiment", "cells", *(f"`{libc}`" for libc in PATCHED)], ["---"] * (len(PATCHED) + 2)]
    for name in sorted({name for one in found for name in one}):
        cells = sum(place[0] == name for place in before)
        seen = (str(one.get(name, Flips())) for one in found)
        rows.append([f"[{name}](../experiments/{name}.yaml)", str(cells), *seen])
    rows.append([f"all {len({place[0] for place in before})}", str(len(before)), *map(_sum, found)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cells(series: Sequence[Mapping[str, str]], libc: str) -> dict[tuple[str, ...], Mapping[str, str]]:
    """The cells of a libc that has trials everywhere, by their places."""
    at = ("experiment", "scenario", "observer", "point")
    return {tuple(cell[name] for name in at): cell for cell in series if cell["libc"] == cell["gdb"] == libc}


def _flips(
    before: Mapping[tuple[str, ...], Mapping[str, str]], after: Mapping[tuple[str, ...], Mapping[str, str]]
) -> dict[str, Flips]:
    found: dict[str, Flips] = {}
    for place, cell in before.items():
        other = after.get(place, {"outcome": "", "race": "False"})
        if cell["outcome"] == other["outcome"] or "True" in (cell["race"], other["race"]):
            continue
        own = found.get(place[0], Flips())
        flipped = cell["outcome"].partition(" (")[0] != other["outcome"].partition(" (")[0]
        found[place[0]] = Flips(own.outcomes + flipped, own.numbers + (not flipped))
    return found


def _sum(found: Mapping[str, Flips]) -> str:
    return str(Flips(sum(one.outcomes for one in found.values()), sum(one.numbers for one in found.values())))


def _natural(text: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", text)]


def words(asked: Query, found: Sequence[Row]) -> str:
    """The rows as people read them: `outcome (versions)`, points with the same outcomes together."""
    if not found:
        raise LookupError(f"no row for {asked}")
    alike: dict[tuple[tuple[str, str], ...], list[tuple[str, ...]]] = {}
    for row in found:
        alike.setdefault(row.seen, []).append(tuple(label for label in row.point if label not in asked.labels))
    parts = [_part(points, seen, alone=len(alike) == 1) for seen, points in alike.items()]
    where = "".join(f", {label}" for label in asked.labels)
    unit = UNITS.get(asked.by, "")
    link = f"[{asked.experiment}](../experiments/{asked.experiment}.yaml)"
    return f"{link}, {asked.scenario}{where}{unit}: {' · '.join(parts)}".replace("|", "\\|")


def _part(points: Sequence[tuple[str, ...]], seen: Sequence[tuple[str, str]], *, alone: bool) -> str:
    by_outcome: dict[str, list[str]] = {}
    for version, outcome in seen:
        by_outcome.setdefault(outcome, []).append(version)
    text = ", ".join(f"{outcome} on {' '.join(versions)}" for outcome, versions in by_outcome.items())
    where = "; ".join(" ".join(point) for point in points if point)
    return text if alone or not where else f"{where}: {text}"


def tried(reference: Reference) -> str:
    """What was tried, in words: each libc once, and what the host is."""
    versions = reference.versions
    own = [name for name in versions if name.startswith("debian/")]
    own.sort(key=lambda name: _natural(versions[name]["libc"]))
    twins = [name for name in own if versions[name]["libc-revision"] == versions[HOST]["libc-revision"]]
    of_musl = sorted(versions[name]["libc"] for name in versions if name.startswith("musl/"))
    rust = versions[HOST]["rustc"]
    host = f"the glibc of {twins[0]}, so it is no further libc; it counts for its Rust alone, {rust}"
    lines = [_parts(name, versions[name]) for name in own]
    lines += [f"`host`, the machine itself: {host}", f"for one claim musl {' and '.join(of_musl)}"]
    return "\n".join(f"- {line}" for line in lines)


def _parts(name: str, parts: Mapping[str, str]) -> str:
    revision = parts["libc-revision"].removeprefix("Debian GLIBC ")
    return f"`{name}`: glibc {revision}, gcc {parts['cc']}, gdb {parts['gdb']}, Rust {parts['rustc']}"


def written(page: str, reference: Reference) -> str:
    """The page with its rows as the reference has them."""

    def line(found: re.Match[str]) -> str:
        asked = query(found[3])
        return f"{found[1]}{words(asked, rows(asked, reference))} {found[2]}"

    page = FLIPS.sub(lambda found: f"{found[1]}{flips(reference.series)}{found[2]}", page)
    page = TRIED.sub(lambda found: f"{found[1]}{tried(reference)}{found[2]}", page)
    return LINE.sub(line, page)


def main() -> None:
    for page in PAGES:
        page.write_text(written(page.read_text(encoding="utf-8"), read(REFERENCE)), encoding="utf-8")


if __name__ == "__main__":
    main()
