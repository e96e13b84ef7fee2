"""The claims as a LaTeX table for a paper: longtable and booktabs, one word in each cell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from elfworlds.gather.claims_table import IN_PART, REFUTED, REPRODUCED, UNDECIDED
from elfworlds.yamltext.problems import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from elfworlds.gather.claims_table import Line

WORDS = {REPRODUCED: "yes", REFUTED: "no", IN_PART: "part", UNDECIDED: "open"}
SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "–": "--",
    **{char: f"\\{char}" for char in "&%$#_"},
}
_SPECIAL = re.compile("|".join(map(re.escape, SPECIAL)))


def latex(lines: Sequence[Line]) -> str:
    r"""The table. Load the packages that its first line names, then `\\input` it."""
    libcs = list(dict.fromkeys(libc for line in lines for libc in line.by_libc))
    head = " & ".join(["claim", "says", *(f"\\rotatebox{{90}}{{{escape(libc)}}}" for libc in libcs)]) + " \\\\"
    rows = [_row([line.claim or "–", line.says, *_words(line, libcs)]) for line in lines]
    return "\n".join(
        [
            "% needs \\usepackage{booktabs,longtable,array,graphicx}",
            "\\begingroup\\footnotesize\\setlength{\\tabcolsep}{3pt}",
            "\\begin{longtable}{@{}l>{\\raggedright\\arraybackslash}p{0.42\\linewidth}" + "l" * len(libcs) + "@{}}",
            *("\\toprule", head, "\\midrule", "\\endhead"),
            *("\\bottomrule", "\\endfoot"),
            *rows,
            "\\end{longtable}\\endgroup",
            "",
        ]
    )


def _words(line: Line, libcs: Sequence[str]) -> Iterable[str]:
    for libc in libcs:
        yield WORDS[line.by_libc[libc].verdict] if libc in line.by_libc else "–"


def _row(cells: Iterable[str]) -> str:
    return " & ".join(map(escape, cells)) + " \\\\"


def escape(text: str) -> str:
    """Escape text so that LaTeX prints it as it is, in one line; what cannot be printed becomes `?`."""
    shown = printable(text).replace("\n", " ").replace("\N{REPLACEMENT CHARACTER}", "?")
    return _SPECIAL.sub(lambda match: SPECIAL[match.group()], shown)
