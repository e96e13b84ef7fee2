"""Makes docs/namespaces.svg, the picture in the README, from a real run.

Run it as `python docs/picture.py` in the project's root.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TRIAL = "same-library-twice,way=dlmopen,libc=host"


def main() -> None:
    with tempfile.TemporaryDirectory() as results:
        command = [sys.executable, "-m", "elfworlds", "run", "-q", "-o", results, "experiments/same-lib.yaml"]
        subprocess.run(command, check=True)
        shutil.copy(Path(results) / "same-lib" / "latest" / "pictures" / f"{TRIAL}.svg", "docs/namespaces.svg")


if __name__ == "__main__":
    main()
