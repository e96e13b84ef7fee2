"""A page has a bounded size, whatever the run: what does not fit is left out from the end, and told."""

from __future__ import annotations

import base64
import gzip
import json
import random
from collections.abc import Mapping, Sequence

import pytest

from elfworlds.jsondata import Json
from elfworlds.report.loading import Seen
from elfworlds.report.page import packed
from elfworlds.report.page.packed import Data, Packed
from elfworlds.report.pictures.namespaces import Namespaces

ROOM = 40_000
NOTHING_FITS = 400  # bytes that the frame of a few empty parts takes


def noise(count: int, size: int, seed: int = 1) -> list[str]:
    """Texts that no compression makes much smaller."""
    rng = random.Random(seed)  # noqa: S311  # the same each time
    return [rng.randbytes(size).hex() for _ in range(count)]


def drawn(picture: str) -> Seen:
    return Seen("s", (), "everywhere", "s,libc=host", Namespaces({}, (), 0), picture)


def made(rows: int, written: Sequence[str], pictures: Sequence[str], room: int = ROOM) -> Data:
    trials: Mapping[str, Sequence[Json]] = {"trial": [f"t{at}" for at in range(rows)], "note": noise(rows, 8)}
    streams = {f"t{at}": {"stdout": text} for at, text in enumerate(written)}
    return packed.data({"bindings": trials, "trials": trials}, streams, [drawn(text) for text in pictures], room)


def unpacked(part: Packed) -> dict[str, Json]:
    read: dict[str, Json] = json.loads(gzip.decompress(base64.b64decode(part.text)))
    return read


@pytest.mark.parametrize(
    ("rows", "written", "pictures"),
    [(9000, 10, 2), (10, 900, 2), (10, 10, 900), (9000, 900, 900), (3000, 1, 1)],
    ids=["trials", "what-trials-wrote", "pictures", "everything", "both-tables"],
)
def test_all_parts_together_fit_and_each_says_what_is_missing(rows: int, written: int, pictures: int) -> None:
    data = made(rows, noise(written, 100), noise(pictures, 100))
    assert sum(len(part.text) for part in data.parts) <= ROOM + NOTHING_FITS
    counts = {"trials": rows, "bindings": rows, "streams": written, "pictures": pictures}
    assert {part.name: part.rows + part.missing for part in data.parts} == counts
    assert [part.name for part in data.tables] == ["trials", "bindings"]
    assert any(part.missing for part in data.parts)


def test_what_fits_is_there_whole() -> None:
    data = made(20, noise(20, 10), noise(3, 10))
    assert [part.missing for part in data.parts] == [0, 0, 0, 0]
    assert unpacked(data.streams)["texts"] == noise(20, 10)
    assert unpacked(data.tables[0])["trial"] == {"values": [f"t{at}" for at in range(20)]}


def test_the_first_entries_are_kept() -> None:
    data = made(10, noise(900, 100), [])
    read = unpacked(data.streams)
    assert read["trials"] == {f"t{at}": {"stdout": at} for at in range(data.streams.rows)}
    assert 0 < data.streams.rows < 900


def test_one_picture_that_is_too_large_takes_no_room_from_the_rest() -> None:
    data = made(50, noise(5, 100), noise(1, ROOM))
    assert (data.pictures.rows, data.pictures.missing) == (0, 1)
    assert (data.streams.missing, data.tables[0].missing) == (0, 0)


def test_a_text_that_many_trials_wrote_is_there_once() -> None:
    assert unpacked(made(5, ["the same"] * 5, []).streams)["texts"] == ["the same"]
