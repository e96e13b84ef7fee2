"""What a page shows on demand → compressed JSON as text: tables by column, and what trials wrote.

A page is at most `MOST_BYTES` of this. The tables come in the order of their use; one that does not fit whole has as
many of its first rows as do, and says how many are missing.
"""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from elfworlds.yamltext.problems import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from elfworlds.jsondata import Json
    from elfworlds.report.loading import Seen
    from elfworlds.report.text import Streams

    Column: TypeAlias = Sequence[Json]
    Columns: TypeAlias = Mapping[str, Column]

MOST_BYTES = 16_000_000
ORDER = ("trials", "events", "searches", "link_maps", "bindings", "symbols", "claims", "flips", "needed", "objects")
_FEWEST_ROWS = 100


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


def tables(columns: Mapping[str, Columns], room: int = MOST_BYTES) -> Iterator[Packed]:
    """Each table that has rows, until `room` bytes are used."""
    for name in sorted(columns, key=_place):
        table = columns[name]
        rows = len(next(iter(table.values()), ()))
        if rows:
            packed = _fitting(name, table, rows, room)
            room -= len(packed.text)
            yield packed


def _place(name: str) -> int:
    return ORDER.index(name) if name in ORDER else len(ORDER)


def _fitting(name: str, table: Columns, rows: int, room: int) -> Packed:
    """As many of the first rows as fit."""
    kept = rows
    while True:
        text = pack({column: coded(values[:kept]) for column, values in table.items()})
        if len(text) <= room or kept == 0:
            return Packed(name, kept, rows - kept, text)
        fewer = int(kept * room / len(text) * 0.9)
        kept = fewer if fewer >= _FEWEST_ROWS else 0


def coded(values: Column) -> Json:
    """A column; one with few different texts is a list of them, and each row's place in it."""
    texts = [printable(value) if isinstance(value, str) else value for value in values]
    different = {text: at for at, text in enumerate(dict.fromkeys(texts))}
    if len(different) * 2 > len(texts):
        return {"values": texts}
    return {"texts": list(different), "codes": [different[text] for text in texts]}


def streams(written: Streams) -> Packed:
    """What trials wrote; each text once."""
    texts: dict[str, int] = {}
    trials: dict[str, Json] = {}
    for trial, files in written.items():
        trials[trial] = {name: texts.setdefault(printable(text), len(texts)) for name, text in files.items()}
    return Packed("streams", len(trials), 0, pack({"texts": list(texts), "trials": trials}))


def pictures(seen: Sequence[Seen]) -> Packed:
    """Of each picture the trial that it stands for, and the file at each of its places."""
    entries: list[Json] = [
        {
            "trial": drawn.trial,
            "picture": drawn.picture,
            "files": {
                f"{lmid}.{at}": mapped.path
                for lmid, members in drawn.namespaces.objects.items()
                for at, mapped in enumerate(members)
            },
        }
        for drawn in seen
    ]
    return Packed("pictures", len(entries), 0, pack({"pictures": entries}))


def pack(data: Json) -> str:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=False)
    return base64.b64encode(gzip.compress(text.encode("utf-8", "replace"), 9, mtime=0)).decode("ascii")
