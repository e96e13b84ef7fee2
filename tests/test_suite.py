"""The suite itself: its verdict is the same however fast the machine is and whatever else it does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from hypothesis import settings

FILES = sorted(Path(__file__).parent.glob("*.py"))
CLOCKS = {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"}
# Where a clock may be read: to guard against hanging; for how long `make fuzz` lasts; for the age of what is removed.
READERS = ("waiting.py", "fuzzing.py", "test_store.py")


def clocks(text: str) -> set[str]:
    """The clocks of the module `time` that a test reads."""
    return {
        node.attr
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "time"
    } & CLOCKS


@pytest.mark.parametrize("path", [one for one in FILES if one.name not in READERS], ids=lambda path: path.stem)
def test_no_test_reads_a_clock(path: Path) -> None:
    assert clocks(path.read_text()) == set()
    assert "from time import" not in path.read_text() or path == Path(__file__)


def test_a_clock_would_be_seen() -> None:
    assert clocks("import time\nassert time.monotonic() - before < 25\n") == {"monotonic"}
    assert clocks("import time\ntime.sleep(time.process_time())\n") == set()


def test_no_example_has_a_deadline() -> None:
    assert settings.default is not None
    assert settings.default.deadline is None
    deadlines = re.compile(r"\bdeadline=(?!None)[^ ]")
    assert [path.name for path in FILES if path != Path(__file__) and deadlines.search(path.read_text())] == []


CONFTEST = Path(__file__).with_name("conftest.py")


@pytest.mark.parametrize(("reason", "ending"), [("g++ is not installed", 1), ("it needs a network", 0)])
def test_a_skip_is_a_failure_in_ci_and_says_why_elsewhere(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, reason: str, ending: int
) -> None:
    hook = CONFTEST.read_text()
    start = hook.index("CI_MAY_LACK")
    head = "import os\nfrom collections.abc import Generator\nimport pytest\n"
    pytester.makeconftest(head + hook[start : hook.index("def pytest_runtest_setup")])
    pytester.makepyfile(f"import pytest\ndef test_it() -> None:\n    pytest.skip({reason!r})\n")
    monkeypatch.setenv("CI", "true")
    assert pytester.runpytest_inprocess("-p", "no:cacheprovider").ret == ending
    monkeypatch.delenv("CI")
    found = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-rs")
    assert found.ret == 0
    found.stdout.fnmatch_lines([f"*{reason}*"])
