"""Faults that are injected for real, and what came of it: docs/reliability.md.

Run it as `python -m bench.reliability`; as root, since file systems are mounted, and a root of Debian bookworm is used
where it is in the cache. It takes ten minutes of an idle machine. `python -m bench.reliability kills full` runs some
parts; the page keeps the rows of the others.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bench.guarding import HEADING

from . import full, killed, misbehaving, strangers
from .place import ROOT, Place, Row

PAGE = ROOT / "docs" / "reliability.md"
ROWS = ROOT / ".cache" / "reliability"
POISONED = "tests/test_poisoned_outputs.py"
HEAD = """# Reliability

Each fault was injected for real, in a run of `python -m bench.reliability` on {when}: {machine}.

| fault | times injected | lost | left behind |
| --- | --- | --- | --- |
"""
FOOT = """
Left behind are processes of trials, run directories without a name, and entries of the store that
`elfworlds store verify` calls damaged; they are looked for after each row. A run that was killed is continued by the
next one. Trials that misbehave stand beside as many that do not, which are counted too. What a power cut takes is
tested with a layer that loses what was not brought to the disk: tests/test_power_cut.py.
"""


def in_root(place: Place) -> Row:
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    own = place.path / "cache" / "elfworlds"
    own.mkdir(parents=True)
    if misbehaving.roots(cache):
        (own / "roots").symlink_to(cache / "elfworlds" / "roots")
    return misbehaving.misbehaving(place, "debian/bookworm")


PARTS: Mapping[str, Callable[[Place], Row]] = {
    "kills": killed.kills,
    "runners": killed.runners,
    "host": lambda place: misbehaving.misbehaving(place, "host"),
    "root": in_root,
    "full": full.full,
    "escapes": strangers.escapes,
    "landlock": strangers.landlock,
    "poisoned": lambda place: strangers.poisoned(place, POISONED),
}


def main(names: list[str]) -> None:
    """Run the parts that are named, or all of them; the page has the rows of these, and of others the last ones."""
    with tempfile.TemporaryDirectory(prefix="reliability-", dir="/var/tmp", ignore_cleanup_errors=True) as base:
        for name in names or PARTS:
            row = PARTS[name](Place.made(Path(base), name))
            print(line(row), flush=True)
            ROWS.mkdir(parents=True, exist_ok=True)
            (ROWS / f"{name}.json").write_text(json.dumps(asdict(row)))
    files = [ROWS / f"{name}.json" for name in PARTS]
    rows = [Row(**json.loads(file.read_text())) for file in files if file.exists()]
    costs = "".join(PAGE.read_text().partition(HEADING)[1:])
    PAGE.write_text(page(rows) + (f"\n{costs}" if costs else ""))


def page(rows: list[Row]) -> str:
    machine = f"Linux {platform.release()}, {platform.machine()}, {os.cpu_count()} processors"
    head = HEAD.format(when=f"{datetime.now(UTC):%Y-%m-%d}", machine=machine)
    return head + "".join(f"{line(row)}\n" for row in rows) + FOOT


def line(row: Row) -> str:
    return f"| {row.fault} | {row.times} | {row.lost} | {row.left} |"


if __name__ == "__main__":
    main(sys.argv[1:])
