"""Makes the table of docs/manuals.md: each claim of a manual, its place, its words and its verdicts.

Run it as `python docs/manuals.py [DIRECTORY]` in the project's root. DIRECTORY is what `elfworlds gather` made; by
default results/reference.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.gather import READ, read
from elfworlds.workflow.experiments import load_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PAGE = Path("docs/manuals.md")
LIBCS = ("debian/bullseye", "debian/bookworm", "debian/trixie", "debian/sid", "host")
BEGIN, END = "<!-- begin: python docs/manuals.py -->\n", "<!-- end -->\n"
ORDER = ("dlopen", "dlsym", "dlerror", "dlinfo", "phdr", "ldso", "audit", "key", "gabi", "libc")


@dataclass(frozen=True)
class Quote:
    """What a manual says, and the scenario that asks whether it is so.

    Attributes:
        place: page and section, or page and the entry.
    """

    claim: str
    place: str
    says: str
    experiment: str
    scenario: str


Verdicts = dict[Quote, dict[str, str]]


def quotes(root: Path) -> list[Quote]:
    """All claims whose id begins with M-, sorted by page and number."""
    listed = [
        Quote(claim.id, claim.note or "", claim.says, loaded.spec.name, name)
        for loaded in load_all([Path("experiments")], root)
        for name, scenario in loaded.spec.experiment.scenarios.items()
        for claim in scenario.claim
        if claim.id and claim.id.startswith("M-")
    ]
    return sorted(set(listed), key=_position)


def _position(quote: Quote) -> tuple[int, int, str, str, str]:
    _, page, number = quote.claim.split("-")
    return ORDER.index(page), int(number), quote.experiment, quote.scenario, quote.says


def verdicts(directory: Path, listed: Iterable[Quote]) -> Verdicts:
    """Quote → libc → `yes`, `no` or `in part`; a quote that was tried nowhere has no libc."""
    gathered = read({name: (directory / name).read_text() for name in READ})
    found: dict[tuple[str, str, str, str], dict[str, set[str]]] = {}
    for cell in gathered.claims:
        where = found.setdefault((cell.claim, cell.says, cell.experiment, cell.scenario), {})
        where.setdefault(cell.libc, set()).add(cell.reproduced)
    return {
        quote: {
            libc: _word(answers)
            for libc, answers in found.get((quote.claim, quote.says, quote.experiment, quote.scenario), {}).items()
        }
        for quote in listed
    }


def _word(answers: set[str]) -> str:
    return next(iter(answers)) if len(answers) == 1 else "in part"


def row(quote: Quote, answers: Mapping[str, str]) -> str:
    """The quote's line of the table."""
    link = f"[{quote.experiment}](../experiments/{quote.experiment}.yaml): {quote.scenario}"
    texts = [re.sub(r"([|*_<>`])", r"\\\1", text) for text in (quote.claim, quote.place, quote.says)]
    return f"| {' | '.join([*texts, link, *(answers.get(libc, '–') for libc in LIBCS)])} |"


def table(answers: Verdicts) -> str:
    """The whole table, in Markdown."""
    names = [libc.removeprefix("debian/") for libc in LIBCS]
    heading = ["claim", "place", "words", "experiment", *names]
    lines = [f"| {' | '.join(heading)} |", f"|{' --- |' * len(heading)}"]
    return "\n".join([*lines, *(row(quote, by_libc) for quote, by_libc in answers.items())]) + "\n"


def main() -> None:
    directory = Path(sys.argv[1] if len(sys.argv) > 1 else "results/reference")
    before, rest = PAGE.read_text().split(BEGIN)
    _, after = rest.split(END)
    made = table(verdicts(directory, quotes(Path.cwd())))
    PAGE.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}")


if __name__ == "__main__":
    main()
