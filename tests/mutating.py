"""Recordings changed at random, the same way each time."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

TIMES = 10_000
WINDOW = 3000
PIECES = (
    b"",
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b"<",
    b">",
    b"&",
    b"\n",
    b"\xff",
    b"\0",
    b"0x",
    b"=",
    b",",
    b"9" * 40,
)


def mutated(texts: Sequence[bytes]) -> Iterator[bytes]:
    """Part of a recording, a few places of it replaced, cut out or repeated."""
    rng = random.Random(0)  # noqa: S311  # the same each time
    for _ in range(TIMES):
        whole = rng.choice(texts)
        start = rng.randrange(len(whole))
        data = bytearray(whole[start : start + rng.randrange(1, WINDOW)])
        for _ in range(rng.randrange(1, 8)):
            at = rng.randrange(len(data) + 1)
            end = at + rng.choice((0, 1, 1, 30))
            data[at:end] = rng.choice((rng.choice(PIECES), bytes(data[at:end]) * 2, rng.randbytes(2)))
        yield bytes(data)
