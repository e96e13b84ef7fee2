"""docs/manuals.md: each claim of a manual is there with its place, its words and its verdicts."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from conftest import ROOT

MANUALS = SimpleNamespace(**runpy.run_path(str(ROOT / "docs" / "manuals.py")))
PAGES = (
    "dlopen(3)",
    "dlsym(3)",
    "dlerror(3)",
    "dlinfo(3)",
    "dl_iterate_phdr(3)",
    "ld.so(8)",
    "rtld-audit(7)",
    "pthread_key_create(3)",
    "gABI",
    "glibc manual",
)
ID = re.compile(r"M-(dlopen|dlsym|dlerror|dlinfo|phdr|ldso|audit|key|gabi|libc)-[0-9]{2}")


@pytest.fixture(scope="module")
def page() -> str:
    return Path(ROOT, str(MANUALS.PAGE)).read_text()


@pytest.fixture(scope="module")
def rows(page: str) -> list[str]:
    text = page.split(MANUALS.BEGIN)[1].split(MANUALS.END, maxsplit=1)[0]
    return [line for line in text.splitlines() if line.startswith("| M-")]


def told(line: str) -> str:
    """A row but for its verdicts."""
    return line.rsplit(" | ", len(MANUALS.LIBCS))[0]


def test_more_than_sixty_claims_of_manuals_are_tried() -> None:
    assert len({quote.claim for quote in MANUALS.quotes(ROOT)}) >= 60


def test_the_page_has_every_claim_with_its_place_its_words_and_its_experiment(rows: list[str]) -> None:
    wanted = [told(MANUALS.row(quote, {})) for quote in MANUALS.quotes(ROOT)]
    assert [told(line) for line in rows] == wanted, "run: python docs/manuals.py"


def test_every_claim_was_tried_with_a_libc_and_none_is_undecided(rows: list[str]) -> None:
    for line in rows:
        verdicts = set(line.removesuffix(" |").split(" | ")[-len(MANUALS.LIBCS) :])
        assert verdicts <= {"yes", "no", "in part", "–"}, line
        assert verdicts != {"–"}, line


def test_a_claim_names_its_page_and_its_section() -> None:
    for quote in MANUALS.quotes(ROOT):
        assert ID.fullmatch(quote.claim), quote
        assert quote.place.startswith(tuple(f"{page}, " for page in PAGES)), quote


def test_the_verdicts_are_those_of_the_reference(rows: list[str]) -> None:
    found = MANUALS.verdicts(ROOT / "results" / "reference", MANUALS.quotes(ROOT))
    wanted = [MANUALS.row(quote, answers) for quote, answers in found.items() if answers]
    assert sorted(set(wanted) - set(rows)) == [], "run: python docs/manuals.py"


def test_every_finding_of_the_page_speaks_of_a_claim_in_its_table(page: str, rows: list[str]) -> None:
    findings = page.split(MANUALS.BEGIN, maxsplit=1)[0]
    claims = set(re.findall(r"M-[a-z]+-[0-9]{2}", findings))
    assert claims
    assert sorted(claim for claim in claims if not any(line.startswith(f"| {claim} |") for line in rows)) == []


def test_every_sentence_that_is_called_wrong_has_a_claim_that_failed_somewhere(page: str, rows: list[str]) -> None:
    findings = page.split(MANUALS.BEGIN, maxsplit=1)[0]
    patched = re.findall(r"^\| (M-[a-z]+-[0-9]{2}) \|", findings, re.MULTILINE)
    assert patched
    for claim in patched:
        lines = [line for line in rows if line.startswith(f"| {claim} |")]
        assert any(re.search(r" \| (no|in part)\b", line) for line in lines), claim


def test_every_experiment_with_a_claim_of_a_manual_is_linked(page: str) -> None:
    names = {quote.experiment for quote in MANUALS.quotes(ROOT)}
    assert sorted(name for name in names if f"(../experiments/{name}.yaml)" not in page) == []


def test_the_escapes_of_a_row_keep_its_columns() -> None:
    quote = MANUALS.Quote("M-dlopen-01", "dlopen(3), NOTES", "RTLD_NOLOAD | RTLD_GLOBAL", "an-experiment", "open")
    assert re.split(r"(?<!\\) \| ", MANUALS.row(quote, {"host": "yes"}))[2] == r"RTLD\_NOLOAD \| RTLD\_GLOBAL"
