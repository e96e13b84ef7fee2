"""report.html: in a real Chromium a person finds the answer, the trials behind it, and what the loader did."""

from __future__ import annotations

import html.parser
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from conftest import ROOT
from elfworlds.__main__ import main
from elfworlds.records import RunRecord
from elfworlds.report import flips
from elfworlds.report.page import page
from elfworlds.tables import as_columns, frames
from recording import run_of, trial

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
MARKUP = "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">&amp;"
STRANGE = f"""\
experiment: strange
question: "Is {MARKUP.replace('"', chr(92) + '"')} text?"
matrix: {{word: ["<b>one</b>", two]}}
objects:
  app:
    executable: true
    code: |
      #include <stdio.h>
      int main(void) {{ puts("</pre><script>document.title='taken'</script>\\033[31m"); return 3; }}
scenarios:
  odd:
    run: ${{app}} '${{matrix.word}}'
    outcomes: {{fine: {{exit: 0}}, wrong: {{exit: 3}}}}
    expect: [{{outcome: fine}}]
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project in which two experiments were run: results/same-lib and results/strange."""
    path = tmp_path_factory.mktemp("project")
    (path / "experiments").mkdir()
    shutil.copytree(ROOT / "csrc", path / "csrc")
    shutil.copy(ROOT / "experiments" / "same-lib.yaml", path / "experiments")
    (path / "experiments" / "strange.yaml").write_text(STRANGE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        patch.setenv("XDG_CACHE_HOME", str(path / "cache"))
        patch.delenv("CC", raising=False)
        assert main(["run", "experiments/same-lib.yaml"]) == 0
        assert main(["run", "experiments/strange.yaml"]) == 1
        yield path / "results"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Opened:
    """A page of a run in a browser, and what its console said."""

    def __init__(self, browser: Browser, file: Path, *, words: str = "", script: bool = True) -> None:
        self.context = browser.new_context(java_script_enabled=script, viewport={"width": 1000, "height": 800})
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.asked: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(f"{file.resolve().as_uri()}{words}")


@pytest.fixture
def same_lib(chromium: Browser, runs: Path) -> Iterator[Page]:
    opened = Opened(chromium, runs / "same-lib" / "latest" / "report.html")
    yield opened.page
    assert opened.complaints == []
    assert [url for url in opened.asked if not url.startswith(("file:", "data:"))] == []
    opened.context.close()


@pytest.fixture
def strange(chromium: Browser, runs: Path) -> Iterator[Page]:
    opened = Opened(chromium, runs / "strange" / "latest" / "report.html")
    yield opened.page
    assert opened.complaints == []
    opened.context.close()


def test_the_question_and_the_answer_come_first(same_lib: Page) -> None:
    assert same_lib.locator("h1").inner_text().startswith("Does one library, loaded twice by dlmopen")
    assert "isolated where way = dlmopen" in same_lib.locator("#answer li").first.inner_text()


def test_a_cell_of_the_matrix_leads_to_its_trials(same_lib: Page) -> None:
    same_lib.locator(".matrix a", has_text="isolated").first.click()
    rows = same_lib.locator("#table-trials tbody tr")
    rows.first.wait_for()
    assert rows.count() == 1
    assert "dlmopen" in rows.first.inner_text()
    same_lib.locator("#table-trials .chips button", has_text="outcome = isolated").click()
    same_lib.locator("#table-trials .chips button", has_text="way = dlmopen").click()
    playwright.expect(rows).to_have_count(2)


def test_a_table_is_filtered_and_sorted(same_lib: Page) -> None:
    same_lib.locator("#table-bindings summary").click()
    rows = same_lib.locator("#table-bindings tbody tr")
    rows.first.wait_for()
    before = same_lib.locator("#table-bindings [role=status]").inner_text()
    same_lib.get_by_label("Filter").last.fill("libbase.so")
    playwright.expect(same_lib.locator("#table-bindings [role=status]")).not_to_have_text(before)
    assert all("libbase.so" in text for text in rows.all_inner_texts())
    head = same_lib.locator("#table-bindings th", has_text="symbol")
    head.locator("button").click()
    place = same_lib.locator("#table-bindings thead th").all_inner_texts()
    column = next(at for at, text in enumerate(place) if text.startswith("symbol"))
    symbols = [row.locator("td").nth(column).inner_text() for row in rows.all()]
    assert symbols == sorted(symbols, key=str.lower)
    assert len(set(symbols)) > 1
    assert same_lib.locator("#table-bindings th[aria-sort=ascending]").count() == 1
    assert same_lib.evaluate("document.activeElement.textContent") == "symbol"


def test_a_trial_shows_what_it_wrote_and_its_program(strange: Page) -> None:
    strange.locator("#failures a").first.click()
    dialog = strange.locator("dialog[open]")
    dialog.wait_for()
    assert "</pre><script>" in dialog.locator("pre").first.inner_text()
    assert "FAIL" in dialog.inner_text()
    strange.keyboard.press("Escape")
    playwright.expect(strange.locator("dialog[open]")).to_have_count(0)


def test_pointing_at_an_object_marks_its_bindings_and_a_key_lists_them(same_lib: Page) -> None:
    picture = same_lib.locator("details.picture").first
    user = picture.locator("[data-place]", has_text="libuser.so").first
    user.hover()
    playwright.expect(picture.locator("[data-from].on").first).to_be_attached()
    user.focus()
    same_lib.keyboard.press("Enter")
    told = picture.locator(".bindings")
    playwright.expect(told).to_contain_text("to libbase.so in namespace 1")


def test_an_arrow_lists_its_symbols(same_lib: Page) -> None:
    picture = same_lib.locator("details.picture").first
    arrow = picture.locator("[data-from]", has_text="libuser.so → libbase.so").first
    arrow.focus()
    same_lib.keyboard.press(" ")
    words = picture.locator(".bindings")
    playwright.expect(words.locator("li").first).to_be_visible()
    (count,) = re.findall(r"(\d+) bound", words.locator("h3").inner_text())
    assert words.locator("li").count() == int(count)


def test_a_strangers_words_stay_words(strange: Page) -> None:
    assert strange.locator("h1").inner_text() == f"Is {MARKUP} text?"
    strange.locator("#table-trials summary").click()
    strange.locator("#table-trials tbody tr").first.wait_for()
    assert strange.locator("main img, main b:not(.answers b):not(.bindings b)").count() == 0
    assert strange.title() == "strange – elfworlds"


def test_without_script_the_answer_the_claims_and_the_pictures_are_there(chromium: Browser, runs: Path) -> None:
    opened = Opened(chromium, runs / "same-lib" / "latest" / "report.html", script=False)
    page = opened.page
    assert page.locator(".matrix td .chip").count() == 2
    assert "reproduced" in page.locator("#claims").inner_text()
    assert page.locator("details.picture[open] svg").first.is_visible()
    assert page.locator("noscript p").is_visible()
    opened.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("experiment", ["same-lib", "strange"])
def test_axe_finds_nothing_serious(
    chromium: Browser, runs: Path, experiment: str, scheme: Literal["light", "dark"]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    context = chromium.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto((runs / experiment / "latest" / "report.html").resolve().as_uri() + "#trials?")
    page.locator("#table-trials tbody tr").first.wait_for()
    found = axe.run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []
    context.close()


@pytest.mark.parametrize("width", [400, 1000, 1600])
def test_no_width_scrolls_the_whole_page_sideways(chromium: Browser, runs: Path, width: int) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    page.goto((runs / "strange" / "latest" / "report.html").resolve().as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def many(count: int) -> tuple[RunRecord, dict[str, dict[str, str]]]:
    """A run of so many trials at half as many points, each of which wrote 200 bytes that no other wrote."""
    axes = {"x": tuple(map(str, range(count // 200))), "y": tuple(map(str, range(100)))}
    chance = random.Random(1)  # noqa: S311  # no secret
    trials = [
        trial(
            at,
            trial=f"s,x={at // 200},y={at % 100},repeat={at}",
            point={"x": str(at // 200), "y": str(at % 100)},
            outcome=chance.choice(["yes", "no"]),
            verdict="FAIL",
            expected="yes",
        )
        for at in range(count)
    ]
    written = {each.trial: {"stdout": chance.randbytes(100).hex()} for each in trials}
    return run_of(trials, axes=axes), written


def test_a_page_of_20_000_trials_is_small_and_has_every_trial(chromium: Browser, tmp_path: Path) -> None:
    run, written = many(20_000)
    run_flips = flips.of(run)
    tables = {name: as_columns(frame) for name, frame in frames(run, [], run_flips.changes).items()}
    path = tmp_path / "report.html"
    path.write_text(page(run, tables, written, [], run_flips))
    assert path.stat().st_size < 6_000_000
    opened = Opened(chromium, path, words="#trials?")
    opened.page.locator("#table-trials tbody tr").first.wait_for()
    assert "of 20000 rows are shown" in opened.page.locator("#table-trials [role=status]").inner_text()
    assert opened.page.evaluate("document.querySelectorAll('*').length") < 20_000
    opened.page.goto(f"{path.resolve().as_uri()}#trial?trial=s,x=99,y=99,repeat=19999")
    opened.page.locator("dialog[open] pre", has_text=written["s,x=99,y=99,repeat=19999"]["stdout"]).wait_for()
    assert opened.complaints == []
    opened.context.close()


class _Tags(html.parser.HTMLParser):
    """The tags that are open at the end, and how many scripts have no type."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script" and not dict(attrs).get("type")


def test_the_page_has_one_script(runs: Path) -> None:
    for experiment in ("same-lib", "strange"):
        tags = _Tags()
        tags.feed((runs / experiment / "latest" / "report.html").read_text())
        assert tags.scripts == 1


def test_the_page_of_two_runs_differs_in_times_alone(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    latest = runs / "same-lib" / "latest"
    pages = []
    for _ in range(2):
        capsys.readouterr()
        assert main(["report", str(latest), "--format", "html"]) == 0
        pages.append(capsys.readouterr().out)
    assert pages[0] == pages[1] == (latest / "report.html").read_text()
