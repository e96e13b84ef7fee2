"""What one more file costs `elfworlds inspect`, as ratios against readelf and libtree in the same run.

Run it as `python bench/inspecting.py [DIRECTORY]`; libtree where it is installed, or where LIBTREE names it.
The marginal cost is the difference between 300 files and 3, so that a start counts for nothing. Processor time, the
least of seven: on a busy machine only the ratios mean something. `a bare reader` is what Python needs for DT_NEEDED
alone, without a check and without a value: no reader in Python costs less.
"""

from __future__ import annotations

import os
import resource
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from elfworlds import elf
from elfworlds.elf.quick import DT_NEEDED, DT_STRSZ, DT_STRTAB, facts_at
from elfworlds.elf.segments import HEAD, PT_DYNAMIC
from elfworlds.inspection import World, inspect, system_of
from elfworlds.inspection.below import programs_below

RUNS, MANY, FEW = 7, 300, 3
ELFWORLDS = [sys.executable, "-m", "elfworlds", "inspect"]


def processor_seconds(command: Sequence[str], files: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*command, *files], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def marginal(cost: Callable[[Sequence[str]], float], files: Sequence[str]) -> float:
    """Seconds of 300 files but for the start."""
    return min(cost(files) for _ in range(RUNS)) - min(cost(files[:FEW]) for _ in range(RUNS))


def of_process(*command: str) -> Callable[[Sequence[str]], float]:
    return lambda files: processor_seconds(command, files)


def own_seconds(use: Callable[[Sequence[str]], object]) -> Callable[[Sequence[str]], float]:
    def cost(files: Sequence[str]) -> float:
        start = time.process_time()
        use(files)
        return time.process_time() - start

    return cost


def bare_reader(files: Sequence[str]) -> None:
    header, segment, entry = (struct.Struct(form) for form in ("<HHIQQQIHHHHH", "<IIQQQQQQ", "<qQ"))
    for path in files:
        descriptor = os.open(path, os.O_RDONLY)
        os.fstat(descriptor)
        head = os.pread(descriptor, HEAD, 0)
        fields = header.unpack_from(head, 16)
        table = head[fields[4] : fields[4] + segment.size * fields[9]]
        for kind, _, offset, _, _, size, _, _ in segment.iter_unpack(table):
            if kind == PT_DYNAMIC:
                entries = [*entry.iter_unpack(os.pread(descriptor, size, offset))]
                values = dict(entries)
                strings = os.pread(descriptor, values.get(DT_STRSZ, 0), values.get(DT_STRTAB, 0))
                [strings[at : strings.find(b"\0", at)].decode() for tag, at in entries if tag == DT_NEEDED]
        os.close(descriptor)


def quick_facts(files: Sequence[str]) -> None:
    for path in files:
        descriptor = os.open(path, os.O_RDONLY)
        facts_at(descriptor, os.fstat(descriptor).st_size, os.pread(descriptor, HEAD, 0))
        os.close(descriptor)


def slow_facts(files: Sequence[str]) -> None:
    for path in files:
        elf.read(Path(path))


def trees(files: Sequence[str]) -> None:
    system = system_of(World())
    for path in files:
        inspect(path, system)


def main() -> None:
    top = sys.argv[1] if len(sys.argv) > 1 else f"/usr/lib/{os.uname().machine}-linux-gnu"
    files = [path for path in programs_below(top) if not path.endswith(".debug")][:MANY]
    libtree = os.environ.get("LIBTREE") or shutil.which("libtree")
    readelf = marginal(of_process("readelf", "-d"), files)
    rows = [
        ("readelf -d", readelf, readelf),
        ("a bare reader", marginal(own_seconds(bare_reader), files), readelf),
        ("facts", marginal(own_seconds(quick_facts), files), readelf),
        ("facts by pyelftools", marginal(own_seconds(slow_facts), files), readelf),
    ]
    if libtree:
        plain, whole = marginal(of_process(libtree), files), marginal(of_process(libtree, "-vvv"), files)
        rows += [("libtree", plain, plain), ("libtree -vvv", whole, plain)]
    base = rows[-2][1] if libtree else readelf
    rows += [("trees", marginal(own_seconds(trees), files), base)]
    rows += [("elfworlds inspect", marginal(of_process(*ELFWORLDS), files), base)]
    print(f"{len(files)} files below {top}; seconds of all but {FEW}, and as a ratio to the peer above")
    for what, seconds, peer in rows:
        print(f"{what:22} {seconds:7.3f} s  {seconds / peer:6.2f}" if peer else f"{what:22} {seconds:7.3f} s")
    for what, command, given in (
        ("python -S -c pass", [sys.executable, "-S", "-c", "pass"], []),
        ("python -c pass", [sys.executable, "-c", "pass"], []),
        ("one file", ELFWORLDS, files[:1]),
        ("whole command", ELFWORLDS, files),
    ):
        print(f"{what:22} {min(processor_seconds(command, given) for _ in range(RUNS)):7.3f} s")


if __name__ == "__main__":
    main()
