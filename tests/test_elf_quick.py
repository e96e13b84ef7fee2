"""elf.quick: the small reader says what the other one says, or nothing."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

from elfworlds import elf
from elfworlds.elf.quick import Quick, facts_at, quick
from elfworlds.elf.segments import HEAD
from forging_elf import Forged, library
from readelves import is_elf

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "elfworlds" / "roots"
SAMPLE, CHANGED = 60, 100


def quickly(path: Path) -> Quick | None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        size, head = os.fstat(descriptor).st_size, os.pread(descriptor, HEAD, 0)
        read = quick(descriptor, size, head)
        assert read is None or facts_at(descriptor, size, head) == read.facts
        return read
    finally:
        os.close(descriptor)


def differs(path: Path) -> bool:
    """Whether the quick reader says something else than the other one; nothing is no difference."""
    read = quickly(path)
    if read is None:
        return False
    try:
        notes = elf.notes(path)
        return (read.facts, read.versions) != (elf.read(path), elf.versions(path)) or bool(
            notes.dlopen and not read.declares
        )
    except elf.NotElfError:
        return True


def corpus() -> Iterator[Path]:
    """Some of the programs and libraries of this machine and of the roots that are here."""
    tops = [Path("/"), *sorted(CACHE.glob("*/root"))]
    places = [top / place for top in tops for place in ("usr/bin", f"usr/lib/{os.uname().machine}-linux-gnu")]
    chance = random.Random(0)  # noqa: S311  # the same each time
    files = [path for place in places if place.is_dir() for path in chance.sample(sorted(place.iterdir()), 40)]
    yield from [path for path in chance.sample(files, len(files)) if is_elf(path)][:SAMPLE]


def test_facts_and_versions_are_those_of_pyelftools_over_the_corpus() -> None:
    files = list(corpus())
    assert [path for path in files if differs(path)] == []
    read = [quickly(path) for path in files if not path.name.endswith(".debug")]
    assert sum(each is not None for each in read) > len(read) * 0.8


def test_files_of_32_bits_and_of_the_other_byte_order_are_the_same_too(tmp_path: Path) -> None:
    for name, forged in (("32", Forged(bits=32, machine=3)), ("big", Forged(order=">", machine=22)), ("64", Forged())):
        path = tmp_path / name
        path.write_bytes(library(forged).file())
        assert quickly(path) is not None
        assert not differs(path)


def test_of_a_changed_file_both_say_the_same_or_the_quick_one_nothing(tmp_path: Path) -> None:
    chance = random.Random(1)  # noqa: S311  # the same each time
    whole = Path("/usr/bin/env").read_bytes()
    for number in range(CHANGED):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(chance.choice((64, 900, len(data))))
            data[at : at + 4] = chance.choice((chance.randbytes(4), b"\xff" * 4, bytes(4)))
        path = tmp_path / str(number % 3)
        path.write_bytes(data)
        assert not differs(path), number


def test_how_many_bytes_a_file_has_to_have_is_known_of_its_first_ones() -> None:
    read = quickly(Path("/usr/bin/env"))
    assert read is not None
    assert 0 < read.end <= Path("/usr/bin/env").stat().st_size
