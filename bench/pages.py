"""How large report.html and report.md of 100,000 trials are, and how long they take to be made and to be opened.

Run it as `python bench/pages.py [TRIALS]`. Four shapes: few points with many repetitions; as many points as trials;
the same with outcomes that no axis decides; and trials of which each wrote something else.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from recorded import TRIAL

from elfworlds.records import RunRecord, TrialRecord, forms
from elfworlds.report import flips
from elfworlds.report.markdown import markdown
from elfworlds.report.page import page
from elfworlds.report.summary import beginning, pivot
from elfworlds.report.text import fitting, pivot_lines
from elfworlds.tables import as_columns, frames

PARTS = ("system", "kernel", "machine", "cpu", "python", "elfworlds", "backend")
OPENED = "#table-trials tbody tr"


@dataclass(frozen=True)
class Shape:
    """What a run of so many trials looks like: how many labels its axes have, who decides, how much is written."""

    name: str
    labels: tuple[int, ...]
    decided: bool
    written: int


SHAPES = (
    Shape("20 points, 5,000 times each", (20,), decided=True, written=0),
    Shape("100,000 points", (10, 100, 100), decided=True, written=0),
    Shape("outcomes at random", (10, 100, 100), decided=False, written=0),
    Shape("200 bytes of each trial", (20,), decided=True, written=200),
)


def run_of(shape: Shape, count: int) -> RunRecord:
    axes = {f"axis-{at}": tuple(f"v{label}" for label in range(many)) for at, many in enumerate(shape.labels)}
    environment = forms.ENVIRONMENT.read({**dict.fromkeys(PARTS, "x"), "toolchains": []})
    return RunRecord(
        name="many",
        question="How large is a page?",
        source={},
        note="",
        axes=axes,
        planned=count,
        trials=list(trials(shape, axes, count)),
        events=[],
        traces=[],
        objects=[],
        environment=environment,
        rerun="elfworlds run many",
    )


def trials(shape: Shape, axes: Mapping[str, tuple[str, ...]], count: int) -> Iterator[TrialRecord]:
    chance = random.Random(1)  # noqa: S311  # no secret
    for number in range(count):
        rest, point = number, {}
        for axis, labels in axes.items():
            rest, at = divmod(rest, len(labels))
            point[axis] = labels[at]
        first = point["axis-0"] == "v0" if shape.decided else chance.random() < 0.5
        name = f"s,{','.join(f'{axis}={label}' for axis, label in point.items())},repeat={rest + 1}"
        outcome = "isolated" if first else "shared"
        wall = chance.random()
        yield replace(TRIAL, number=number, trial=name, point=point, repeat=rest + 1, outcome=outcome, wall_s=wall)


def texts(shape: Shape, run: RunRecord) -> dict[str, dict[str, str]]:
    chance = random.Random(2)  # noqa: S311  # no secret
    size = shape.written
    return {trial.trial: {"stdout": chance.randbytes(size // 2).hex()} for trial in run.trials} if size else {}


def opened(browser: Browser, path: Path) -> tuple[float, float]:
    """Seconds until the page is there, and until its table of trials is, at best of three."""
    whole, table = [], []
    for _ in range(3):
        context = browser.new_context()
        tab = context.new_page()
        start = time.perf_counter()
        tab.goto(path.resolve().as_uri())
        whole.append(time.perf_counter() - start)
        start = time.perf_counter()
        tab.locator("#table-trials summary").click()
        tab.locator(OPENED).first.wait_for()
        table.append(time.perf_counter() - start)
        context.close()
    return min(whole), min(table)


def measure(shape: Shape, count: int, browser: Browser, directory: Path) -> None:
    run = run_of(shape, count)
    start = time.process_time()
    seen = flips.of(run)
    tables = {name: as_columns(frame) for name, frame in frames(run, [], seen.changes).items()}
    text = page(run, tables, texts(shape, run), [], seen)
    report = markdown(run, {}, [], seen)
    made = time.process_time() - start
    lines = pivot_lines(fitting(beginning(pivot(run.axes, run.trials), 2000)[0], 80))
    path = directory / "report.html"
    path.write_text(text)
    whole, table = opened(browser, path)
    sizes = (
        f"page {path.stat().st_size / 1e6:5.1f} MB, report.md {len(report) / 1e3:7.0f} kB, terminal {len(lines)} lines"
    )
    print(
        f"{shape.name:28} {sizes}; made in {made:5.1f} s, opened in {whole:4.1f} s, trials {table:4.1f} s", flush=True
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    chromium = shutil.which("chromium")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for shape in SHAPES:
            measure(shape, count, browser, Path(name))
        browser.close()


if __name__ == "__main__":
    main()
