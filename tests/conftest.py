"""What tests share: a world of their own, and the command line called in this process."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from elfworlds.__main__ import main
from elfworlds.process import Pool
from elfworlds.toolchains import Toolchain
from elfworlds.toolchains.host import Prober, probe
from nix_support import lacks_nix
from waiting import TIMES

pytest_plugins = ("pytester",)

ROOT = Path(__file__).resolve().parent.parent
# What decides whether a change lands is the same each time; by hand, every run looks somewhere else.
# On no machine is a test wrong because it takes long there.
SLOW = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)
settings.register_profile("anywhere", max_examples=100 * TIMES, deadline=None, suppress_health_check=SLOW)
settings.register_profile("steady", settings.get_profile("anywhere"), derandomize=True)
settings.load_profile("steady" if os.environ.get("CI") or os.environ.get("NIX_BUILD_TOP") else "anywhere")
CI_MAY_LACK = ("needs a device", "needs a network")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test is a failure, unless a device or a network is what it lacks."""
    report = yield
    skipped = report.skipped and not hasattr(report, "wasxfail")
    if skipped and os.environ.get("CI") and not any(reason in str(report.longrepr) for reason in CI_MAY_LACK):
        report.outcome = "failed"
    return report


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        for program in marker.args:
            if shutil.which(program) is None:
                pytest.skip(f"{program} is not installed")


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's own directory."""
    return ROOT


@pytest.fixture
def pool() -> Iterator[Pool]:
    with Pool() as one:
        yield one


@pytest.fixture(scope="session")
def toolchain(tmp_path_factory: pytest.TempPathFactory) -> Toolchain:
    """This machine's toolchain."""
    with Pool() as one:
        prober = Prober(one.run, os.environ["PATH"], "cc")
        return probe(prober, tmp_path_factory.mktemp("toolchains"))


@dataclass(frozen=True)
class World:
    """A project of two experiments in a temporary directory, its store beside it; `run` is the command line in it."""

    path: Path
    store: Path
    call: Callable[..., tuple[int, str, str]]

    def experiment(self, name: str, text: str) -> Path:
        """A file experiments/<name>.yaml."""
        path = self.path / "experiments" / f"{name}.yaml"
        path.write_text(text)
        return path

    def run(self, *words: str | Path) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        return self.call(*words)

    def latest(self, experiment: str) -> Path:
        return self.path / "results" / experiment / "latest"


@pytest.fixture(scope="session")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What tests with the marker `learns` have learnt of this machine, as the store remembers it."""
    return tmp_path_factory.mktemp("learnt")


@pytest.fixture
def world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> Iterator[World]:
    path = tmp_path / "project"
    shutil.copytree(ROOT / "csrc", path / "csrc")
    (path / "experiments").mkdir()
    for name in ("different-libs.yaml", "same-lib.yaml"):
        shutil.copy(ROOT / "experiments" / name, path / "experiments")
    cache = tmp_path / "cache"
    monkeypatch.chdir(path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.delenv("CC", raising=False)

    def call(*words: str | Path) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main([str(word) for word in words])
        sys.stdout.flush()
        out, err = capfd.readouterr()
        return code, out, err

    made = World(path, cache / "elfworlds", call)
    if request.node.get_closest_marker("learns") is None:
        yield made
        return
    learnt, memory = request.getfixturevalue("learnt"), made.store / "toolchains"
    shutil.copytree(learnt, memory)
    yield made
    for path in memory.glob("*.json"):
        shutil.copy(path, learnt)


@pytest.fixture(scope="session")
def nix() -> None:
    """Nix builds objects here, or a skip says what is missing."""
    if why := lacks_nix():
        pytest.skip(why)


@pytest.fixture
def needs() -> Callable[[str], str]:
    """The path of a program, or a skip that says what is missing."""

    def find(program: str) -> str:
        found = shutil.which(program)
        if found is None:
            pytest.skip(f"{program} is not installed")
        return found

    return find
