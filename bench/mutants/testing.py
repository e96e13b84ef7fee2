"""Runs a room's tests in this process, which is a child: as the room is, or with a mutant in it."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import json
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import CodeType

import coverage
import pytest
from hypothesis import HealthCheck, Phase, settings

from .rooms import PACKAGE, test_files
from .sample import Mutant

KILLED, SURVIVED, BROKEN = "killed", "survived", "broken tool"
WORDS = ("-x", "-q", "--tb=line", "--hypothesis-profile=mutants", "-p", "no:xdist", "-p", "no:cacheprovider")
REWRITTEN = ("-W", "ignore::pytest.PytestAssertRewriteWarning")  # plugins that were imported before the fork
NO_SHRINKING = (Phase.explicit, Phase.generate)


class Finder:
    """Imports a mutant where its module is asked for."""

    def __init__(self, mutant: Mutant, tree: Path) -> None:
        self.path = tree / mutant.file
        parts = self.path.relative_to(tree / PACKAGE.parent).with_suffix("").parts
        self.name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        self.text = mutant.text

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        if name != self.name:
            return None
        loader = importlib.machinery.SourceFileLoader(name, str(self.path))
        loader.get_code = lambda _: self.compiled()
        return importlib.util.spec_from_file_location(name, self.path, loader=loader)

    def compiled(self) -> CodeType:
        """A warning of the compiler (`is` with a literal) is an error, as in every test run of the project."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return compile(self.text, str(self.path), "exec", dont_inherit=True)


class Chosen:
    """Runs these tests in this order, and keeps the name of what failed."""

    def __init__(self, names: Sequence[str]) -> None:
        self.places = {name: place for place, name in enumerate(names)}
        self.failed: list[str] = []
        self.not_collected: list[str] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((i for i in items if i.nodeid in self.places), key=lambda i: self.places[i.nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.not_collected.append(report.nodeid)


class Measured:
    """Measures how long each test takes, and tells coverage which one runs."""

    def __init__(self, measuring: coverage.Coverage) -> None:
        self.measuring = measuring
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.measuring.switch_context(item.nodeid)
        start = time.perf_counter()
        result = yield
        self.seconds[item.nodeid] = round(time.perf_counter() - start, 3)
        self.measuring.switch_context("")
        return result


def run_tests(files: Sequence[str], plugin: object) -> int:
    """pytest's exit code. Hypothesis tries as many examples as each test asks for, each time the same ones."""
    settings.register_profile(
        "mutants",
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=HealthCheck,
        phases=NO_SHRINKING,
    )
    return int(pytest.main([*WORDS, *REWRITTEN, *files], plugins=[plugin]))


def measure(room: str, tree: Path) -> str:
    """What a room's tests do without any mutant, as JSON: exit code, seconds by test, tests by file and line."""
    measuring = coverage.Coverage(data_file=None, include=[f"{tree / PACKAGE / room}/*"])
    plugin = Measured(measuring)
    measuring.start()
    code = run_tests(test_files(room), plugin)
    measuring.stop()
    data = measuring.get_data()
    lines = {str(Path(file).relative_to(tree)): data.contexts_by_lineno(file) for file in data.measured_files()}
    return json.dumps({"code": code, "seconds": plugin.seconds, "lines": lines})


def attempt(mutant: Mutant, tests: Sequence[str], tree: Path) -> str:
    """What tests say of a mutant, as JSON: an outcome, and the test or the error that decided it."""
    finder = Finder(mutant, tree)
    assert finder.name not in sys.modules, f"{finder.name} is imported beforehand"  # noqa: S101
    sys.meta_path.insert(0, finder)
    try:
        importlib.import_module(finder.name)
    except Exception as error:  # noqa: BLE001  # a mutant that cannot be imported may raise whatever it likes
        return json.dumps([KILLED, f"import: {type(error).__name__}: {error}"])
    plugin = Chosen(tests)
    code = run_tests(sorted({name.split("::")[0] for name in tests}), plugin)
    return json.dumps(judged(code, plugin))


def judged(code: int, plugin: Chosen) -> tuple[str, str]:
    """Only a test that failed, or that the mutant kept from being collected, kills; tests were collected without it."""
    if code == pytest.ExitCode.OK:
        return SURVIVED, ""
    if code == pytest.ExitCode.TESTS_FAILED and plugin.failed:
        return KILLED, plugin.failed[0]
    if code in (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED) and plugin.not_collected:
        return KILLED, f"collecting: {plugin.not_collected[0]}"
    return BROKEN, f"pytest ended with {code}"
