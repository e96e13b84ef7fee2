"""The parser of Nix' internal-json, on what three versions of Nix really wrote for a plan of three objects."""

from __future__ import annotations

from pathlib import Path

import pytest

from elfworlds.traces.nix import Begun, Event, NixMessage, Printed, Reader, plain

DATA = Path(__file__).parent / "data" / "nix"
VERSIONS = ("2.8.0", "2.26.3", "2.34.8")


def events(name: str) -> list[Event]:
    return list(Reader().feed((DATA / name).read_bytes()))


@pytest.mark.parametrize("version", VERSIONS)
def test_each_build_begins_once_and_prints_its_own_lines(version: str) -> None:
    found = events(f"keep-going-{version}.log")
    begun = [one.derivation[44:] for one in found if isinstance(one, Begun)]
    assert sorted(begun) == ["libbad.so.drv", "libgood.so.drv"]
    printed = [one.line for one in found if isinstance(one, Printed) and "libbad" in one.derivation]
    assert printed[0] == "bad.c: In function 'f':"
    assert printed[1] == "bad.c:1:22: error: 'nothing' undeclared (first use in this function)"
    warned = [one.line for one in found if isinstance(one, Printed) and "libgood" in one.derivation]
    assert warned[1] == "good.c:1:19: warning: unused variable 'unused' [-Wunused-variable]"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("way", ["keep-going", "stop"])
def test_only_the_object_that_failed_itself_is_the_culprit(way: str, version: str) -> None:
    culprits = {one.culprit for one in events(f"{way}-{version}.log") if isinstance(one, NixMessage)} - {None}
    assert {str(one)[44:] for one in culprits} == {"libbad.so.drv"}


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_pieces_of_any_size_give_the_same_events(size: int) -> None:
    data = (DATA / "keep-going-2.8.0.log").read_bytes()
    reader = Reader()
    pieces = [event for at in range(0, len(data), size) for event in reader.feed(data[at : at + size])]
    assert pieces == events("keep-going-2.8.0.log")


def test_a_daemons_message_names_its_derivation_twice_and_is_still_one_culprit() -> None:
    text = "error: builder for '/nix/store/a-x.drv' failed;\n For full logs, run 'nix log /nix/store/a-x.drv'."
    assert NixMessage(0, text).culprit == "/nix/store/a-x.drv"


def test_colours_and_links_are_taken_out() -> None:
    text = "warning [\x1b]8;;https://gcc.gnu.org/x.html\x07-Wunused\x1b]8;;\x07] \x1b[31;1merror\x1b[0m\r"
    assert plain(text) == "warning [-Wunused] error"


def test_what_is_no_event_is_told_as_it_is() -> None:
    assert list(Reader().feed(b"warning: unknown setting\n@nix {broken\n\n")) == [
        NixMessage(1, "warning: unknown setting"),
        NixMessage(1, "@nix {broken"),
    ]
