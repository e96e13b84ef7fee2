"""Ways out of the sandbox, and words that would move a terminal or a page, by the tests that hold them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from .place import ROOT, Place, Row

ESCAPES = "tests/test_sandbox.py::test_none_of_the_ways_out_leads_out"


def escapes(place: Place) -> Row:
    """The program that tries them says of each whether it was shut; the test asks for all, alone and under strace."""
    base = place.path / "test"
    passed, _ = _tested(ESCAPES, base)
    told = [path.read_text().splitlines() for path in base.rglob("trials/s*/stdout") if not path.is_symlink()]
    ways = min(map(len, told), default=0)
    through = sum(not line.startswith("shut ") for lines in told for line in lines)
    ran = f"{through} through" + ("" if passed else "; its test failed")
    return Row("ways out of the sandbox, alone and under strace", ways, ran, place.left())


def poisoned(place: Place, test: str) -> Row:
    """Each case of the test feeds one experiment full of escapes to an output, and parses what comes."""
    _, told = _tested(test, place.path / "test")
    passed, failed = (sum(map(int, re.findall(rf"(\d+) {word}", told))) for word in ("passed", "failed"))
    return Row("outputs of a poisoned experiment", passed + failed, f"{failed} let something through", place.left())


def _tested(name: str, base: Path) -> tuple[bool, str]:
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={base}", name]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stdout
