"""traces: what programs wrote, read without ever failing; the texts are real ones."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfworlds.traces.ldcache import library_cache
from elfworlds.traces.loader import NotFound, not_found

GLIBC_START = (
    "/opt/app: error while loading shared libraries: libleaf.so: "
    "cannot open shared object file: No such file or directory\n"
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
    assert Path(found["libc.so.6"]).exists()
    assert all(place.startswith("/") for place in found.values())


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
