"""Ways out of the sandbox, and words that would move a terminal or a page, by the tests that hold them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from .place import ROOT, Place, Row

ESCAPES = "tests/test_sandbox.py::test_none_of_the_ways_out_leads_out"
LANDLOCK = "tests/test_landlock.py::test_of_the_ways_out_those_stay_open_that_read_nothing"


def escapes(place: Place) -> Row:
    """The program that tries them says of each whether it was shut; the test asks for all, alone and under strace."""
    tested = _tested(ESCAPES, _beside(place))
    ways = _counted("ways out", tested)
    return Row("ways out of the sandbox, alone and under strace", ways, _told(tested, "0 through"), place.left())


def landlock(place: Place) -> Row:
    """The same program where Landlock stands in for bubblewrap: some ways stay open, which read nothing."""
    tested = _tested(LANDLOCK, _beside(place))
    said = f"{_counted('open', tested)} through, which read nothing ([SECURITY.md](../SECURITY.md))"
    return Row("ways out where Landlock stands in", _counted("ways out", tested), _told(tested, said), place.left())


def poisoned(place: Place, test: str) -> Row:
    """Each case of the test feeds one experiment full of escapes to an output, and parses what comes."""
    tested = _tested(test, _beside(place))
    lost = f"{_counted('failed', tested)} let something through"
    return Row("outputs of a poisoned experiment", _counted("passed", tested), _told(tested, lost), place.left())


def _beside(place: Place) -> Path:
    """Where a test has its own projects: in no other one."""
    return place.path.with_name(f"{place.path.name}-test")


def _told(tested: subprocess.CompletedProcess[str], lost: str) -> str:
    """What was lost; a test that could not be run, or found something, says so."""
    if tested.returncode == 0:
        return lost
    sys.stderr.write(tested.stdout + tested.stderr)
    return f"{lost}; its test failed"


def _counted(what: str, tested: subprocess.CompletedProcess[str]) -> int:
    """The sum of the numbers that stand before a word."""
    return sum(map(int, re.findall(rf"(\d+) {what}", tested.stdout)))


def _tested(name: str, base: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", f"--basetemp={base}", name]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
