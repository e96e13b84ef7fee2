"""Mutants of the heart: how many of them do its own tests catch?

Install what it needs with `pip install -e '.[test,mutation]'`, then run `python -m bench.mutants` in the project's
directory. A fixed seed takes 600 of all mutants that cosmic-ray's operators make of ROOMS. What came of each is one
line of .cache/mutants.jsonl, so that an interrupted session goes on where it was. `--workers 2` tries two at a time,
`--again` tries the survivors again after tests were added, `--show` only shows the score and every survivor.

Each mutant is tried with those tests of its room that reach its line, the quickest first; `--again` tries what survived
with all others of the room too. A mutant exists only in the memory of a process of its own. A change of an annotation
is no mutant. What a room's tests reach is measured once for a tree (.cache/mutants-reach).
"""

from __future__ import annotations

import argparse

from .rooms import ROOMS
from .sample import sample
from .show import show
from .testing import BROKEN, SURVIVED
from .trials import read_trials, try_all

SAMPLE = 600


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=SAMPLE)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--rooms", nargs="*", choices=list(ROOMS), default=list(ROOMS))
    parser.add_argument("--again", action="store_true", help="try the survivors again, with every test of their room")
    parser.add_argument("--show", action="store_true", help="try nothing, show what came")
    return parser.parse_args()


def main() -> None:
    asked = options()
    mutants = list(sample(asked.number, asked.rooms))
    trials = read_trials()
    uncaught = {trial.id for trial in trials.values() if trial.outcome in (SURVIVED, BROKEN)}
    left = [mutant for mutant in mutants if (mutant.id in uncaught if asked.again else mutant.id not in trials)]
    if left and not asked.show:
        try_all(left, asked.workers, thorough=asked.again)
    trials = read_trials()
    show([trials[mutant.id] for mutant in mutants if mutant.id in trials])


if __name__ == "__main__":
    main()
