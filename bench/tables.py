"""How long a million events and a million bindings take to become tables: at most 10 s each.

Run it as `python bench/tables.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from recorded import TRIAL, events, trace

from elfworlds.tables import as_csv, as_parquet, bindings_frame, events_frame

MILLION = 1_000_000
Made = TypeVar("Made")


def timed(what: str, make: Callable[[], Made]) -> Made:
    start = time.perf_counter()
    made = make()
    print(f"{what:34} {time.perf_counter() - start:6.1f} s")
    return made


def main() -> None:
    told = list(events(MILLION, TRIAL.trial))
    frame = timed("a million events", lambda: events_frame("x", [TRIAL], told))
    timed("  as CSV", lambda: as_csv(frame))
    timed("  as Parquet", lambda: as_parquet(frame))
    seen = [trace(MILLION)]
    frame = timed("a million bindings", lambda: bindings_frame("x", ["libc"], seen))
    timed("  as CSV", lambda: as_csv(frame))
    timed("  as Parquet", lambda: as_parquet(frame))


if __name__ == "__main__":
    main()
