"""Bytes that nobody wrote, for every reader of files and of what programs say: `make fuzz`.

Each target has recordings; a few places of one are changed at random, always the same way for a seed. A reader either
reads the result or raises its own errors, within a second or so. What it does not is kept in .fuzz/, and told.
"""

from __future__ import annotations

import argparse
import random
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from mutating import edited

NUMBERS = tuple(
    number % (1 << 64)
    for number in (
        *(0, 1, 2, 3, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF),
        *((1 << n) + d for n in (31, 63) for d in (-1, 0)),
        -1,
        -8,
    )
)
LONGEST = 20  # seconds of processor time for one input
WAITS = 30  # times as long on the clock: a machine may give a process nothing for minutes
ADDRESS_SPACE = 4 << 30


@dataclass(frozen=True, slots=True)
class Target:
    """A reader.

    Attributes:
        name: what it reads.
        samples: recordings, made in a directory.
        use: reads; the path is a file with the bytes, for readers that open one.
        errors: its own.
        change: how a sample becomes another one.
    """

    name: str
    samples: Callable[[Path], Sequence[bytes]]
    use: Callable[[bytes, Path], object]
    errors: tuple[type[Exception], ...]
    change: Callable[[bytes, random.Random], bytes]
    needs_file: bool = False


@dataclass(slots=True)
class Tally:
    """What came of it."""

    tried: int = 0
    refused: int = 0
    slowest: float = 0.0
    failures: list[str] = field(default_factory=list)


class TooLongError(BaseException):
    """One input took too long; no reader may catch it."""


def of_words(data: bytes, rng: random.Random) -> bytes:
    """A text with a few places edited; sometimes cut off."""
    text = edited(data, rng)
    return text[: rng.randrange(len(text) + 1)] if rng.random() < 0.1 else text  # now and then


def of_numbers(data: bytes, rng: random.Random) -> bytes:
    """A binary file with a few numbers replaced, most of them where its headers are; sometimes cut off."""
    changed = bytearray(data)
    for _ in range(rng.randrange(1, 6)):
        size = rng.choice((1, 2, 4, 8))
        most = rng.choice((64, 700, 4096, len(changed)))
        at = rng.randrange(max(1, min(most, len(changed)) - size))
        number = rng.choice(NUMBERS) if rng.random() < 0.7 else rng.getrandbits(64)  # mostly
        changed[at : at + size] = (number % (1 << 8 * size)).to_bytes(size, "little")
    return bytes(changed[: rng.randrange(len(changed))] if rng.random() < 0.05 else changed)


def inputs(target: Target, samples: Sequence[bytes], seed: int) -> Iterator[bytes]:
    rng = random.Random(f"{target.name} {seed}")  # noqa: S311  # the same each time
    while True:
        yield target.change(rng.choice(samples), rng)


def fuzz(target: Target, place: Path, seed: int, *, times: int = 0, seconds: float = 0.0) -> Tally:
    """Try inputs; so many of them, or for so long."""
    tally, start, victim = Tally(), time.monotonic(), place / f"victim-{target.name}-{seed}"
    signal.signal(signal.SIGALRM, _too_long)
    signal.signal(signal.SIGPROF, _too_long)
    for data in inputs(target, target.samples(place), seed):
        if (times and tally.tried >= times) or (seconds and time.monotonic() - start >= seconds):
            break
        if target.needs_file:
            victim.write_bytes(data)
        began = time.process_time()
        signal.alarm(LONGEST * WAITS)
        signal.setitimer(signal.ITIMER_PROF, LONGEST)
        try:
            target.use(data, victim)
        except target.errors:
            tally.refused += 1
        except (Exception, TooLongError) as error:  # noqa: BLE001  # this is what is looked for
            tally.failures.append(_kept(target, data, error))
        finally:
            signal.alarm(0)
            signal.setitimer(signal.ITIMER_PROF, 0)
        tally.tried += 1
        tally.slowest = max(tally.slowest, time.process_time() - began)
    return tally


def _too_long(_number: int, _frame: object) -> NoReturn:
    raise TooLongError(f"more than {LONGEST} s")


def _kept(target: Target, data: bytes, error: BaseException) -> str:
    kept = Path(".fuzz") / f"{target.name}-{abs(hash(data)):x}"
    kept.parent.mkdir(exist_ok=True)
    kept.write_bytes(data)
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{kept}: {type(error).__name__}: {error!s:.200} ({where.filename}:{where.lineno})"


def main(words: Sequence[str]) -> int:
    from fuzz_targets import TARGETS  # noqa: PLC0415  # it imports from here

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], help="default: all")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each target")
    parser.add_argument("--times", type=int, default=0, help="inputs for each target, instead of seconds")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args(words)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    place = Path(".fuzz")
    place.mkdir(exist_ok=True)
    wrong = 0
    for name in asked.targets or TARGETS:
        tally = fuzz(TARGETS[name], place, asked.seed, times=asked.times, seconds=0 if asked.times else asked.seconds)
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        told = f"{tally.tried} inputs, {tally.refused} refused, slowest {tally.slowest:.2f} s, {most} MiB at most"
        print(f"{name} (seed {asked.seed}): {told}, {len(tally.failures)} wrong", flush=True)  # noqa: T201
        print("\n".join(sorted(set(tally.failures))[:20]), end="", flush=True)  # noqa: T201
        wrong += len(tally.failures)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
