"""Which mirror: what the environment names, else what this machine's apt uses."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfworlds.errors import BuildFailedError, InputError
from elfworlds.toolchains.debian.mirror import (
    Mirrors,
    MirrorSource,
    mirrors,
    paragraphs,
    parse_deb822,
    parse_list,
    sources,
)

words = st.from_regex(r"[a-z][a-z0-9./:-]{0,15}", fullmatch=True)
several = st.lists(words, min_size=1, max_size=3).map(tuple)
blanks = st.sampled_from([" ", "  ", "\t"])
entries = st.builds(
    MirrorSource,
    st.sampled_from([("deb",), ("deb-src",)]),
    words.map(lambda one: (one,)),
    words.map(lambda one: (one,)),
    several,
)
stanzas = st.builds(MirrorSource, st.sampled_from([("deb",), ("deb", "deb-src")]), several, several, several)
options = st.sampled_from(["", "[arch=amd64] ", "[ arch=amd64,arm64 signed-by=/usr/share/keyrings/x.gpg ] "])
comments = st.sampled_from(["", "# deb http://x y main\n", "\n", "  \n"])


@given(st.lists(st.tuples(comments, entries, options, blanks, st.sampled_from(["", " # why"]))))
def test_one_line_entries_are_read(lines: list[tuple[str, MirrorSource, str, str, str]]) -> None:
    text = "".join(
        f"{comment}{one.types[0]} {option}{blank.join((*one.uris, *one.suites, *one.components))}{tail}\n"
        for comment, one, option, blank, tail in lines
    )
    assert parse_list(text) == tuple(one for _, one, _, _, _ in lines)


@given(
    st.lists(
        st.tuples(stanzas, st.sampled_from([" ", "\n "]), st.sampled_from(["Types", "types", "TYPES"]), st.booleans())
    )
)
def test_paragraphs_are_read(lines: list[tuple[MirrorSource, str, str, bool]]) -> None:
    text = "\n".join(
        f"# why\n{types}: {' '.join(one.types)}\nURIs: {blank.join(one.uris)}\n# and\n"
        f"Suites:{blank}{blank.join(one.suites)}\n"
        f"Components: {' '.join(one.components)}\nSigned-By:\n -----BEGIN\n .\n x\nEnabled: {'yes' if on else 'no'}\n"
        for one, blank, types, on in lines
    )
    assert parse_deb822(text) == tuple(one for one, _, _, on in lines if on)


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    parse_list(text)
    parse_deb822(text)
    assert all(fields for fields in paragraphs(text))


def test_a_long_line_takes_no_time() -> None:
    for text in ("deb " + "[" * 200_000, "deb [" + "a=[" * 100_000, "a:\n" + " x\n" * 200_000):
        parse_list(text)
        parse_deb822(text)


@pytest.mark.parametrize(
    ("line", "used"),
    [
        ("deb http://mirror/debian bookworm main contrib", True),
        ("deb http://mirror/debian stable main", True),
        ("deb-src http://mirror/debian bookworm main", False),
        ("deb http://mirror/debian bookworm-updates main", False),
        ("deb http://mirror/debian-security bookworm-security main", False),
        ("deb http://mirror/ubuntu noble main", False),
        ("deb http://somebody/tools bookworm stable", False),
        ("deb cdrom:[Debian]/ bookworm main", False),
        ("deb mirror+file:/etc/apt/mirrors.list bookworm main", False),
    ],
)
def test_only_debians_own_main_suites_make_a_mirror(tmp_path: Path, line: str, used: bool) -> None:  # noqa: FBT001
    (tmp_path / "sources.list").write_text(line)
    if used:
        assert mirrors({}, tmp_path) == Mirrors(("http://mirror/debian",))
    else:
        with pytest.raises(BuildFailedError, match="no Debian mirror is known"):
            mirrors({}, tmp_path)


def test_both_formats_are_read_in_apts_order(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://first/debian/ trixie main\n")
    (tmp_path / "sources.list.d/a.sources").write_text(
        "Types: deb\nURIs: http://third/debian http://first/debian\nSuites: sid\nComponents: main\n"
    )
    (tmp_path / "sources.list.d/b.list").write_text("deb http://second/debian bullseye main\n")
    (tmp_path / "sources.list.d/c.list.disabled").write_text("deb http://fourth/debian bullseye main\n")
    assert mirrors({}, tmp_path).bases == ("http://first/debian", "http://second/debian", "http://third/debian")
    assert len(sources(tmp_path)) == 3


def test_the_environment_stands_before_apt(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://first/debian trixie main\n")
    assert mirrors({"ELFWORLDS_DEBIAN_MIRROR": "https://own/debian/"}, tmp_path).bases == ("https://own/debian",)


@pytest.mark.parametrize(
    "value", ["mirror/debian", "ftp://x/y", "http:///x", "http://a b/", "http://[x/", "http://x/\ny"]
)
@pytest.mark.parametrize("variable", ["ELFWORLDS_DEBIAN_MIRROR", "ELFWORLDS_DEBIAN_SNAPSHOT"])
def test_a_variable_that_holds_no_url_is_told(tmp_path: Path, variable: str, value: str) -> None:
    with pytest.raises(InputError, match=f"{variable} is a URL"):
        mirrors({variable: value}, tmp_path)


def test_an_archive_of_snapshots_is_asked_last_and_for_the_day_of_the_release() -> None:
    found = Mirrors(("http://mirror/debian",), "http://archive/debian").urls(
        "pool/main/g/g++_1+2.deb", "2026-01-02T03:04:05Z"
    )
    assert list(found) == [
        "http://mirror/debian/pool/main/g/g%2B%2B_1%2B2.deb",
        "http://archive/debian/20260103T030405Z/pool/main/g/g%2B%2B_1%2B2.deb",
        "http://archive/debian/pool/main/g/g%2B%2B_1%2B2.deb",
    ]
