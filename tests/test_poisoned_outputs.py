"""One poisoned experiment, and every output that there is of it: each is parsed as who reads it would."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from elfworlds import sheet
from elfworlds.__main__ import main
from elfworlds.gather.latex import escape as latex

# Escapes, a bidi mark, markup of three languages, words for a shell, and a formula.
POISON = (
    "=1+1 \x1b]0;PWNED\x07\x1b[31m\x9b31m\u202e<script>alert(1)</script>|`x`*b*[l](javascript:alert(1))"
    "&\"'$(touch PWN);{y}%n\\"
)
MOVING = frozenset("\x1b\x07\x9b\u202e\u2066\0")
TEXT = json.dumps(POISON)
VARIABLE = json.dumps(POISON.replace("=", ""))
CODE = f"""
#warning {POISON}.
#include <stdio.h>
int main(int argc, char **argv) {{
    fwrite("\\0=1+1\\n", 1, 6, stdout);
    return puts(argv[1]) < 0 || fputs(argv[1], stderr) < 0 || argc != 2;
}}
"""
EXPERIMENT = f"""\
experiment: poisoned
question: {TEXT}
note: {TEXT}
source: {{title: {TEXT}, authors: {TEXT}, year: {TEXT}, url: "https://x.org/a)<script>alert(1)</script>"}}
matrix:
  word: [{TEXT}, "=2+2", "-x", "@y", "+z"]
objects:
  lib: {{library: it, code: "int it;", soname: "libit<b>&|`=.so"}}
  app: {{executable: app, needs: [lib], code: {json.dumps(CODE)}}}
scenarios:
  s:
    run: ${{app}} '${{matrix.word}}'
    env: {{{VARIABLE}: {TEXT}, "--split-string": "touch PWN", "-S": "touch PWN"}}
    stdin: {TEXT}
    show: [stdout]
    outcomes: {{fine: {{exit: 0}}}}
    claim: {{id: "=c", says: {TEXT}, outcome: fine}}
    expect: {{outcome: other, note: {TEXT}}}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        place = tmp_path_factory.mktemp("poisoned")
        patch.setenv("XDG_CACHE_HOME", str(place / "cache"))
        patch.setenv("COLUMNS", "100")
        (place / "experiments").mkdir()
        (place / "experiments/poisoned.yaml").write_text(EXPERIMENT)
        patch.chdir(place)
        assert main(["run", "experiments/poisoned.yaml"]) == 1
        assert main(["gather", "results/poisoned/latest", "-o", "gathered"]) == 0
        yield place


@pytest.fixture(scope="module")
def run(place: Path) -> Path:
    return (place / "results/poisoned/latest").resolve()


def pages(place: Path, run: Path) -> list[Path]:
    return [run / "report.md", place / "gathered/claims.md", place / "gathered/pivots.md"]


def test_a_page_of_markdown_holds_text_and_links_of_ours_only(place: Path, run: Path) -> None:
    for page in pages(place, run):
        text = page.read_text()
        assert not MOVING & set(text), page
        tokens = MarkdownIt("commonmark").enable("table").parse(text)
        inner = [token for block in tokens for token in (block, *(block.children or ()))]
        assert [token.content for token in inner if token.type.startswith("html")] == [], page
        links = [
            str(token.attrs.get("href", token.attrs.get("src")))
            for token in inner
            if token.type in ("link_open", "image")
        ]
        assert [link for link in links if not re.match(r"https://x\.org/|[\w./,=~%+-]+$", link)] == [], page
        rows = re.findall(r"^\|.*\|$", text, re.MULTILINE)
        assert rows, page
        widths = {len(re.findall(r"(?<!\\)\|", row)) for row in rows if "fine" in row and "says" not in row}
        assert len(widths) <= 2, page


class Tags(HTMLParser):
    """The tags, attributes that run something, and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.bad += [
            f"{tag} {name}" for name, value in attrs if name.startswith("on") or (value or "").startswith("javascript:")
        ]

    def handle_data(self, data: str) -> None:
        self.bad += [data] if MOVING & set(data) else []


def test_a_page_of_html_runs_our_script_alone(run: Path) -> None:
    text = (run / "report.html").read_text()
    tags = Tags()
    tags.feed(text)
    kept = len(re.findall(r'<script type="[^"]*(?:gzip|json|data|text|octet)[^"]*"', text))
    assert (tags.scripts - kept, tags.bad) == (1, [])
    assert "<script>alert" not in text


def test_every_picture_is_xml(run: Path) -> None:
    pictures = [*run.rglob("*.svg")]
    assert pictures
    for picture in pictures:
        root = ET.fromstring(picture.read_text())  # noqa: S314  # our own picture
        assert {element.tag.rpartition("}")[2] for element in root.iter()}.isdisjoint({"script", "foreignObject", "a"})
        assert not MOVING & set(picture.read_text())


def test_no_cell_of_a_sheet_is_a_formula(place: Path, run: Path) -> None:
    sheets = [*run.rglob("*.csv"), *(place / "gathered").glob("*.csv")]
    assert len(sheets) > 5
    for file in sheets:
        with file.open(newline="") as opened:
            rows = [*csv.reader(opened, strict=True)]
        assert len({len(row) for row in rows}) == 1, file
        cells = [cell for row in rows for cell in row]
        assert [
            cell for cell in cells if re.match(r"[=+\-@\t\r]", cell) and not re.fullmatch(r"[-+]?[\d.]+", cell)
        ] == [], file
        assert not MOVING & set("".join(cells)), file


@pytest.mark.usefixtures("place")
def test_a_gathering_is_read_as_it_was_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "gathered", "gathered"]) == 0
    assert "0 differ" in capsys.readouterr().out


def test_a_table_of_latex_prints_what_it_was_given(place: Path) -> None:
    text = (place / "gathered/claims.tex").read_text()
    assert not MOVING & set(text)
    row = next(line for line in text.split("\n") if "alert" in line)
    plain = re.sub(r"\\(?:textbackslash|textasciitilde|textasciicircum)\{\}|\\[{}&%$#_]", "", row)
    assert set("{}%$#_~^") & set(plain) == set()
    assert plain.count("&") == text.split("\n")[row.count("\n") + 4].count("&")
    compiler = shutil.which("pdflatex")
    if compiler:
        packages = "\\usepackage{booktabs,longtable,array,graphicx}"
        (place / "t.tex").write_text(
            f"\\documentclass{{article}}{packages}\\begin{{document}}\\input{{gathered/claims.tex}}\\end{{document}}"
        )
        subprocess.run([compiler, "-interaction=batchmode", "-no-shell-escape", "t.tex"], cwd=place, check=True)


def test_every_script_does_what_the_trial_did_and_nothing_else(
    place: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export-c", "experiments/poisoned.yaml", "s"]) == 0
    (place / "export.sh").write_text(capsys.readouterr().out)
    scripts = [place / "export.sh", *run.glob("trials/*/cmd.sh")]
    assert len(scripts) > 1
    for number, script in enumerate(scripts):
        empty = place / f"empty{number}"
        empty.mkdir()
        subprocess.run(["/bin/bash", "-n", str(script)], check=True)
        done = subprocess.run(["/bin/sh", str(script)], cwd=empty, capture_output=True, check=False)
        assert done.returncode == 0, (script, done.stderr[-500:])
        assert done.stdout.startswith(b"\0=1+1\n")
    assert [*place.rglob("PWN")] == []


@pytest.mark.usefixtures("place")
def test_no_verb_moves_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["check", "experiments"], ["list"], ["plan", "experiments"], ["report", "results/poisoned/latest"]):
        main(words)
    told = capsys.readouterr()
    assert not MOVING & set(told.out + told.err)


@pytest.mark.usefixtures("place")
def test_a_script_is_shown_to_a_terminal_and_written_as_it_is_to_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["export-c", "experiments/poisoned.yaml", "s"]
    assert main(words) == 0
    script = capsys.readouterr().out
    ours, terminal = pty.openpty()
    with os.fdopen(terminal, "w") as stream, redirect_stdout(stream):
        reading = ThreadPoolExecutor(1).submit(read_all, ours)
        assert main(words) == 0
    told = reading.result()
    assert (bool(MOVING & set(script)), bool(MOVING & set(told))) == (True, False)
    assert len(told.splitlines()) == len(script.splitlines())


def read_all(descriptor: int) -> str:
    """What comes until the other end of a terminal is closed, which reading ends with EIO."""
    told = b""
    try:
        while data := os.read(descriptor, 1 << 16):
            told += data
    except OSError:
        pass
    return told.decode()


def test_what_a_program_reads_is_json_and_moves_no_terminal(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library = next(path for path in place.rglob("libit.so") if path.is_file())
    for words in (["list", "--json"], ["plan", "--json", "experiments"], ["inspect", "--format", "json", str(library)]):
        capsys.readouterr()
        assert main(words) == 0
        told = capsys.readouterr()
        json.loads(told.out)
        assert not MOVING & set(told.out + told.err), words
    main(["run", "--json", "experiments/poisoned.yaml"])
    told = capsys.readouterr()
    assert [json.loads(line) for line in told.out.splitlines()]
    assert not MOVING & set(told.out + told.err)


def test_records_are_json(run: Path) -> None:
    for file in (*run.glob("*.jsonl"), *run.glob("*.json")):
        for line in file.read_text().splitlines() if file.suffix == ".jsonl" else [file.read_text()]:
            json.loads(line)


@given(st.text("'=+-@\t\r01.x\uff1d", max_size=8))
def test_a_cell_gives_its_text_back(text: str) -> None:
    cell = sheet.cell(text)
    assert re.match(r"[=+\-@\t\r\uff1d]", cell) is None or re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?", cell)
    shown = text.replace("\t", " ").replace("\r", "\N{REPLACEMENT CHARACTER}")
    assert sheet.of_cell(cell) == shown


@given(st.text(max_size=30))
def test_latex_has_no_command_that_we_did_not_write(text: str) -> None:
    words = re.findall(r"\\([a-zA-Z]+|.)", latex(text))
    assert {*words} <= {"textbackslash", "textasciitilde", "textasciicircum", "{", "}", "&", "%", "$", "#", "_"}
