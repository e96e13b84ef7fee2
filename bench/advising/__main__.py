"""What `elfworlds advise` foretells of every library below a directory, beside what really happens to each.

Run it as `python -m bench.advising [--root ROOT] [DIRECTORY…]`; /usr/lib of this machine where nothing is named. Each
file is opened in a sandbox, in processes of its own. `--seen FILE` keeps what happened, and takes it from there the
next time.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from elfworlds.advice import Advice, Adviser
from elfworlds.errors import InputError
from elfworlds.inspection import World

from .files import libraries
from .watching import Seen, Steps, watch

WANTED = 97.0  # per cent
LOADS, GONE, COPIES = "loads in a new namespace", "gone after dlclose", "how many copies"
DEADLY = frozenset({"shared-keys", "interposer", "failing-lookup"})  # hazards that say that the process may end
NUMBERS = (LOADS, GONE, COPIES)


@dataclass(frozen=True)
class Answer:
    """One number of one file.

    Attributes:
        safe: nothing was foretold to go wrong, and the process died or was refused.
    """

    number: str
    path: str
    foretold: str
    seen: str
    safe: bool = False

    @property
    def right(self) -> bool:
        return self.foretold == self.seen


def answers(seen: Seen, advice: Advice) -> Iterator[Answer]:
    forecast = advice.forecast
    warned = bool(DEADLY & {each.rule for each in advice.hazards})
    loads = seen.once.failure or str(seen.loads)
    yield Answer(LOADS, seen.path, str(forecast.loads), loads, safe=forecast.loads and not seen.loads and not warned)
    if not seen.loads or seen.gone is None:
        return
    yield Answer(GONE, seen.path, str(forecast.gone), str(seen.gone))
    safe = forecast.copies > seen.copies.loaded and not warned
    died = seen.count is None and not (forecast.limit == "keys" and seen.copies.loaded >= forecast.copies)
    count = f"died after {seen.copies.loaded}" if died else str(_count(seen, advice))
    yield Answer(COPIES, seen.path, str(forecast.copies), count, safe=safe)


def _count(seen: Seen, advice: Advice) -> int:
    """Where more than one copy is foretold to be unsafe, that one of them died confirms it."""
    return advice.forecast.copies if seen.count is None else seen.count


def table(every: Sequence[Answer]) -> Iterator[str]:
    yield "| foretold | files | right | |"
    yield "| --- | ---: | ---: | ---: |"
    for number in NUMBERS:
        those = [answer for answer in every if answer.number == number]
        right = sum(answer.right for answer in those)
        yield f"| {number} | {len(those)} | {right} | {100 * right / max(1, len(those)):.1f} % |"


def hazardous(advices: Iterable[Advice]) -> Iterator[str]:
    """The files with most hazards."""
    ranked = sorted(advices, key=lambda advice: (-len({each.rule for each in advice.hazards}), advice.path))
    for advice in ranked[:10]:
        rules = dict.fromkeys(each.rule for each in advice.hazards)
        yield f"{advice.path}: {', '.join(rules)}"


def observed(paths: Sequence[str], root: str, kept: Path | None) -> Iterator[Seen]:
    if kept and kept.exists():
        for line in kept.read_text().splitlines():
            row = json.loads(line)
            yield Seen(row["path"], *(Steps(tuple(row[key]["lines"]), row[key]["ended"]) for key in ("once", "copies")))
        return
    with tempfile.TemporaryDirectory() as work:
        every = list(watch(paths, Path(work), root))
    if kept:
        kept.write_text("".join(json.dumps(asdict(each)) + "\n" for each in every))
    yield from every


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", default="/")
    parser.add_argument("--seen", type=Path)
    parser.add_argument("directories", nargs="*", default=["/usr/lib"])
    options = parser.parse_args()
    adviser = Adviser.of(World(root=None if options.root == "/" else options.root))
    every: list[Answer] = []
    advices: list[Advice] = []
    start, spent = time.process_time(), 0.0
    for seen in observed(libraries(options.directories, options.root), options.root, options.seen):
        start = time.process_time()
        try:
            advice = adviser.advise(options.root.rstrip("/") + seen.path)
        except InputError as error:
            print(f"{seen.path}: {error.message}")
            continue
        spent += time.process_time() - start
        advices.append(advice)
        every += answers(seen, advice)
    print(f"{len(advices)} files, {1000 * spent / max(1, len(advices)):.0f} s of processor time a thousand\n")
    print("\n".join(table(every)), "\n")
    for answer in every:
        if not answer.right:
            print(f"{answer.number}: {answer.path}: foretold {answer.foretold}, seen {answer.seen}")
    print("\ncalled safe, and was not:", [answer.path for answer in every if answer.safe])
    rules = Counter(rule for advice in advices for rule in {each.rule for each in advice.hazards})
    print("\nhazards, by how many files have them:", dict(rules.most_common()), "\n")
    print("\n".join(hazardous(advices)))


if __name__ == "__main__":
    main()
