"""LD_DEBUG's text → link maps, searches, bindings: recorded outputs of three glibc versions, and all that is broken."""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfworlds import outcome
from elfworlds.observers import ld_debug
from elfworlds.observers.types import Watched
from elfworlds.process import Command, Completed, Pool
from elfworlds.toolchains import Toolchain
from elfworlds.traces.lddebug import parse
from elfworlds.traces.ldtrace import Binding, LinkMap, LoaderTrace, TriedFile
from waiting import AGES
from watching import compiled

DATA = Path(__file__).parent / "data" / "traces" / "lddebug"
VERSIONS = ("2.31", "2.36", "2.41")
EVERY = pytest.mark.parametrize("version", VERSIONS)
RECORDED = sorted(DATA.glob("*.log"))
LD_SO = "/lib64/ld-linux-x86-64.so.2"
LIBC = "/lib/x86_64-linux-gnu/libc.so.6"


def trace(name: str, version: str) -> LoaderTrace:
    return parse((DATA / f"{name}-{version}.log").read_text())


def maps(of: LoaderTrace, process: int, lmid: int) -> list[str]:
    """The paths that were mapped, in order, without those that only some versions have."""
    wanted = (of.pids[process], lmid)
    return [one.path for one in of.link_maps if (one.pid, one.lmid) == wanted and "libdl.so" not in one.path]


@EVERY
def test_every_namespace_has_its_objects_in_the_order_of_loading(version: str) -> None:
    found = trace("namespaces", version)
    opened = ["/tmp/x/libuser.so", "/tmp/x/libbase.so"]
    assert maps(found, 0, 0) == ["/tmp/x/namespaces", LIBC, LD_SO, *opened, *opened]
    assert maps(found, 0, 1) == [*opened, LIBC, LIBC.replace("libc.so.6", "ld-linux-x86-64.so.2")] * 2


@EVERY
def test_positions_count_on_in_each_namespace_of_each_process(version: str) -> None:
    counts: dict[tuple[int, int], int] = {}
    for one in trace("namespaces", version).link_maps:
        if one.path not in ("sh", "/tmp/x/libextra.so"):  # a new program; a child goes on from its parent
            assert one.position == counts.get((one.pid, one.lmid), one.position)
        counts[one.pid, one.lmid] = one.position + 1
    assert max(counts.values()) >= 8


@EVERY
def test_who_needs_an_object_is_told_from_who_opened_it(version: str) -> None:
    found = trace("namespaces", version)
    first = {(one.lmid, one.name): (one.needed_by, one.opened) for one in reversed(found.link_maps)}
    assert first[0, "libuser.so"] == (None, True)
    assert first[1, "libuser.so"] == (None, True)
    assert first[1, "libbase.so"] == ("/tmp/x/libuser.so", False)
    assert first[1, "/tmp/x/libuser.so"] == (None, True)
    assert first[0, "/tmp/x/namespaces"] == (None, False)
    assert first[1, "ld-linux-x86-64.so.2"] == (LIBC, False)


@EVERY
def test_the_same_library_has_two_addresses_in_two_namespaces(version: str) -> None:
    users = [one for one in trace("namespaces", version).link_maps if one.path == "/tmp/x/libuser.so"]
    assert [one.lmid for one in users] == [0, 1, 0, 1]
    assert users[0].base != users[1].base
    assert all(one.base and one.dynamic and one.size and one.base < one.dynamic for one in users)


@EVERY
def test_a_binding_names_both_namespaces(version: str) -> None:
    found = trace("namespaces", version)
    bound = [one for one in found.bindings if one.symbol == "base" and one.pid == found.pids[0]]
    assert {(one.from_path, one.to_path) for one in bound} == {("/tmp/x/libuser.so", "/tmp/x/libbase.so")}
    assert {(one.from_lmid, one.to_lmid) for one in bound} == {(1, 1), (0, 0)}
    start = next(one for one in found.bindings if one.symbol == "__libc_start_main")
    wanted = "GLIBC_2.2.5" if version == "2.31" else "GLIBC_2.34"
    assert start == Binding(found.pids[0], "/tmp/x/namespaces", 0, LIBC, 0, "normal", start.symbol, wanted)


@EVERY
def test_a_name_that_is_nowhere_was_tried_everywhere(version: str) -> None:
    search = next(one for one in trace("namespaces", version).searches if one.name == "libnowhere.so")
    assert (search.found, search.needed_by, search.opened_by) == (None, None, "/tmp/x/namespaces")
    assert search.tried[0] == TriedFile("runpath", "/tmp/x/libnowhere.so")
    assert search.tried[-1].rule == "default"


@EVERY
def test_a_library_that_is_missing_ends_the_trace(version: str) -> None:
    found = trace("missing", version)
    assert [(one.name, one.needed_by, one.found) for one in found.searches] == [("libfirst.so", "/tmp/x/missing", None)]
    assert maps(found, 0, 0) == ["/tmp/x/missing"]


@EVERY
def test_every_rule_leads_somewhere(version: str) -> None:
    found = {one.name: one for one in trace("search", version).searches if one.needed_by or one.name == "libextra.so"}
    told = {name: (one.tried[-1].rule, one.found) for name, one in found.items()}
    assert told["libpreloaded.so"] == ("LD_LIBRARY_PATH", "/tmp/x/two/libpreloaded.so")
    assert told["libfirst.so"] == ("rpath", "/tmp/x/one/libfirst.so")
    assert told["libsecond.so"] == ("LD_LIBRARY_PATH", "/tmp/x/two/libsecond.so")
    assert told["libthird.so"] == ("runpath", "/tmp/x/two/../three/libthird.so")
    assert told["libc.so.6"] == ("ld.so.cache", LIBC)


@EVERY
def test_a_file_that_is_found_and_not_mapped_makes_no_link_map(version: str) -> None:
    found = trace("search", version)
    for name, path in (("libalias.so", "/tmp/x/one/libalias.so"), ("libextra.so", "/tmp/x/two/libextra.so")):
        assert path in [one.found for one in found.searches if one.name == name]
        assert path not in [one.path for one in found.link_maps]


@EVERY
def test_a_program_that_exec_began_starts_anew(version: str) -> None:
    found = trace("search", version)
    assert len(found.pids) == 1
    first = [one for one in found.link_maps if one.position == 0]
    assert [(one.path, one.lmid, one.needed_by, one.opened) for one in first] == [
        ("env", 0, None, False),
        ("/tmp/x/search", 0, None, False),
    ]


@EVERY
def test_a_child_begins_with_what_its_parent_has(version: str) -> None:
    found = trace("namespaces", version)
    assert len(found.pids) == 4
    child = [one for one in found.link_maps if one.pid == found.pids[1]]
    assert [one.path for one in child] == ["/tmp/x/libextra.so"]
    before = [one.position for one in found.link_maps if (one.pid, one.lmid) == (found.pids[0], 0)]
    assert child[0].position == max(before) + 1


@EVERY
def test_initialisers_and_finalisers_are_in_order(version: str) -> None:
    found = trace("namespaces", version)
    calls = [(one.kind, one.path, one.lmid) for one in found.calls if one.path.startswith("/tmp/x/lib")]
    up = ["/tmp/x/libbase.so", "/tmp/x/libuser.so"]
    assert calls[:4] == [("init", path, lmid) for lmid in (0, 1) for path in up]
    assert calls[4:6] == [("fini", path, 0) for path in reversed(up)]
    assert ("fini", "/tmp/x/namespaces", 0) in [(one.kind, one.path, one.lmid) for one in found.calls]


def test_a_program_that_ld_so_was_told_to_run_is_the_application() -> None:
    text = "7:\tfile=./app [0];  generating link map\n7:\t  dynamic: 0x20  base: 0x10   size: 0x30\n"
    assert parse(text).link_maps == (LinkMap(7, 0, 0, "./app", "./app", 16, 32, 48, None, opened=False),)


def test_a_library_without_any_needed_one_is_bound_by_the_application_that_is_told_last() -> None:
    text = "7:\tinitialize program: /a b/[1] to x\n7:\ttransferring control: /a b/[1] to x\n"
    assert [one.path for one in parse(text).link_maps] == ["/a b/[1] to x"]


def test_processes_may_interleave() -> None:
    one, other = (DATA.joinpath(f"search-{version}.log").read_text() for version in ("2.31", "2.41"))
    together = "\n".join(line for pair in zip(one.split("\n"), other.split("\n"), strict=False) for line in pair)
    rest = other.split("\n")[len(one.split("\n")) :]
    both = parse("\n".join([together, *rest]))
    for text in (one, other):
        alone = parse(text)
        pid = alone.pids[0]
        assert tuple(found for found in both.bindings if found.pid == pid) == alone.bindings
        assert tuple(found for found in both.searches if found.pid == pid) == alone.searches
        assert [found for found in both.link_maps if found.pid == pid] == list(alone.link_maps)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_text_cut_anywhere_says_no_more_than_the_whole(path: Path) -> None:
    text = path.read_text()
    whole = parse(text)
    for cut in random.Random(0).sample(range(len(text)), 60):  # noqa: S311
        part = parse(text[:cut])
        assert whole.bindings[: max(len(part.bindings) - 1, 0)] == part.bindings[:-1]
        names = [one.name for one in part.link_maps]
        assert names[:-1] == [one.name for one in whole.link_maps][: max(len(names) - 1, 0)]


def test_ten_thousand_broken_texts_are_read() -> None:
    chance = random.Random(0)  # noqa: S311
    texts = [path.read_text() for path in RECORDED]
    lines = sorted({re.sub(r"^ *[0-9]+", "7", line) for text in texts for line in text.split("\n")})
    read = 0
    for _ in range(10_000):
        text = "\n".join(chance.choices(lines, k=chance.randrange(1, 40)))
        found = parse(broken(text, chance))
        read += len(found.link_maps) + len(found.bindings)
    assert read > 10_000


def broken(text: str, chance: random.Random) -> str:
    for _ in range(chance.randrange(1, 6)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.randrange(200))
        piece = text[start:end]
        new = (
            "",
            piece * 2,
            piece[::-1],
            "".join(chr(ord(char) ^ 1) for char in piece),
            "".join(chance.choices("[]();:'`\t\n 0x\u0660\ufffd", k=20)),
        )
        text = text[:start] + chance.choice(new) + text[end:]
    return text


def test_a_text_twice_as_long_costs_twice_as_many_steps() -> None:
    """Counted in calls, not in time: garbage of one kind in ever longer texts and lines."""
    kinds: list[Callable[[int], str]] = [
        lambda n: "".join(f"{pid}:\tfile=x{pid} [{pid}];  generating link map\n" for pid in range(1, n)),
        lambda n: "".join(f"7:\tfile=x{at} [0];  needed by x{at} [0]\n" for at in range(n)),
        lambda n: "7:\tbinding file " + "a [0] to " * n,
        lambda n: "7:\tfile=" + "a [0];  needed by " * n + "\n",
        lambda n: "7:\tbinding file " + "] to : normal symbol `x'" * n,
        lambda n: " " * n + "7:\t" + " " * n + "file=",
        lambda n: "7:\tsearch path=" + "a:" * n + "\t\t(" * n,
    ]
    for kind in kinds:
        short, long = steps(kind(500)), steps(kind(5_000))
        assert long < 11 * short + 100


def steps(text: str) -> int:
    """How many calls of anything, C functions included, parsing takes."""
    count = 0

    def seen(_frame: object, _event: str, _argument: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(seen)
    try:
        parse(text)
    finally:
        sys.setprofile(None)
    return count


NAMES = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), min_size=1, max_size=30)
NUMBERS = st.integers(0, 15)


@given(NAMES, NUMBERS, NAMES, NUMBERS, st.text("abcXYZ_019", min_size=1), st.sampled_from([None, "V_1.2"]))
def test_a_binding_is_read_whatever_the_files_are_called(
    source: str, lmid: int, target: str, other: int, symbol: str, version: str | None
) -> None:
    if "] to " in source or source.startswith(" "):
        return
    tail = f" [{version}]" if version else ""
    text = f"     12:\tbinding file {source} [{lmid}] to {target} [{other}]: normal symbol `{symbol}'{tail}\n"
    wanted = Binding(12, source, lmid, target, other, "normal", symbol, version)
    assert parse(text).bindings == (wanted,)


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    assert parse(text).link_maps is not None
    parse("\n".join(f"7:\t{line}" for line in text.split("\n")))


PROGRAM = """#include <stdio.h>
int main(void) { puts("told"); return 3; }
"""


def test_what_the_loader_would_have_said_on_stderr_is_on_stderr(
    toolchain: Toolchain, tmp_path: Path, pool: Pool
) -> None:
    """LD_DEBUG_OUTPUT takes one message of glibc that LD_DEBUG has not asked for."""
    auditor = compiled(tmp_path, "audit.so", "unsigned la_version(unsigned v) { return v + 97; }", "-shared", "-fPIC")
    completed, left = observed(PROGRAM, toolchain, tmp_path, pool, LD_AUDIT=auditor)
    result = ld_debug.read(completed, left)
    assert isinstance(result, outcome.Tried)
    assert completed.stderr.data == b""
    assert f"ERROR: audit interface '{auditor}' requires version" in str(result.values["stderr"])


def test_the_observer_gives_what_the_program_did_and_what_the_loader_did(
    toolchain: Toolchain, tmp_path: Path, pool: Pool
) -> None:
    completed, left = observed(PROGRAM, toolchain, tmp_path, pool)
    result = ld_debug.read(completed, left)
    assert isinstance(result, outcome.Tried)
    found: Mapping[str, Any] = result.values
    assert (found["exit"], found["stdout"], found["stderr"], found["signal"]) == (3, "told\n", "", None)
    seen = found["ld-debug"]
    assert seen["link-maps"][0]["path"] == str(tmp_path / "app")
    assert seen["namespaces"] == 1
    bound = next(one for one in seen["bindings"] if one["symbol"] == "puts")
    assert (bound["from"], bound["from-lmid"], bound["to-lmid"]) == (str(tmp_path / "app"), 0, 0)
    assert bound["to"] in [one["path"] for one in seen["link-maps"]]
    assert bound["to"] in seen["init"]
    assert str(tmp_path / "app") in seen["fini"]


def observed(
    code: str, toolchain: Toolchain, tmp_path: Path, pool: Pool, **env: str
) -> tuple[Completed, dict[str, bytes]]:
    (tmp_path / "app.c").write_text(code)
    leaves = tmp_path / "leaves"
    leaves.mkdir()
    cc = toolchain.tool("cc")
    built = pool.run(
        Command(argv=(*cc, "-o", "app", "app.c"), env=dict(toolchain.env), cwd=str(tmp_path), timeout=AGES)
    )
    assert built.ok
    watched = Watched(
        argv=(str(tmp_path / "app"),),
        env=env,
        stdin=b"",
        cwd=str(tmp_path),
        timeout=AGES,
        capture="pipe",
        cpus=None,
        settings={},
        leaves=str(leaves),
    )
    completed = pool.run(ld_debug.command(watched, toolchain))
    return completed, {path.name: path.read_bytes() for path in leaves.iterdir()}
