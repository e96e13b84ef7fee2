"""docs: what is made from the code is as the code says; what is pasted was printed."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
from functools import cache
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from conftest import ROOT, World
from elfworlds import gather
from elfworlds.cli.app import app
from elfworlds.spec.reference import reference
from elfworlds.workflow.experiments import load_all
from test_layers import ORDER

TUTORIAL = ROOT / "docs" / "tutorial.md"
VARIES = ("objects: ", "trials inherit from this session: ")  # with the store, and with who started the tests


def test_the_language_reference_is_made_from_the_types() -> None:
    told = "run: elfworlds schema --format markdown > docs/language.md"
    assert (ROOT / "docs" / "language.md").read_text() == reference(), told


def test_the_manual_page_is_made_from_the_command_line() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "manpage.py"))["page"]()
    assert (ROOT / "docs" / "elfworlds.1").read_text() == made, "run: python docs/manpage.py"


def test_the_manual_page_has_every_option_of_every_verb() -> None:
    text = (ROOT / "docs" / "elfworlds.1").read_text().replace("\\-", "-")
    verbs = get_command(app)
    assert isinstance(verbs, TyperGroup)
    for name, command in verbs.commands.items():
        assert command.hidden or f".SS {name}" in text
        options = [] if command.hidden else [param for param in command.params if param.param_type_name == "option"]
        assert [word for option in options for word in option.opts if f"\\fB{word}\\fR" not in text] == []


@pytest.mark.needs("man")
def test_man_shows_the_manual_page_without_a_warning() -> None:
    path = ROOT / "docs" / "elfworlds.1"
    command = ["man", "--warnings=w", "-l", str(path)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "MANWIDTH": "80"})
    warnings = [line for line in shown.stderr.splitlines() if "man.local" not in line]  # a machine's own macros
    assert warnings == []
    assert "EXIT STATUS" in shown.stdout


def test_the_design_lists_the_rooms_in_the_order_that_is_held() -> None:
    rooms = re.findall(r"^\| `([a-z_]+)/?` \|", (ROOT / "docs" / "design.md").read_text(), re.MULTILINE)
    assert tuple(rooms) == tuple(room for room in ORDER if room != "__main__")


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda path: path.name
)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text()):
        assert "://" in target or (path.parent / target).exists(), target


def test_the_table_in_the_readme_is_what_the_reference_says() -> None:
    reference = ROOT / "results" / "reference"
    cells = gather.read({name: (reference / name).read_text() for name in gather.READ}).cells
    point = "way=dlmopen thrown=number thrown-before-by-the-application="
    rows = {"nothing": "nothing", "an exception of its own": "its-own"}
    shown = (ROOT / "README.md").read_text()
    for words, label in rows.items():
        (line,) = re.findall(rf"^\| {words} \| (.*) \|$", shown, re.MULTILINE)
        at = {
            cell.libc: cell.outcome
            for cell in cells
            if (cell.experiment, cell.scenario, cell.point) == ("exceptions", "throw", point + label)
        }
        suites = ("bullseye", "bookworm", "trixie", "sid")
        assert line.replace(" | ", "|").replace(" ", "-").split("|") == [at[f"debian/{suite}"] for suite in suites]


def test_every_verb_and_every_option_of_run_is_documented() -> None:
    text = (ROOT / "docs" / "verbs.md").read_text()
    verbs = get_command(app)
    assert isinstance(verbs, TyperGroup)
    known = {name for name, command in verbs.commands.items() if not command.hidden}
    assert {name for name in known if not re.search(rf"^\| `{name}\b", text, re.MULTILINE)} == set()
    options = [option for option in verbs.commands["run"].params if option.param_type_name == "option"]
    names = [{*option.opts, *option.secondary_opts} for option in options]
    assert [words for words in names if not any(f"`{word}" in text for word in words)] == [{"--color"}]


def test_the_scripts_that_pages_name_can_be_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = "".join(path.read_text() for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))))
    named = set(re.findall(r"elfworlds export-c (experiments/\S+\.yaml) ([a-z][a-z0-9-]*)", text))
    assert named
    known = {
        path: load_all([Path(path)], ROOT)[0].spec.experiment.scenarios for path, _ in named if Path(path).exists()
    }
    assert {(path, name) for path, name in named if path in known and name not in known[path]} == set()


def test_the_output_in_the_readme_is_what_a_run_prints(world: World) -> None:
    shown = re.search(r"```text\n\$ make run\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert shown is not None
    _, out, _ = world.run("run", "experiments/same-lib.yaml")

    def steady(text: str) -> list[str]:
        places = re.sub(r"(local store |report: results/same-lib/)\S+", r"\1…", text)
        return [line for line in places.splitlines() if line and not line.startswith(("installing ", *VARIES))]

    assert steady(shown[1]) == steady(out)


def test_the_tutorials_experiment_runs_as_printed(world: World) -> None:
    text = TUTORIAL.read_text()
    (experiment,) = re.findall(r"```yaml\n(experiment: .*?)```", text, re.DOTALL)
    code, out, _ = world.run("run", world.experiment("lazy", experiment))
    shown = re.search(r"```text\n\$ elfworlds run experiments/lazy.yaml\n(.*?)```", text, re.DOTALL)
    assert shown is not None
    assert code == 0
    varies = ("report: ", *VARIES)
    wanted = [line for line in shown[1].splitlines() if line and not line.startswith(varies)]
    assert wanted == [line for line in out.splitlines() if line and not line.startswith(varies)]


def test_the_tutorials_script_is_short_and_shows_what_is_printed_below_it(world: World, tmp_path: Path) -> None:
    text = TUTORIAL.read_text()
    (experiment,) = re.findall(r"```yaml\n(experiment: .*?)```", text, re.DOTALL)
    world.experiment("lazy", experiment)
    (words,) = re.findall(r"\$ elfworlds (export-c .*) > report.sh\n", text)
    code, script, _ = world.run(*words.split())
    assert code == 0
    assert f"```sh\n{script}```" in text
    assert len(script.splitlines()) < 120
    (command, shown) = re.findall(r"\$ (mkdir empty .*)\n…(.*)\n", text)[0]
    (tmp_path / "report.sh").write_text(script)
    told = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (told.stdout.endswith(f"{shown}\n"), told.stderr) == (True, "")


def test_the_tutorials_second_scenario_goes_with_its_first(world: World) -> None:
    (experiment, more) = re.findall(r"```yaml\n(.*?)```", TUTORIAL.read_text(), re.DOTALL)
    path = world.experiment("lazy", experiment + more.removeprefix("scenarios:\n"))
    code, out, _ = world.run("run", path)
    assert (code, "load-and-look  unloaded" in out) == (0, True)


def test_every_field_of_a_trials_record_is_documented(world: World) -> None:
    world.run("run", "experiments/same-lib.yaml")
    text = (ROOT / "docs" / "run-directory.md").read_text()
    (line, _) = (world.latest("same-lib") / "trials.jsonl").read_text().splitlines()
    documented = {
        name for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    assert set(json.loads(line)) <= documented
    files = {path.name for path in world.latest("same-lib").iterdir()}
    assert files <= set(re.findall(r"`([\w.]+)/?[^`]*`", text))


@pytest.mark.parametrize("path", sorted((ROOT / "experiments").glob("*.yaml")), ids=lambda path: path.stem)
def test_an_experiments_name_is_its_files(path: Path) -> None:
    assert f"\nexperiment: {path.stem}\n" in path.read_text()


WORDS_OF_A_NOTE = 60


@pytest.mark.parametrize("path", sorted((ROOT / "experiments").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_note_has_sixty_words_at_most(path: Path) -> None:
    (found,) = load_all([path], ROOT)
    experiment = found.spec.experiment
    notes = [experiment.note, *(scenario.note for scenario in experiment.scenarios.values())]
    lengths = {note: len(note.split()) for note in notes if note}
    assert {note: words for note, words in lengths.items() if words > WORDS_OF_A_NOTE} == {}


FOR_DEVELOPERS = ("docs/design.md", "docs/extending.md", "docs/api.md", "CONTRIBUTING.md")
WHERE_PATHS_BEGIN = (
    "",
    "runner/elfworlds",
    "runner/elfworlds/toolchains",
    "docs",
    "tests",
    "csrc",
    "runner/elfworlds/driver/c",
)
WRITTEN = (
    "run.json",
    "plan.json",
    "root.json",
    "environment.json",
    "report.md",
    "driver.c",
    "cmd.sh",
)  # by a run or a fetch
OF_A_USER = ("csrc/include", "include/", "bin/x", "usr/bin/x")  # in a project of theirs, or in a package
SUFFIX = re.compile(r"\.(py|c|h|nix|yaml|md|sh|json|toml|cff)$")


def quoted(page: str) -> list[str]:
    """What stands between backquotes in a page, but for blocks of code."""
    text = re.sub(r"^```.*?^```$", "", (ROOT / page).read_text(), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", text)


def is_there(path: str) -> bool:
    places = (ROOT / start / name for start in WHERE_PATHS_BEGIN for name in (path, f"{path}.py"))
    return path in (*WRITTEN, *OF_A_USER) or any(place.exists() for place in places)


@pytest.mark.parametrize("page", FOR_DEVELOPERS)
def test_every_path_that_a_page_for_developers_names_is_there(page: str) -> None:
    paths = [name for name in quoted(page) if re.fullmatch(r"[a-zA-Z_][\w./-]*", name)]
    named = [name for name in paths if "/" in name or (SUFFIX.search(name) and not name.startswith("."))]
    assert [name for name in named if not is_there(name)] == []


@cache
def words() -> set[str]:
    """Every word of the code."""
    folders = [ROOT / name for name in ("runner", "tests", "csrc", "nix", "experiments", "toolchains", "bench")]
    files = [
        path for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".c", ".h", ".nix", ".yaml")
    ]
    text = "\n".join(
        path.read_text(errors="replace")
        for path in [*files, ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / "docs" / "tables.md"]
    )
    return set(re.findall(r"[A-Za-z_][A-Za-z0-9_-]*", text))


@pytest.mark.parametrize("page", FOR_DEVELOPERS)
def test_every_name_that_a_page_for_developers_names_is_in_the_code(page: str) -> None:
    named = {name for name in quoted(page) if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{2,}", name)}
    assert sorted(named - words()) == []
