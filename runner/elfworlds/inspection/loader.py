"""Where a dynamic loader searches, read from its own bytes: nothing is run, so it may be of another machine."""

from __future__ import annotations

import posixpath
import re
from functools import cache
from itertools import product, takewhile
from typing import NamedTuple

from elfworlds.traces.ldsearch import SearchPaths

DEFAULT_PATHS = ("/lib64", "/usr/lib64", "/lib", "/usr/lib")
DEFAULT_LOADERS = {
    "EM_X86_64": "/lib64/ld-linux-x86-64.so.2",
    "EM_386": "/lib/ld-linux.so.2",
    "EM_AARCH64": "/lib/ld-linux-aarch64.so.1",
    "EM_ARM": "/lib/ld-linux-armhf.so.3",
    "EM_RISCV": "/lib/ld-linux-riscv64-lp64d.so.1",
    "EM_PPC64": "/lib64/ld64.so.2",
    "EM_S390": "/lib/ld64.so.1",
    "EM_LOONGARCH": "/lib64/ld-linux-loongarch-lp64d.so.1",
}
CACHE = "/etc/ld.so.cache"
CPUINFO = "/proc/cpuinfo"
LEGACY_UNTIL = 36  # glibc 2.36 is the last one with the older subdirectories
MOST = 1 << 23  # bytes of a loader; there is none of a megabyte
# Each begins with a plain byte, which `re` finds in a megabyte ten times faster than a group.
_SYSTEM_DIRS = re.compile(rb"/[!-~]{1,4000}/\0(?:/[!-~]{1,4000}/\0){0,15}")
_CACHE = re.compile(rb"/(?:[!-~]{1,4000}/)?etc/ld\.so\.cache(?=\0)")
_RELEASE = re.compile(rb"release version 2\.([0-9]{1,4})")
BASELINE = "x86-64-baseline"
X86_LEVELS = (  # System V ABI, as /proc/cpuinfo calls what a level has beyond the one before it
    ("x86-64-v2", {"cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"}),
    ("x86-64-v3", {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"}),
    ("x86-64-v4", {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}),
)
HASWELL = {"avx2", "bmi1", "bmi2", "abm", "movbe", "popcnt", "fma"}
XEON_PHI = {"avx512er", "avx512pf"}


class Processor(NamedTuple):
    """What a loader chooses subdirectories by: uname's machine, the vendor, the features as the kernel names them."""

    vendor: str
    features: frozenset[str]


@cache
def processor() -> Processor:
    """This machine's."""
    try:
        with open(CPUINFO, encoding="utf-8", errors="replace") as file:  # noqa: PTH123  # one fixed path
            lines = file.read(1 << 16).split("\n\n", 1)[0].splitlines()
    except OSError:
        lines = []
    fields = {name.strip(): text.strip() for name, _, text in (line.partition(":") for line in lines)}
    return Processor(fields.get("vendor_id", ""), frozenset(fields.get("flags", "").split()))


def search_paths(data: bytes, machine: str, cpu: Processor) -> SearchPaths:
    """Where a loader of glibc's searches.

    Args:
        data: the loader's file.
        machine: EM_X86_64, …
        cpu: on which it would run.
    """
    lists = [found[0].split(b"\0")[:-1] for found in _SYSTEM_DIRS.finditer(data)]
    longest = max(lists, key=len, default=[])
    paths = tuple(entry.decode().rstrip("/") for entry in longest) or DEFAULT_PATHS
    platform = _platform(cpu) if machine == "EM_X86_64" else ""
    subdirectories = _subdirectories(data, platform, cpu) if platform else ()
    tokens = {"LIB": _lib(paths[0]), **({"PLATFORM": platform} if platform else {})}
    return SearchPaths(paths, subdirectories, tokens)


def cache_path(data: bytes) -> str:
    """The ld.so.cache that a loader reads: glibc of Nix has one elsewhere."""
    found = _CACHE.search(data)
    return found[0].decode() if found else CACHE


def _lib(directory: str) -> str:
    """What $LIB stands for: DL_DST_LIB is the first system directory below its prefix."""
    plain = directory.removeprefix("/usr").lstrip("/")
    return plain if plain.startswith("lib") else posixpath.basename(directory)


def _platform(cpu: Processor) -> str:
    """AT_PLATFORM, or what glibc calls some processors of Intel (sysdeps/x86/cpu-features.c)."""
    if cpu.vendor == "GenuineIntel":
        if cpu.features >= XEON_PHI:
            return "xeon_phi"
        if cpu.features >= HASWELL:
            return "haswell"
    return "x86_64"


def levels(cpu: Processor) -> tuple[str, ...]:
    """The levels of x86-64 that a processor has, the lowest first."""
    has = tuple(takewhile(lambda level: cpu.features >= level[1], X86_LEVELS))
    return (BASELINE, *(name for name, _ in has))


def _subdirectories(data: bytes, platform: str, cpu: Processor) -> tuple[str, ...]:
    """What is searched before each directory, best first; older names up to 2.36 (elf/dl-hwcaps.c)."""
    named = [f"glibc-hwcaps/{level}" for level in levels(cpu)[1:]]
    release = _RELEASE.search(data)
    if b"glibc-hwcaps" not in data:
        return _legacy(platform, cpu)
    old = release is None or int(release[1]) <= LEGACY_UNTIL
    return (*reversed(named), *(_legacy(platform, cpu) if old else ()))


def _legacy(platform: str, cpu: Processor) -> tuple[str, ...]:
    """Every choice of `tls`, the platform and the processor's features, largest first, each once."""
    wide = ("avx512_1",) if cpu.vendor == "GenuineIntel" and "avx512cd" in cpu.features else ()
    parts = ("tls", platform, *wide, "x86_64")
    choices = product((True, False), repeat=len(parts))
    joined = ("/".join(part for part, wanted in zip(parts, choice, strict=True) if wanted) for choice in choices)
    return tuple(dict.fromkeys(filter(None, joined)))
