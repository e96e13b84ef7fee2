"""Speed as ratios against a peer in the same run.

Run it as `python bench/bars.py`.

Peers are asked where they are installed (pip install lit ninja); a bar without its peer is skipped aloud.
Times are medians of whole processes; on a busy machine only the ratios mean something.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

RUNS = 5
ELFWORLDS = [sys.executable, "-m", "elfworlds"]
ROOT = Path(__file__).resolve().parent.parent

TRIALS = """
experiment: trials
question: What does a trial cost?
objects: {app: {executable: trivial, code: "int main(void) { return 0; }"}}
scenarios: {s: {run: "${app}", repeat: 2000, outcomes: {zero: {exit: 0}}, expect: {outcome: zero}}}
"""
MATRIX = """
experiment: matrix
question: What does a plan cost?
matrix: {a: [AXIS], b: [AXIS], c: [AXIS], d: [AXIS]}
objects: {app: {executable: app, defines: {A: "${matrix.a}"}, code: "int main(void) { return 0; }"}}
scenarios: {s: {run: "${app} ${matrix.b} ${matrix.c}", repeat: 10}}
"""


def seconds(command: list[str], *, before: Callable[[], object] = lambda: None, runs: int = RUNS) -> float:
    """The median of whole processes, after one that does not count."""
    found = []
    for number in range(runs + 1):
        before()
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        if number:
            found.append(time.perf_counter() - start)
    return statistics.median(found)


def three_hundred() -> str:
    """300 libraries in chains of ten."""
    lines = ["experiment: three-hundred", "question: What does a build cost?", "objects:"]
    for i in range(300):
        needs = "" if i % 10 == 0 else f"o{i - 1}"
        code = f'#include <stdio.h>\\nint f{i}(void) {{ return printf(\\"%d\\", {i}); }}\\n'
        lines.append(f'  o{i}: {{library: o{i}, needs: [{needs}], code: "{code}"}}')
    return "\n".join([*lines, "scenarios: {s: {run: /bin/true}}", ""])


def ninja_file(folder: Path, experiment: Path) -> None:
    """The same command lines for ninja."""
    told = subprocess.run(
        [*ELFWORLDS, "plan", "--format", "json", experiment], capture_output=True, text=True, check=True
    )
    builds = json.loads(told.stdout)["builds"]
    lines = ["rule b", "  command = mkdir -p $dir && $cmd"]
    for key, build in builds.items():
        source = f"{build['name']}.c"
        number = build["name"][1:]
        (folder / source).write_text(f'#include <stdio.h>\nint f{number}(void) {{ return printf("%d", {number}); }}\n')
        words = [word.replace("@out@", f"out/{key}").replace("@build@", ".") for word in build["argv"]]
        command = " ".join(re.sub(r"@([0-9a-f]{40})@", r"out/\1", word) for word in words)
        needs = " ".join(f"out/{need}/{builds[need]['filename']}" for need in build["needs"])
        lines += [
            f"build out/{key}/{build['filename']}: b {source} | {needs}",
            f"  dir = out/{key}",
            f"  cmd = {command}",
        ]
    (folder / "build.ninja").write_text("\n".join(lines) + "\n")


def bars(folder: Path) -> Iterator[tuple[str, str, str]]:
    """What is measured, its bar, and what came out."""
    for name, text in (
        ("trials", TRIALS),
        ("matrix", MATRIX.replace("AXIS", ", ".join(map(str, range(10))))),
        ("three-hundred", three_hundred()),
    ):
        (folder / f"{name}.yaml").write_text(text)
    results = ["-o", str(folder / "results")]
    version = seconds([*ELFWORLDS, "--version"])
    if shutil.which("lit"):
        yield "--version", "at most 1.2 × lit", f"{version / seconds(['lit', '--version']):.2f} ×"
    experiment = str(ROOT / "experiments" / "same-lib.yaml")
    yield (
        "second run, no tables",
        "at most 0.3 s",
        f"{seconds([*ELFWORLDS, 'run', '--no-tables', *results, experiment]):.2f} s",
    )
    yield (
        "plan of 100,000 trials",
        "at most 5 s",
        f"{seconds([*ELFWORLDS, 'check', str(folder / 'matrix.yaml')], runs=1):.1f} s",
    )
    yield from trials(folder, results)
    yield from objects(folder)


def trials(folder: Path, results: list[str]) -> Iterator[tuple[str, str, str]]:
    path = str(folder / "trials.yaml")
    ours = seconds([*ELFWORLDS, "run", "-j2", "--no-tables", *results, path], runs=3)
    app = next((folder / "cache" / "elfworlds" / "objects").glob("*/trivial"))
    peer = seconds(["sh", "-c", f"seq 2000 | xargs -P2 -n1 {app}"], runs=3)
    yield "2,000 trials with full records", "at most 2 × xargs -P2", f"{ours / peer:.2f} ×"


def objects(folder: Path) -> Iterator[tuple[str, str, str]]:
    if not shutil.which("ninja"):
        sys.stderr.write("skipped: 300 objects (ninja is not installed)\n")
        return
    path = folder / "three-hundred.yaml"
    work = folder / "ninja"
    work.mkdir()
    ninja_file(work, path)
    store = folder / "cache" / "elfworlds" / "objects"
    build = [*ELFWORLDS, "build", "-q", "-j2", str(path)]
    ours = seconds(build, before=lambda: shutil.rmtree(store, ignore_errors=True), runs=2)
    peer_command = ["ninja", "-C", str(work), "-j2", "--quiet"]
    peer = seconds(peer_command, before=lambda: shutil.rmtree(work / "out", ignore_errors=True), runs=2)
    yield "300 objects from scratch", "at most 1.1 × ninja", f"{ours / peer:.2f} ×"
    yield "300 objects, nothing to do", "at most 3 × ninja", f"{seconds(build) / seconds(peer_command):.1f} ×"


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["XDG_CACHE_HOME"] = f"{temporary}/cache"
        for what, bar, measured in bars(Path(temporary)):
            sys.stdout.write(f"{what:34} {measured:>10}   {bar}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
