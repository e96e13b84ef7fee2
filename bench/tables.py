"""How long a million events and a million bindings take to become tables: at most 10 s each.

Run it as `python bench/tables.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from elfworlds.tables import as_csv, as_parquet, bindings_frame, events_frame

MILLION = 1_000_000
Made = TypeVar("Made")


def events() -> list[dict[str, object]]:
    return [
        {"trial": "s", "event": "call", "pid": 7, "step": number, "name": "f", "result": number, "at": "0x7f0000001000"}
        for number in range(MILLION)
    ]


def trace() -> dict[str, object]:
    paths = [f"/x/lib{number}.so" for number in range(100)]
    maps = [{"path": path, "object": f"o-{number}"} for number, path in enumerate(paths)]
    bindings = [
        {
            "pid": 0,
            "from": paths[number % 100],
            "from_lmid": number % 16,
            "to": paths[number % 97],
            "to_lmid": number % 16,
            "symbol": f"symbol_{number % 5000}",
            "version": None if number % 2 else "GLIBC_2.2.5",
            "kind": "normal",
        }
        for number in range(MILLION)
    ]
    return {"trial": "s", "scenario": "s", "point": {"libc": "host"}, "link_maps": maps, "bindings": bindings}


def timed(what: str, make: Callable[[], Made]) -> Made:
    start = time.perf_counter()
    made = make()
    print(f"{what:34} {time.perf_counter() - start:6.1f} s")
    return made


def main() -> None:
    told = events()
    frame = timed("a million events", lambda: events_frame("x", [{"trial": "s", "scenario": "s"}], told))
    timed("  as CSV", lambda: as_csv(frame))
    timed("  as Parquet", lambda: as_parquet(frame))
    seen = [trace()]
    frame = timed("a million bindings", lambda: bindings_frame("x", ["libc"], seen))
    timed("  as CSV", lambda: as_csv(frame))
    timed("  as Parquet", lambda: as_parquet(frame))


if __name__ == "__main__":
    main()
