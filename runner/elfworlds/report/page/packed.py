"""What a page shows on demand → compressed JSON as text: tables by column, pictures, and what trials wrote.

A page is at most `MOST_BYTES` of this. Pictures and what trials wrote have a quarter of it each at most; the tables
come in the order of their use. A part that does not fit whole has as many of its first entries as do, and says how
many are missing.
"""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from elfworlds.yamltext.problems import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from elfworlds.jsondata import Json
    from elfworlds.report.loading import Seen
    from elfworlds.report.text import Streams

    Column: TypeAlias = Sequence[Json]
    Columns: TypeAlias = Mapping[str, Column]

MOST_BYTES = 16_000_000
MOST_ROWS = 500_000  # of a table; a browser searches no more in a moment
MOST_PICTURES = 400
STREAMS, PICTURES = "streams", "pictures"
ORDER = ("trials", "events", "searches", "link_maps", "bindings", "symbols", "claims", "flips", "needed", "objects")
_FEWEST_ROWS = 100
_LEVEL = 6  # of gzip: 9 takes three times as long for a twentieth less


@dataclass(frozen=True, slots=True)
class Packed:
    """A part of the page's data.

    Attributes:
        rows: how many the part has.
        missing: how many it has not, because the page would be too large.
        text: gzip as base64.
    """

    name: str
    rows: int
    missing: int
    text: str


@dataclass(frozen=True, slots=True)
class Data:
    """All parts of a page's data."""

    tables: Sequence[Packed]
    streams: Packed
    pictures: Packed

    @property
    def parts(self) -> Sequence[Packed]:
        return (*self.tables, self.streams, self.pictures)


def data(columns: Mapping[str, Columns], written: Streams, seen: Sequence[Seen], room: int = MOST_BYTES) -> Data:
    """As much of everything as `room` bytes hold."""
    drawn = pictures(seen, room // 4)
    wrote = streams(written, room // 4)
    return Data([*tables(columns, room - len(drawn.text) - len(wrote.text))], wrote, drawn)


def tables(columns: Mapping[str, Columns], room: int) -> Iterator[Packed]:
    """Each table that has rows, until `room` bytes are used."""
    for name in sorted(columns, key=_place):
        table = columns[name]
        rows = len(next(iter(table.values()), ()))
        if rows:
            packed = _table(name, table, rows, room)
            room -= len(packed.text)
            yield packed


def _place(name: str) -> int:
    return ORDER.index(name) if name in ORDER else len(ORDER)


def _table(name: str, table: Columns, rows: int, room: int) -> Packed:
    """As many of the first rows as fit, unless they are so few that nobody would look at them."""

    def first(kept: int) -> Json:
        return {column: coded(values[:kept]) for column, values in table.items()}

    packed = _fitting(name, rows, first, room, MOST_ROWS)
    few = packed.missing and packed.rows < _FEWEST_ROWS
    return Packed(name, 0, rows, pack(first(0))) if few else packed


def _fitting(name: str, count: int, first: Callable[[int], Json], room: int, most: int) -> Packed:
    """As many of the first entries as fit."""
    kept = min(count, most)
    while True:
        text = pack(first(kept))
        if len(text) <= room or kept == 0:
            return Packed(name, kept, count - kept, text)
        kept = max(0, int(kept * room / len(text) * 0.9))


def coded(values: Column) -> Json:
    """A column; one with few different texts is a list of them, and each row's place in it."""
    texts = [printable(value) if isinstance(value, str) else value for value in values]
    different = {text: at for at, text in enumerate(dict.fromkeys(texts))}
    if len(different) * 2 > len(texts):
        return {"values": texts}
    return {"texts": list(different), "codes": [different[text] for text in texts]}


def streams(written: Streams, room: int) -> Packed:
    """What trials wrote; each text once."""
    entries = list(written.items())

    def first(kept: int) -> Json:
        texts: dict[str, int] = {}
        trials: dict[str, Json] = {}
        for trial, files in entries[:kept]:
            trials[trial] = {name: texts.setdefault(printable(text), len(texts)) for name, text in files.items()}
        return {"texts": list(texts), "trials": trials}

    return _fitting(STREAMS, len(entries), first, room, len(entries))


def pictures(seen: Sequence[Seen], room: int) -> Packed:
    """Of each picture the trial that it stands for, and the file at each of its places."""

    def first(kept: int) -> Json:
        return {"pictures": [_picture(drawn) for drawn in seen[:kept]]}

    return _fitting(PICTURES, len(seen), first, room, MOST_PICTURES)


def _picture(drawn: Seen) -> Json:
    spaces = drawn.namespaces.objects.items()
    files = {f"{lmid}.{at}": mapped.path for lmid, members in spaces for at, mapped in enumerate(members)}
    return {"trial": drawn.trial, "picture": drawn.picture, "files": files}


def pack(data: Json) -> str:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=False)
    return base64.b64encode(gzip.compress(text.encode("utf-8", "replace"), _LEVEL, mtime=0)).decode("ascii")
