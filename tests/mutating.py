"""Recordings changed at random, the same way each time."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

TIMES = 10_000
WINDOW = 3000
PIECES = (
    *(
        b"",
        b'"',
        b"'",
        b"\\",
        b"{",
        b"}",
        b"[",
        b"]",
        b"<",
        b">",
        b"&",
        b"*",
        b"\n",
        b"\r",
        b"\xff",
        b"\0",
        b"0x",
        b"=",
    ),
    *(b",", b": ", b"- ", b"${", b"$${", b"9" * 40, b"-1", b"1e999", b"null", b"true", b"\x1b[2J", "\u202e".encode()),
)


def mutated(texts: Sequence[bytes]) -> Iterator[bytes]:
    """Part of a recording, a few places of it replaced, cut out or repeated."""
    rng = random.Random(0)  # noqa: S311  # the same each time
    for _ in range(TIMES):
        whole = rng.choice(texts)
        start = rng.randrange(len(whole))
        yield edited(whole[start : start + rng.randrange(1, WINDOW)], rng)


def edited(data: bytes, rng: random.Random) -> bytes:
    """A text with a few places replaced, cut out or repeated."""
    text = bytearray(data)
    for _ in range(rng.randrange(1, 8)):
        at = rng.randrange(len(text) + 1)
        end = at + rng.choice((0, 1, 1, 4, 30))
        text[at:end] = rng.choice((rng.choice(PIECES), bytes(text[at:end]) * 2, rng.randbytes(2)))
    return bytes(text)
