"""A disk that is full: runs on file systems of ten sizes, which then grow."""

from __future__ import annotations

import subprocess

from .place import Place, Row, trials

SIZES = (64, 80, 96, 112, 128, 160, 200, 260, 340, 460)  # kB; a run of these trials takes some 500
TRIALS = 20
TEXT = """
experiment: full
question: What is lost on a disk that is full?
objects:
  app:
    executable: app
    code: |
      #include <stdio.h>
      int main(void)
      {
          for (int i = 0; i < 500; i++)
              puts("a line of output");
          return 0;
      }
scenarios:
  s: {run: "${app} MARKER", repeat: 20, outcomes: {zero: {exit: 0}}, expect: {outcome: zero}}
"""


def full(place: Place) -> Row:
    """A run that ends on a full disk says so; when there is room it goes on, and nothing of it is lost or half."""
    path = place.experiment("full", TEXT)
    place.run("build", path)
    lost = said = 0
    others: set[int] = set()
    for size in SIZES:
        disk = place.path / f"disk-{size}"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "none", disk], check=True)
        try:
            code, out = place.run("run", path, "-o", disk / "results")
            said += code == 4 and "No space left on device" in out
            others |= {code} - {4}
            subprocess.run(["mount", "-o", "remount,size=100m", disk], check=True)
            after, out = place.run("run", path, "-o", disk / "results")
            runs = [run for run in (disk / "results" / "full").iterdir() if run.name[0].isdigit()]
            whole = [run for run in runs if (run / "complete").exists() and len(trials(run)) == TRIALS]
            lost += after != 0 or not whole
        finally:
            subprocess.run(["umount", disk], check=True)
    words = f"{lost} runs; {said} of {len(SIZES)} said that the disk is full (exit 4){_besides(others)}"
    return Row("a disk that is full, at ten sizes, and then has room", len(SIZES), words, place.left())


def _besides(codes: set[int]) -> str:
    return f"; others ended with exit {', '.join(map(str, sorted(codes)))}" if codes else ""
