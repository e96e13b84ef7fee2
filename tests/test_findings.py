"""docs/findings.md: every statement has the rows that it rests on, and each number in it stands there."""

from __future__ import annotations

import re
import runpy
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from conftest import ROOT

MADE = SimpleNamespace(**runpy.run_path(str(ROOT / "docs" / "findings.py")))
PAGE = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
REFERENCE = MADE.read(ROOT / "results" / "reference")
ITEM = re.compile(r"^(?:\d+\.|-) (\*\*.*?)(?=^\S|^$|\Z)", re.MULTILINE | re.DOTALL)
ROWS = re.compile(r"^ +- .*<!-- rows: (.*) -->$", re.MULTILINE)
READ = re.compile(r"^ +- Read, not run: (.*(?:\n {4,}\S.*)*)", re.MULTILINE)
NUMBER = re.compile(r"(?<![\w.-])\d+(?:\.\d+)*(?!\w)")
WORDS = "eleven|twelve|thirteen|fifteen|sixteen|twenty|thirty|forty|fifty|sixty|hundred|thousand"
SPELT = re.compile(rf"\b(?:{WORDS})\b")
CHANGE = re.compile(r"\b(from|up to|since|before) (?:glibc |Rust |gdb )?(\d[\d.]*\d)")
FROM = ("from", "since", "before")
WAYS = {"dlopen": "dlmopen", "dlmopen": "dlopen"}


@dataclass(frozen=True)
class Statement:
    """One item of a list: what it says, the rows under it, and what was read."""

    text: str

    @property
    def says(self) -> str:
        """The prose alone: without rows, links and names of things."""
        prose = ROWS.sub("", READ.sub("", self.text))
        return re.sub(r"\]\([^)]*\)|`[^`]*`|\bS[1-5]\b|GCC \d+|-O2|\w\(\d\)", "", prose)

    @property
    def read(self) -> str:
        return " ".join(READ.findall(self.text))

    @property
    def queries(self) -> list[str]:
        return ROWS.findall(self.text)

    @property
    def shown(self) -> str:
        """The rows as they stand in the page."""
        return " ".join(found[0] for found in ROWS.finditer(self.text))

    def changes(self) -> dict[str, set[str]]:
        """Versions at which an outcome under it changes: `from` that one on, `up to` the one before."""
        changes: dict[str, set[str]] = {"from": set(), "up to": set()}
        for query in map(MADE.query, self.queries):
            for row in MADE.rows(query, REFERENCE):
                for (before, outcome), (version, other) in pairwise(row.seen):
                    if outcome != other:
                        changes["from"].add(short(version))
                        changes["up to"].add(short(before))
        return changes


def short(version: str) -> str:
    """Of Rust 1.85.1 people say 1.85."""
    return ".".join(version.split(".")[:2])


STATEMENTS = [Statement(found[1]) for found in ITEM.finditer(PAGE[PAGE.index("## The ten") :])]


def name(statement: Statement) -> str:
    return re.sub(r"\W+", "-", statement.text[:50]).strip("-")


@pytest.mark.parametrize("path", MADE.PAGES, ids=str)
def test_the_page_is_as_the_reference_says(path: Path) -> None:
    page = (ROOT / path).read_text(encoding="utf-8")
    assert MADE.written(page, REFERENCE) == page, "run: python docs/findings.py"


def test_all_statements_are_found() -> None:
    assert sum(len(one.queries) for one in STATEMENTS) == len(re.findall("<!-- rows: ", PAGE))
    assert len(STATEMENTS) > 50


@pytest.mark.parametrize("statement", STATEMENTS, ids=name)
def test_a_statement_rests_on_rows(statement: Statement) -> None:
    assert statement.queries


@pytest.mark.parametrize("statement", STATEMENTS, ids=name)
def test_each_number_of_a_statement_stands_in_its_rows(statement: Statement) -> None:
    rows = statement.shown.replace("-", " ")
    there = set(NUMBER.findall(rows)) | {short(number) for number in NUMBER.findall(rows)}
    there |= set(NUMBER.findall(statement.read)) | words_as_numbers(rows)
    assert set(NUMBER.findall(statement.says)) - there - UNDECIDED == set()
    assert [word for word in SPELT.findall(statement.says) if word not in rows] == []


UNDECIDED = {"1.46"}  # of which the page says that it was not tried
SPELT_OUT = {"one": "1", "sixty five": "65", "nine": "9"}


def words_as_numbers(text: str) -> set[str]:
    """An outcome's name may spell a number: one-mebibyte."""
    return {digits for word, digits in SPELT_OUT.items() if f"{word} mebibyte" in text}


@pytest.mark.parametrize("statement", STATEMENTS, ids=name)
def test_a_version_from_which_on_something_is_so_is_one_at_which_rows_change(statement: Statement) -> None:
    changes = statement.changes()
    for kind, version in CHANGE.findall(statement.says):
        if "S2 says" in statement.says and version == "13.1":
            continue  # what the text says
        assert version in changes["from" if kind in FROM else "up to"], (kind, version, changes)


def test_a_number_without_a_row_would_be_seen() -> None:
    wrong = Statement(f"**There is room for 14 plugins from 2.99 on.**\n{next(ROWS.finditer(PAGE))[0]}\n")
    with pytest.raises(AssertionError, match="14"):
        test_each_number_of_a_statement_stands_in_its_rows(wrong)
    with pytest.raises(AssertionError, match=r"2\.99"):
        test_a_version_from_which_on_something_is_so_is_one_at_which_rows_change(wrong)


def test_flips_count_outcomes_and_numbers_and_no_races() -> None:
    def cell(libc: str, scenario: str, outcome: str, race: str = "False") -> dict[str, str]:
        place = {"experiment": "e", "scenario": scenario, "observer": "plain", "point": "", "libc": libc, "gdb": libc}
        return {**place, "outcome": outcome, "race": race}

    seen = {"same": "a (1)", "number": "full (12)", "outcome": "a (1)", "race": "a ×2, b ×1"}
    before = [cell(MADE.UNPATCHED, name, outcome, str(name == "race")) for name, outcome in seen.items()]
    after = [cell(MADE.PATCHED[0], name, outcome) for name, outcome in (seen | {"number": "full (15)"}).items()]
    after[2]["outcome"], after[3]["outcome"] = "b (1)", "b"
    lines = MADE.flips([*before, *after]).splitlines()
    assert "| [e](../experiments/e.yaml) | 4 | 1, 1 in numbers | 3 | 3 |" in lines, "what was not tried flips"
    assert lines[-1] == "| all 1 | 4 | 1, 1 in numbers | 3 | 3 |"


def test_with_one_libc_dlmopen_gives_what_dlopen_gives_in_as_many_cells_as_the_page_says() -> None:
    def at(cell: dict[str, str], point: str) -> tuple[str, ...]:
        return cell["experiment"], cell["scenario"], cell["observer"], point

    def outcome(cell: dict[str, str]) -> str:
        return cell["outcome"].partition(" (")[0]

    def other_way(point: str) -> str:
        return re.sub(r"\bway=(dlm?open)\b", lambda way: f"way={WAYS[way[1]]}", point)

    before = {at(cell, cell["point"]): cell for cell in REFERENCE.series if cell["libc"] == MADE.UNPATCHED}
    counted = 0
    for cell in REFERENCE.series:
        same = before[at(cell, cell["point"])]
        other = before.get(at(cell, other_way(cell["point"])), same)
        differs = cell["outcome"] != same["outcome"] and "True" not in (cell["race"], same["race"])
        ours = cell["libc"] == "glibc/ns-libc" and cell["experiment"] != "phdr-counters"  # which counts ld.so
        counted += ours and differs and other is not same and outcome(other) == outcome(cell)
    page = " ".join((ROOT / "docs/shared.md").read_text(encoding="utf-8").split())
    assert f"{counted} in which dlmopen gives what dlopen gives" in page


def test_results_series_has_the_same_cells_of_each_libc() -> None:
    counts = Counter(cell["libc"] for cell in REFERENCE.series)
    assert set(counts) == {MADE.UNPATCHED, *MADE.PATCHED}
    assert len(set(counts.values())) == 1


def test_no_libc_is_counted_twice() -> None:
    revisions = [parts["libc-revision"] for name, parts in REFERENCE.versions.items() if name.startswith("debian/")]
    assert len(set(revisions)) == len(revisions)
    assert REFERENCE.versions["host"]["libc-revision"] in revisions
    libcs = [MADE.rows(MADE.query(query), REFERENCE) for one in STATEMENTS for query in one.queries]
    assert all(len({version for version, _ in row.seen}) == len(row.seen) for rows in libcs for row in rows)


def test_what_was_read_names_a_commit_a_bug_or_a_place() -> None:
    named = re.compile(r"commits? [0-9a-f]{10}|\bbug \d+|issue \d+|pull request \d+|DL_NNS")
    assert [one.read for one in STATEMENTS if one.read and not named.search(one.read)] == []
