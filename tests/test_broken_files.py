"""Every broken experiment is refused at the right places, in one go, and nothing is written."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from elfworlds.__main__ import main
from elfworlds.process import Command, Pool
from elfworlds.yamltext.problems import lines_of
from waiting import AGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).resolve().parent
BROKEN = HERE / "data" / "broken"
FILES = sorted(BROKEN.glob("*.yaml"))
CANNOT_HOLD_A_COMMENT = {
    "empty-file": [(1, 1, "the file is empty")],
    "not-utf-8": [(2, 14, "not UTF-8")],
}
FOUND_WHEN_PLANNED = ("two-objects-with-one-path", "two-files-in-one-place", "a-file-below-a-file")
EXPECTED = re.compile(r"^# expect: (\d+):(\d+) (.+?)\r?$", re.MULTILINE)
TOLD = re.compile(r"^(?P<file>[^\s][^\n]*?):(?P<line>\d+):(?P<column>\d+): error: (?P<message>.*)$", re.MULTILINE)
INPUT = 4
PYDANTIC = ("Input should", "Field required", "Extra inputs", "valid dictionary", "Value error", "pydantic")

Place = tuple[int, int]


@dataclass(frozen=True)
class Project:
    """A project of its own, and the places where this program writes: all empty but for sources."""

    root: Path

    @property
    def experiments(self) -> Path:
        return self.root / "project" / "tests" / "data" / "broken"

    def add(self, *files: Path) -> Path:
        for file in files:
            shutil.copy(file, self.experiments / file.name)
        return self.experiments / files[0].name

    def snapshot(self) -> dict[str, tuple[int, int, str]]:
        """Everything below, with its mode, its time and its content."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            state = path.lstat()
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            found[str(path.relative_to(self.root))] = (state.st_mode, state.st_mtime_ns, content)
        return found


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    one = Project(tmp_path)
    shutil.copytree(HERE.parent / "csrc", tmp_path / "project" / "csrc")
    one.experiments.mkdir(parents=True)
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TMPDIR"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.chdir(tmp_path / "project")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield one
    for number, handler in handlers.items():
        signal.signal(number, handler)


def expected_of(file: Path) -> list[tuple[int, int, str]]:
    if file.stem in CANNOT_HOLD_A_COMMENT:
        return CANNOT_HOLD_A_COMMENT[file.stem]
    with file.open(encoding="utf-8", newline="") as opened:
        found = EXPECTED.findall(opened.read())
    return [(int(line), int(column), words) for line, column, words in found]


def columns(char: str) -> int:
    """How many columns of a terminal a character takes."""
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def under_the_caret(excerpt: str, carets: str) -> str:
    """What stands over the first caret, and all that follows it."""
    shown = excerpt.partition(" | ")[2]
    wanted, at = carets.partition(" | ")[2].index("^"), 0
    for index, char in enumerate(shown):
        if at == wanted:
            return shown[index:]
        at += columns(char)
    assert at == wanted, "the caret stands inside a wide character, or beyond the line's end"
    return ""


def visible(text: str) -> str:
    return "".join(" " if one == "\t" else one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
class TestABrokenFile:
    def test_is_refused_at_exactly_the_expected_places(
        self, file: Path, project: Project, capsys: pytest.CaptureFixture[str]
    ) -> None:
        expected = expected_of(file)
        assert expected, "a broken file says where it is broken: # expect: LINE:COLUMN words"
        path = project.add(file)
        assert main(["check", str(path)]) == INPUT
        captured = capsys.readouterr()
        told = [(int(one["line"]), int(one["column"]), one["message"]) for one in TOLD.finditer(captured.err)]
        assert {one[:2] for one in told} == {one[:2] for one in expected}
        for line, column, words in expected:
            assert any(one[:2] == (line, column) and words in one[2] for one in told), (words, told)
        assert len(told) == len(expected)
        assert told == sorted(told, key=lambda one: one[:2])
        assert {one["file"] for one in TOLD.finditer(captured.err)} == {str(path)}
        assert captured.out == ""

    def test_is_shown_with_a_caret_under_the_column(
        self, file: Path, project: Project, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = project.add(file)
        main(["check", str(path)])
        output = capsys.readouterr().err.split("\n")
        source = lines_of(path.read_bytes().decode("utf-8", "replace").removeprefix("\ufeff"))
        for number, text in enumerate(output):
            told = TOLD.match(text)
            if told is None:
                continue
            line, column = int(told["line"]), int(told["column"])
            assert output[number + 1].startswith(f"{line:6} | ")
            rest = visible(source[line - 1][column - 1 :] if line <= len(source) else "")
            over = under_the_caret(output[number + 1], output[number + 2])
            assert rest.startswith(over)
            assert bool(over) == bool(rest)

    def test_is_told_in_words_of_ours_and_without_control_characters(
        self, file: Path, project: Project, capsys: pytest.CaptureFixture[str]
    ) -> None:
        main(["check", str(project.add(file))])
        output = capsys.readouterr().err
        assert [one for one in PYDANTIC if one in output] == []
        assert [one for one in output if one != "\n" and not one.isprintable()] == []

    def test_leaves_nothing_written(self, file: Path, project: Project, capsys: pytest.CaptureFixture[str]) -> None:
        path = project.add(file)
        before = project.snapshot()
        for verb in ("check", "run") if file.stem not in FOUND_WHEN_PLANNED else ("check",):
            assert main([verb, str(path)]) == INPUT
        assert project.snapshot() == before
        capsys.readouterr()


def test_the_sample_is_large_and_its_names_are_statements() -> None:
    assert len(FILES) >= 30
    assert [file.stem for file in FILES if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", file.stem)] == []


class TestHints:
    @pytest.mark.parametrize(
        ("name", "hint"),
        [
            ("unknown-key-at-the-top", "did you mean `scenarios`?"),
            ("unknown-key-of-an-object", "did you mean `sources`?"),
            ("unknown-key-of-a-scenario", "did you mean `timeout`?"),
            ("unknown-key-of-a-claim", "did you mean `when`?"),
            ("unknown-matcher", "did you mean `contains`?"),
            ("unknown-value-of-an-outcome", "did you mean `exit`?"),
            ("unknown-outcome", "did you mean `isolated`?"),
            ("unknown-axis-in-when", "did you mean `way`?"),
            ("unknown-label-in-when", "did you mean `dlmopen`?"),
            ("unknown-toolchain", "did you mean `host`?"),
            (
                "axis-with-a-reserved-name",
                "it is a column of `claims` and `claims.csv`; say whose it is: `plugin-claim`",
            ),
            ("axis-with-a-reserved-name", "it is a column of `outcomes.csv`; say whose it is: `plugin-race`"),
            ("axis-with-a-reserved-name", "it must match [a-z0-9][a-z0-9.-]*: `dlopen-flags`"),
            ("unknown-fact-of-an-elf-file", "did you mean `soname`?"),
            ("a-key-that-is-nearly-known", "did you mean `scenarios`?"),
            ("text-inside-braces", "write the keys below each other, or put the word in quotes"),
            ("text-that-is-not-indented", "indent its lines further than the key that `|` follows"),
            ("text-beside-its-mark", "a text after `|` begins in the next line, further to the right than its key"),
            ("commands-for-a-shell", "give it to one, as in sh -c 'a | b', or quote it to mean the word: \"|\""),
            ("missing-source", "did you mean `base/base.c`?"),
            ("reference-to-nothing", "an axis is ${matrix.way}"),
            ("reference-to-nothing", "for the dynamic loader's own token write $ORIGIN, or $${ORIGIN}"),
            ("unquoted-reference-in-braces", 'a reference needs quotes, as in "${name}"'),
            ("comma-inside-braces", "quote the text before it: inside {…} a comma ends a value"),
            ("indented-with-a-tab", "a tab: YAML indents with spaces"),
            ("run-of-no-program", 'write "${app}"'),
            ("wrong-type-of-a-list", "write [base-1]"),
            ("duplicate-keys", "the first one is in line 4"),
            ("value-inside-a-longer-text", 'compare the whole value: "${exit}"'),
            ("steps-without-one-verb", "did you mean `dlopen`?"),
            ("steps-without-one-verb", "- dlopen: {…}"),
            ("names-of-steps", "the step that finds it says `as: a`"),
            ("names-of-steps", "only the steps of its `fork` have it"),
            ("what-a-step-opens", "a file's name stands under `path`"),
            ("what-a-step-opens", "did you mean `RTLD_NOW`?"),
            ("what-a-step-opens", "only the steps of a loop have it; a thread in a loop has none"),
            ("types-of-calls", "for example: int (const char *, int)"),
            ("values-of-steps", "`observe: [gdb]` gives it"),
            ("two-observers-spoken-of", "did you mean `gdb`?"),
            ("directories-that-no-cache-has", "write a"),
            ("directories-that-no-cache-has", "a directory of `files`: ${files.dir}/lib"),
            ("a-directory-that-nobody-has", "did you mean `files.dir`?"),
            ("files-that-cannot-lie-there", 'a copy of an object is "${a}", a file with this text {text: …}'),
            ("after-the-link", "did you mean `strip`?"),
            ("after-the-link", "each command is a list of its own"),
            ("after-the-link", "the file is the last word of each command without being named"),
        ],
    )
    def test_a_message_says_what_would_be_right(
        self, name: str, hint: str, project: Project, capsys: pytest.CaptureFixture[str]
    ) -> None:
        main(["check", str(project.add(BROKEN / f"{name}.yaml"))])
        lines = capsys.readouterr().err.split("\n")
        assert any(line.startswith("       = ") and line.endswith(hint) for line in lines)

    def test_a_circle_is_told_whole(self, project: Project, capsys: pytest.CaptureFixture[str]) -> None:
        main(["check", str(project.add(BROKEN / "needs-in-a-circle-of-three.yaml"))])
        assert "one → two → three → one" in capsys.readouterr().err


class TestAFolder:
    def test_of_broken_files_names_each_of_them(self, project: Project, capsys: pytest.CaptureFixture[str]) -> None:
        project.add(*FILES)
        before = project.snapshot()
        assert main(["check", str(project.experiments)]) == INPUT
        output = capsys.readouterr()
        named = {Path(one["file"]).name for one in TOLD.finditer(output.err)}
        assert named == {file.name for file in FILES}
        count = sum(len(expected_of(file)) for file in FILES)
        assert output.err.endswith(f"{count} errors in {len(FILES)} files\n")
        assert project.snapshot() == before

    def test_without_experiments_is_refused(self, project: Project, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["check", str(project.experiments)]) == INPUT
        assert "a directory, not an experiment file" in capsys.readouterr().err


class TestAPath:
    def test_to_nothing_is_refused_with_what_is_there(
        self, project: Project, capsys: pytest.CaptureFixture[str]
    ) -> None:
        project.add(BROKEN / "empty-axis.yaml")
        assert main(["check", str(project.experiments / "empty-axsi.yaml")]) == INPUT
        told = capsys.readouterr().err
        assert "no such file" in told
        assert "empty-axis.yaml" in told

    def test_below_no_directory_is_refused(self, project: Project, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["check", str(project.root / "nowhere" / "x.yaml")]) == INPUT
        assert "there is no directory" in capsys.readouterr().err

    def test_through_a_file_is_refused(self, project: Project, capsys: pytest.CaptureFixture[str]) -> None:
        path = project.add(BROKEN / "empty-axis.yaml")
        assert main(["check", str(path / "x.yaml")]) == INPUT
        assert "Not a directory" in capsys.readouterr().err

    def test_with_an_escape_sequence_in_it_does_not_reach_the_terminal(
        self, project: Project, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = project.experiments / "\x1b[31mred.yaml"
        assert main(["check", str(path)]) == INPUT
        shutil.copy(BROKEN / "empty-axis.yaml", path)
        assert main(["check", str(path)]) == INPUT
        assert "\x1b" not in capsys.readouterr().err


class TestASource:
    EXPERIMENT = (
        "experiment: x\nquestion: Is it read?\nobjects:\n  app: {{executable: app, sources: [{0}]}}\n"
        "scenarios:\n  start: {{run: '${{app}}'}}\n"
    )

    @pytest.mark.parametrize("where", ["csrc", "tests/data/broken"])
    def test_behind_a_link_out_of_the_project_is_refused(
        self, where: str, project: Project, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (project.root / "secret.c").write_text("int secret;\n")
        (project.root / "project" / where / "linked.c").symlink_to(project.root / "secret.c")
        path = project.experiments / "x.yaml"
        path.write_text(self.EXPERIMENT.format("linked.c"))
        assert main(["check", str(path)]) == INPUT
        told = capsys.readouterr().err
        assert "x.yaml:4:36: error: `linked.c` is a link that leads outside the project" in told

    def test_in_a_linked_directory_out_of_the_project_is_refused(
        self, project: Project, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (project.root / "outside").mkdir()
        (project.root / "outside" / "a.c").write_text("int a;\n")
        (project.root / "project" / "csrc" / "out").symlink_to(project.root / "outside")
        path = project.experiments / "x.yaml"
        path.write_text(self.EXPERIMENT.format("out/a.c"))
        assert main(["check", str(path)]) == INPUT
        assert "leads outside the project" in capsys.readouterr().err

    def test_behind_a_link_within_the_project_is_read(
        self, project: Project, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (project.experiments / "near.c").symlink_to(project.root / "project" / "csrc" / "app" / "app.c")
        path = project.experiments / "x.yaml"
        path.write_text(self.EXPERIMENT.format("near.c"))
        assert main(["check", str(path)]) == 0
        assert capsys.readouterr().out == f"{path}: ok (1 objects, 1 trials)\n"

    def test_that_is_a_fifo_is_no_source(self, project: Project, capsys: pytest.CaptureFixture[str]) -> None:
        os.mkfifo(project.experiments / "pipe.c")
        path = project.experiments / "x.yaml"
        path.write_text(self.EXPERIMENT.format("pipe.c"))
        assert main(["check", str(path)]) == INPUT
        assert "no source `pipe.c`" in capsys.readouterr().err


def _alias_bomb() -> bytes:
    lines = ["x-0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"x-{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 10)}]" for i in range(1, 40)]
    return "\n".join(lines).encode()


def _nested_anchors() -> bytes:
    lines: list[str] = []
    size = 0
    while size < 900_000:
        n = len(lines)
        lines.append(f"x-{n}: &a{n} {{k: &b{n} [*a{n - 1}, *b{n - 1}]}}" if lines else "x-0: &a0 {k: &b0 [1]}")
        size += len(lines[-1]) + 1
    return "\n".join(lines).encode()


def _unknown_needs() -> bytes:
    one = "  object-{0}: {{library: l, code: 'int x;', needs: [nothing-{0}]}}\n"
    objects = "".join(one.format(number) for number in range(3000))
    return f"experiment: x\nquestion: x\nobjects:\n{objects}scenarios:\n  x: {{run: /bin/true}}\n".encode()


MOST_CPU_SECONDS = 60
HOSTILE: dict[str, Callable[[], bytes]] = {
    "ten megabytes of YAML": lambda: b"question: x\n" + b"# padding\n" * 1_000_000,
    "a megabyte of brackets": lambda: b"[" * 1_000_000,
    "a megabyte of braces": lambda: b"{" * 1_000_000,
    "a megabyte of dashes": lambda: b"- " * 500_000,
    "an alias bomb": _alias_bomb,
    "nested anchors": _nested_anchors,
    "a megabyte of open references": lambda: (
        b"experiment: x\nquestion: x\nscenarios: {x: {run: '" + b"${" * 500_000 + b"'}}"
    ),
    "one long word": lambda: b"experiment: " + b"x" * 1_000_000,
    "three thousand needs of nothing": _unknown_needs,
    "only zeros": lambda: bytes(1_000_000),
}


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool() as one:
        yield one


class TestAHostileFile:
    def check(self, pool: Pool, path: Path) -> None:
        runner = str(HERE.parent / "runner")
        completed = pool.run(
            Command(
                argv=(sys.executable, "-m", "elfworlds", "check", str(path)),
                env={"PYTHONPATH": runner, "HOME": str(path.parent), "PYTHONDONTWRITEBYTECODE": "1"},
                cwd=str(path.parent),
                timeout=AGES,
                limits={"as": 1 << 30, "core": 0, "cpu": MOST_CPU_SECONDS},
            )
        )
        told = completed.stderr.data.decode()
        assert (completed.timed_out, completed.signal) == (False, None)  # SIGXCPU where it took too much
        assert completed.exit == INPUT, told[-2000:]
        assert "Traceback" not in told
        assert "error: " in told

    @pytest.mark.parametrize("name", HOSTILE)
    def test_is_refused_within_bounds(self, name: str, pool: Pool, tmp_path: Path) -> None:
        path = tmp_path / "hostile.yaml"
        path.write_bytes(HOSTILE[name]())
        self.check(pool, path)

    def test_that_is_a_fifo_does_not_hang(self, pool: Pool, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.yaml")
        self.check(pool, tmp_path / "pipe.yaml")

    def test_that_never_ends_is_refused(self, pool: Pool, tmp_path: Path) -> None:
        (tmp_path / "zero.yaml").symlink_to("/dev/zero")
        self.check(pool, tmp_path / "zero.yaml")
