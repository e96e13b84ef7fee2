"""The same trials in a root and in a debootstrapped system of that suite: python bench/chroot_check.py SUITE DIRECTORY.

DIRECTORY is a system with a compiler and /proc, made by hand:
    mmdebstrap --variant=apt --include=gcc,g++,libc6-dev SUITE DIRECTORY; mount -t proc proc DIRECTORY/proc
The exported script of each plain trial is run in there as root, and its outcome compared with the trial's in the root.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from elfworlds import outcome, shell_script
from elfworlds.outcome.judge import name_of
from elfworlds.planning import Plan, Trial, realise
from elfworlds.planning.select import labels_of
from elfworlds.process import Pool
from elfworlds.records import RunDirectory
from elfworlds.traces import events
from elfworlds.workflow import toolchains as worlds
from elfworlds.workflow.experiments import load_all
from elfworlds.workflow.plans import make_plan
from elfworlds.workflow.screen import Silent
from elfworlds.workflow.session import Session

EXPERIMENTS = ("namespace-limit", "reference-count", "rtld-global", "lazy-undefined", "iterate-phdr", "preload-shim")
WORK = "/tmp/trials"  # noqa: S108  # in there


def main(suite: str, system: Path) -> None:
    differ = 0
    for name in EXPERIMENTS:
        path, label = Path(f"experiments/{name}.yaml"), f"libc=debian/{suite}"
        subprocess.run(["elfworlds", "run", "-q", "--no-tables", path, "-S", label], check=False, capture_output=True)
        seen = {trial.trial: trial.outcome for trial in RunDirectory(Path("results") / name / "latest").trials()}
        found = worlds.chosen(load_all([path], Path.cwd()), labels_of([label]))
        with Pool() as pool:
            plan = make_plan(found[0], worlds.foreseen(found, Session(pool, os.environ, Silent(), jobs=1)))
        plain = [trial for trial in plan.trials if trial.observer == "plain" and trial.repeat == 1]
        other = {trial.id: tried(plan, trial, system) for trial in plain}
        wrong = {one: (seen[one], got) for one, got in other.items() if seen[one] != got}
        differ += len(wrong)
        print(f"{name} on {suite}: {len(plain) - len(wrong)} of {len(plain)} trials alike", *wrong.items(), sep="\n  ")
    sys.exit(differ > 0)


def tried(plan: Plan, trial: Trial, system: Path) -> str:
    """The outcome of a trial's script."""
    here = system / WORK.strip("/") / str(trial.number)
    subprocess.run(["rm", "-rf", here], check=True)
    here.mkdir(parents=True)
    (here / "script").write_text(shell_script.script(plan, trial))
    line = f"cd {WORK}/{trial.number} && exec sh script 9>>events >stdout 2>stderr"
    done = subprocess.run(["chroot", system, "/bin/sh", "-c", line], check=False)
    code = -done.returncode if done.returncode < 0 else max(done.returncode - 128, 0)
    values: dict[str, Any] = {
        **outcome.event_values(events.parse((here / "events").read_bytes())),
        "exit": None if code else done.returncode,
        "signal": signal.Signals(code).name if code else None,
        "stdout": (here / "stdout").read_text(errors="replace"),
        "stderr": (here / "stderr").read_text(errors="replace"),
    }
    places = {key: f"{WORK}/{trial.number}/{shell_script.place(one)}" for key, one in plan.requests.items()}
    return name_of({name: put(matchers, places) for name, matchers in trial.bound.outcomes.items()}, values)


def put(data: Any, places: dict[str, str]) -> Any:  # noqa: ANN401  # matchers hold any data
    if isinstance(data, str):
        return realise(data, places.__getitem__)
    if isinstance(data, dict):
        return {key: put(value, places) for key, value in data.items()}
    return [put(one, places) for one in data] if isinstance(data, list) else data


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
