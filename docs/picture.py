"""Makes docs/report.svg, the picture in the README, from a real run.

Run it as `python docs/picture.py` in the project's root.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

COMMAND = ["run", "--color", "always", "experiments/same-lib.yaml"]
COLUMNS = 104


def main() -> None:
    done = subprocess.run([sys.executable, "-m", "elfworlds", *COMMAND], capture_output=True, text=True, check=True)
    told = re.sub(r"local store \S+", "local store ~/.cache/elfworlds", done.stdout)
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ elfworlds run experiments/same-lib.yaml"), Text.from_ansi(told), sep="\n")
    svg = console.export_svg(title="elfworlds", theme=MONOKAI)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # nothing is fetched to show it
    Path("docs/report.svg").write_text(svg)


if __name__ == "__main__":
    main()
