"""SIGKILL at random moments of one run, which then goes on; many runners at once on one store."""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections.abc import Iterator

from .place import ROOT, Place, Row, recorded, trials

KILLS, TRIALS, RUNNERS, SECONDS = 50, 600, 8, 60
PROGRAM = """
experiment: killed
question: Does it go on?
objects:
  app:
    executable: app
    code: |
      #include <unistd.h>
      int main(void)
      {
          usleep(3000);
          return 7;
      }
scenarios:
  s: {run: "${app} MARKER", repeat: 600, outcomes: {seven: {exit: 7}}, expect: {outcome: seven}}
"""


def kills(place: Place) -> Row:
    """A run of 600 trials is killed 50 times, wherever it is, and ends in the end."""
    path = place.experiment("killed", PROGRAM)
    chance, before, done = random.Random(16), 0, 0  # noqa: S311  # no secret
    for _ in range(KILLS):
        run = place.start("run", "--no-tables", path)
        target = before + chance.randrange(9)
        while run.poll() is None and sum(map(recorded, place.runs("killed"))) <= target:
            time.sleep(0.02)
        time.sleep(chance.random() * 0.02)
        run.send_signal(signal.SIGKILL)
        run.communicate()
        done += run.returncode == -signal.SIGKILL
        before = sum(map(recorded, place.runs("killed")))
    code, _ = place.run("run", "--no-tables", path)
    ended = [trial for run in place.runs("killed") for trial in trials(run)]
    lost = TRIALS - len({trial["trial"] for trial in ended if trial["verdict"] == "PASS"})
    twice = len(ended) - len({trial["trial"] for trial in ended})
    said = f"{lost} of {TRIALS} trials; {twice} recorded twice; exit {code}, {len(place.runs('killed'))} run"
    return Row("SIGKILL of a run that goes on", done, said, place.left())


def runners(place: Place) -> Row:
    """Eight runners on one store and one directory of results, and the collector of garbage between them."""
    shutil.copytree(ROOT / "csrc", place.path / "csrc", dirs_exist_ok=True)
    for name in ("different-libs", "same-lib"):
        shutil.copy(ROOT / "experiments" / f"{name}.yaml", place.path / "experiments")
    end = time.monotonic() + SECONDS
    codes: list[int] = []
    running = [place.start(*words) for words in _commands(RUNNERS)]
    said: list[str] = []
    while running:
        for number, run in enumerate([*running]):
            if run.poll() is None:
                continue
            out, _ = run.communicate()
            codes.append(run.returncode)
            said += [out] if run.returncode else []
            running.remove(run)
            if time.monotonic() < end:
                running += [place.start(*words) for words in _commands(1, number)]
                place.run("store", "gc", "--older-than", "1s")
        time.sleep(0.1)
    bad = sum(code != 0 for code in codes)
    print("".join(said[:2]))
    short = sum(not (run / "complete").exists() for name in ("different-libs", "same-lib") for run in place.runs(name))
    return Row(
        f"{RUNNERS} runners for {SECONDS} s, and `store gc --older-than 1s` between them",
        len(codes),
        f"{bad} of {len(codes)} runs failed; {short} are not complete",
        place.left(),
    )


def _commands(count: int, first: int = 0) -> Iterator[tuple[str, ...]]:
    for number in range(first, first + count):
        name = ("different-libs", "same-lib")[number % 2]
        yield "run", "--no-tables", "-j", "1", f"experiments/{name}.yaml"
