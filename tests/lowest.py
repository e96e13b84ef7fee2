"""`python tests/lowest.py`: the lowest versions that pyproject.toml allows, as constraints for pip."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def lowest(text: str) -> list[str]:
    """A line `name==version` for each dependency of a pyproject.toml; of every one a lowest version is said."""
    needed = tomllib.loads(text)["project"]["dependencies"]
    return [dependency.replace(">=", "==") for dependency in needed]


if __name__ == "__main__":
    sys.stdout.write("".join(f"{line}\n" for line in lowest(PYPROJECT.read_text())))
