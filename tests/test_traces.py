"""traces: what programs wrote, read without ever failing; the texts are real ones."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfworlds.traces.ldcache import library_cache
from elfworlds.traces.ldsearch import SearchPaths, searching
from elfworlds.traces.loader import NotFound, not_found

GLIBC_START = (
    "app: error while loading shared libraries: libleaf.so: cannot open shared object file: No such file or directory\n"
)
GLIBC_DLOPEN = "dlmopen: libbase.so: cannot open shared object file: No such file or directory\n"
GLIBC_PATH = "dlopen: /opt/x/libno.so: cannot open shared object file: No such file or directory\n"
MUSL = "Error loading shared library libleaf.so: No such file or directory (needed by /opt/app)\n"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (GLIBC_START, [NotFound("libleaf.so", None)]),
        (GLIBC_DLOPEN, [NotFound("libbase.so", None)]),
        (GLIBC_PATH, [NotFound("/opt/x/libno.so", None)]),
        (MUSL, [NotFound("libleaf.so", "/opt/app")]),
        (GLIBC_DLOPEN * 3 + GLIBC_START, [NotFound("libbase.so", None), NotFound("libleaf.so", None)]),
        ("libx.so: cannot open shared object file: Permission denied", []),
        ("", []),
    ],
)
def test_what_the_loader_could_not_find(text: str, wanted: list[NotFound]) -> None:
    assert list(not_found(text)) == wanted


@given(st.text(alphabet="ab.:/ \n", max_size=200))
def test_no_text_is_refused(text: str) -> None:
    list(not_found(text))
    found = list(not_found(f"{text}\n{GLIBC_DLOPEN}"))
    assert NotFound("libbase.so", None) in found


def test_a_megabyte_without_a_blank_is_read_once() -> None:
    """It took hours when every character could begin a name."""
    assert list(not_found("\0" * (1 << 20))) == []


def test_the_cache_of_this_machine_names_its_libc() -> None:
    path = Path("/etc/ld.so.cache")
    if not path.exists():
        assert library_cache(b"", "x86_64") == {}
        return
    found = library_cache(path.read_bytes(), "x86_64")
    assert Path(found["libc.so.6"] or "").exists()
    assert all(place and place.startswith("/") for place in found.values())


def cache(entries: list[tuple[int, bytes, bytes]]) -> bytes:
    """A cache as ldconfig writes it: header, entries, strings."""
    strings, rows = b"", b""
    start = 48 + 24 * len(entries)
    for flags, name, path in entries:
        at = start + len(strings)
        rows += struct.pack("<iIIIQ", flags, at, at + len(name) + 1, 0, 0)
        strings += name + b"\0" + path + b"\0"
    return struct.pack("<20sII5I", b"glibc-ld.so.cache1.1", len(entries), len(strings), 0, 0, 0, 0, 0) + rows + strings


def test_libraries_of_another_abi_are_left_out_and_the_first_one_counts() -> None:
    data = cache([(0x803, b"libx.so", b"/x32"), (0x303, b"libx.so", b"/one"), (0x303, b"libx.so", b"/two")])
    assert library_cache(data, "x86_64") == {"libx.so": "/one"}
    assert library_cache(b"ld.so-1.7.0 older part" + data, "x86_64") == {"libx.so": "/one"}


@given(st.binary(max_size=200), st.integers(0, 150))
def test_damaged_caches_are_empty_or_partial_and_never_an_error(noise: bytes, at: int) -> None:
    data = bytearray(cache([(0x303, b"libx.so", b"/one")]))
    data[at : at + len(noise)] = noise
    library_cache(bytes(data), "x86_64")


def extended(entries: list[tuple[bytes, int]], names: list[bytes]) -> bytes:
    """A cache of 2.33 or later: one name, with paths and hwcap fields, and the names of subdirectories."""
    start = 48 + 24 * len(entries)
    strings = b"libx.so\0" + b"".join(one + b"\0" for one in [*(path for path, _ in entries), *names])
    place = {one: start + strings.index(one + b"\0") for one in [b"libx.so", *(path for path, _ in entries), *names]}
    rows = b"".join(struct.pack("<iIIIQ", 0x303, place[b"libx.so"], place[path], 0, hwcap) for path, hwcap in entries)
    at = start + len(strings)
    sections = struct.pack("<II", 0xEAA42174, 2) + struct.pack("<IIIIIIII", 0, 0, 0, 0, 1, 0, at + 40, 4 * len(names))
    header = struct.pack("<20sII5I", b"glibc-ld.so.cache1.1", len(entries), len(strings), 2, at, 0, 0, 0)
    return header + rows + strings + sections + b"".join(struct.pack("<I", place[one]) for one in names)


NAMED = [(b"/v2", 1 << 62), (b"/v3", 1 << 62 | 1), (b"/v3-of-level-4", 1 << 62 | 3 << 32 | 1), (b"/plain", 0)]
V3, V2 = "glibc-hwcaps/x86-64-v3", "glibc-hwcaps/x86-64-v2"


@pytest.mark.parametrize(
    ("subdirectories", "entries", "path"),
    [
        ((V3, V2), NAMED, "/v3"),
        ((V2,), NAMED, "/v2"),
        ((), NAMED, "/plain"),
        ((V3, V2), NAMED[2:], "/plain"),  # the processor lacks what that file needs
        (("glibc-hwcaps/x86-64-v4", V3, V2), NAMED[2:], "/v3-of-level-4"),
        ((V3, V2), [(b"/out-of-range", 1 << 62 | 7), *NAMED[3:]], "/plain"),
        (("tls/haswell", "tls", "haswell"), [(b"/both", 1 << 63 | 1 << 50), *NAMED[3:]], "/both"),
        (("tls",), [(b"/both", 1 << 63 | 1 << 50), (b"/tls", 1 << 63), *NAMED[3:]], "/tls"),
        (("tls",), [(b"/nobody-knows", 1 << 40), *NAMED[3:]], "/plain"),
    ],
)
def test_of_several_entries_the_loader_takes_the_best_that_fits(
    subdirectories: tuple[str, ...], entries: list[tuple[bytes, int]], path: str
) -> None:
    data = extended(entries, [b"x86-64-v2", b"x86-64-v3"])
    assert library_cache(data, "x86_64", subdirectories) == {"libx.so": path}


def test_what_nobody_can_rank_is_no_answer() -> None:
    data = extended([(b"/nobody-knows", 1 << 40), (b"/plain", 0)], [])
    start = {"aarch64": data.replace(struct.pack("<i", 0x303), struct.pack("<i", 0xA03))}
    assert library_cache(start["aarch64"], "aarch64", ()) == {"libx.so": None}


def test_names_in_the_cache_are_compared_with_numbers_for_digits() -> None:
    assert set(library_cache(cache([(0x303, b"libx.so.010", b"/x")]), "x86_64")) == {"libx.so.10"}


def test_a_loader_says_where_it_searches() -> None:
    """Of sid (2.43), and what is no answer."""
    v2 = "glibc-hwcaps/x86-64-v2"
    said = (
        f"  7:\t search path=@/{v2}:@:@LIB@lib/x/{v2}:@LIB@lib/x\t\t(LD_LIBRARY_PATH)\n"
        f"  7:\t search path=/lib/x/{v2}:/lib/x:/lib/{v2}:/lib\t\t(system search path)\n"
    )
    found = searching(said)
    assert found == SearchPaths(("/lib/x", "/lib"), (V2,), {"LIB": "lib/x", "PLATFORM": ""})
    assert searching(said.partition("\n")[0]) is None
    assert searching("") is None
