"""The public API, as docs/api.md shows it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import elfworlds
from elfworlds.columns import OF_A_RUN

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "api.md").read_text()
BROKEN_OBJECT = """
    experiment: broken
    question: Does it build?
    objects: {app: {executable: app, code: "int main(void) { return nothing; }"}}
    scenarios: {start: {run: "${app}", outcomes: {ends: {exit: 0}}}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of its own with one experiment and its sources."""
    (tmp_path / "experiments").mkdir()
    shutil.copy(ROOT / "experiments" / "same-lib.yaml", tmp_path / "experiments")
    shutil.copytree(ROOT / "csrc", tmp_path / "csrc")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(project: Path, text: str) -> elfworlds.LoadedExperiment:
    path = project / "experiments" / "broken.yaml"
    path.write_text(dedent(text))
    return elfworlds.load(path)


def test_the_example_of_the_page_runs_as_it_stands(project: Path) -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    done = subprocess.run(  # our own interpreter and page
        [sys.executable, "-W", "error", "-c", example], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "4 objects, 2 trials" in done.stdout
    assert re.search(r"dlmopen +isolated +3\ndlopen +shared +3", done.stdout)
    assert "reproduced" in done.stdout


def test_a_run_has_every_table(project: Path) -> None:
    run = elfworlds.run(elfworlds.load(project / "experiments" / "same-lib.yaml"))
    assert {name for name, what in vars(elfworlds.Run).items() if type(what).__name__ == "Table"} == set(OF_A_RUN)
    for name, table in OF_A_RUN.items():
        assert list(getattr(run, name).columns) == list(table.columns(("way", "libc")))
    assert run.trials is run.trials


def test_labels_choose_trials(project: Path) -> None:
    experiment = elfworlds.load(project / "experiments" / "same-lib.yaml")
    assert [dict(trial.point) for trial in elfworlds.plan(experiment, labels={"way": ["dlopen"]}).trials] == [
        {"way": "dlopen", "libc": "host"}
    ]


def test_planning_writes_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(project / "cache"))
    elfworlds.plan(elfworlds.load(project / "experiments" / "same-lib.yaml"))
    assert sorted(path.name for path in project.iterdir()) == ["csrc", "experiments"]


@pytest.mark.parametrize(
    ("labels", "hint"), [({"libx": ["host"]}, "libc"), ({"libc": ["hots"]}, "host"), ({"way": ["dlopn"]}, "dlopen")]
)
def test_a_wrong_label_is_an_error_with_a_hint_in_the_traceback(
    project: Path, labels: dict[str, list[str]], hint: str
) -> None:
    experiment = elfworlds.load(project / "experiments" / "same-lib.yaml")
    with pytest.raises(elfworlds.ElfworldsError) as error:
        elfworlds.plan(experiment, labels=labels)
    assert hint in (error.value.hint or "")
    assert error.value.__notes__ == [f"hint: {error.value.hint}"]


def test_an_object_that_does_not_build_is_an_error_with_the_compilers_words(project: Path) -> None:
    with pytest.raises(elfworlds.ElfworldsError, match=r"object app failed to build(?s:.*)nothing"):
        elfworlds.run(written(project, BROKEN_OBJECT))
    assert not (project / "results").exists()


def test_an_expectation_that_was_not_met_is_no_error(project: Path) -> None:
    text = BROKEN_OBJECT.replace("nothing", "1").replace("exit: 0}}", "exit: 0}}, expect: {outcome: ends}")
    run = elfworlds.run(written(project, text))
    assert run.failed
    assert run.complete
    assert list(run.trials["verdict"]) == ["FAIL"]


def test_two_backends_at_once_are_refused(project: Path) -> None:
    experiment = elfworlds.load(project / "experiments" / "same-lib.yaml")
    with pytest.raises(elfworlds.ElfworldsError, match="one backend's"):
        elfworlds.run(experiment, elfworlds.RunOptions(backend="both"))


def test_a_run_that_is_not_there_is_an_error(project: Path) -> None:
    with pytest.raises(elfworlds.ElfworldsError, match="no run `nothing`"):
        elfworlds.read_run("nothing")
    assert not (project / "results").exists()


def test_nothing_is_imported_before_it_is_used() -> None:
    script = "import sys, elfworlds; print(sorted(name for name in sys.modules if name.startswith('elfworlds')))"
    done = subprocess.run(  # our own interpreter
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "['elfworlds', 'elfworlds.version']\n"
