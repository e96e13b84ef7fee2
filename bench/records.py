"""How long reading a run takes beside reading its JSON alone: 100,000 trials, 200,000 events, a million bindings.

Run it as `python bench/records.py`. The ratio was 1.1 to 1.2 where records were mappings that nothing checked.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from recorded import TRIAL, events, trace, trials

from elfworlds.records import RunAbout, RunDirectory, read_run

TRIALS, EVENTS, BINDINGS = 100_000, 200_000, 1_000_000
PARTS = ("system", "kernel", "machine", "cpu", "python", "elfworlds", "backend")


def written(directory: RunDirectory) -> None:
    axes = {axis: (label,) for axis, label in TRIAL.point.items()}
    about = RunAbout(1, "", "", "x", "?", {}, "", axes, {}, {}, TRIALS, "")
    directory.write_json("run.json", about)
    directory.write_json("environment.json", {**dict.fromkeys(PARTS, "x"), "toolchains": []})
    directory.write_records("trials.jsonl", trials(TRIALS))
    directory.write_records("events.jsonl", events(EVENTS, TRIAL.trial))
    directory.write_records("traces.jsonl", [trace(BINDINGS)])


def least(what: Callable[[], object]) -> float:
    """The least processor seconds of three times."""
    seconds = []
    for _ in range(3):
        start = time.process_time()
        what()
        seconds.append(time.process_time() - start)
    return min(seconds)


def parsed(path: Path) -> None:
    for file in path.glob("*.jsonl"):
        [json.loads(line) for line in file.read_text().splitlines()]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = RunDirectory(Path(name))
        written(directory)
        alone = least(lambda: parsed(directory.path))
        for what, read in {
            "trials": directory.trials,
            "events": directory.events,
            "traces": directory.traces,
            "the whole run": lambda: read_run(directory),
        }.items():
            print(f"{what:16} {least(read):6.2f} s")
        whole = least(lambda: read_run(directory))
        print(f"its JSON alone   {alone:6.2f} s; reading takes {whole / alone:.2f} times as long")


if __name__ == "__main__":
    main()
