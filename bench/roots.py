"""What a trial in a root costs: against one without, and against bubblewrap alone.

Run it as `python bench/roots.py [DIRECTORY]`, where the directory holds a root; else it is this machine's own system.

Each way runs 2,000 times the shortest program there is, two at once; only the ratios mean something.
"""

from __future__ import annotations

import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from elfworlds.process import Command, Pool
from elfworlds.sandbox import HOST, World, look, wrap
from elfworlds.sandbox.availability import probe
from elfworlds.sandbox.reaper import provide

TRIALS = 2000
WORKERS = 2
RUNS = 3
TRUE = "int main(void) { return 0; }"


def seconds(once: Callable[[], object]) -> float:
    found = []
    for _ in range(RUNS):
        start = time.perf_counter()
        once()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def trials(pool: Pool, command: Command) -> float:
    def one(_number: int) -> None:
        assert pool.run(command).exit == 0  # noqa: S101  # a measurement of what fails is none

    def once() -> None:
        with ThreadPoolExecutor(WORKERS) as executor:
            list(executor.map(one, range(TRIALS)))

    return seconds(once)


def xargs(words: tuple[str, ...]) -> float:
    line = f"seq {TRIALS} | xargs -P{WORKERS} -I{{}} {shlex.join(words)}"
    return seconds(lambda: subprocess.run(["sh", "-c", line], check=True, env={"PATH": "/usr/bin:/bin"}))


def main() -> None:
    with tempfile.TemporaryDirectory() as work, Pool() as pool:
        (Path(work) / "true.c").write_text(TRUE)
        subprocess.run(["cc", "-static", "-o", f"{work}/true", f"{work}/true.c"], check=True)
        cc = subprocess.run(["sh", "-c", "command -v cc"], check=True, capture_output=True, text=True).stdout.strip()
        reaper = provide(Path(work), (cc,), {"PATH": os.environ["PATH"]}, HOST, pool.run)
        bwrap = probe(pool.run, os.environ["PATH"]).bwrap
        root = look(sys.argv[1] if len(sys.argv) > 1 else "/")
        world = World("root", root, reaper=reaper, bwrap=bwrap)
        command = Command(argv=(f"{work}/true",), env={}, cwd=work, timeout=60.0)
        inside = wrap(command, world)
        rows = (
            ("xargs, bare", xargs(command.argv)),
            ("trials, bare", trials(pool, command)),
            ("xargs, bwrap alone", xargs(wrap(command, replace(world, reaper="")).argv)),
            ("xargs, bwrap and reaper", xargs(inside.words)),
            ("trials in a root", trials(pool, inside)),
        )
    for name, took in rows:
        print(f"{name:24} {took / TRIALS * 1000:6.2f} ms a trial")
    print(
        f"trials in a root / xargs bwrap: {rows[4][1] / rows[2][1]:.2f}; / trials, bare: {rows[4][1] / rows[1][1]:.1f}"
    )


if __name__ == "__main__":
    main()
