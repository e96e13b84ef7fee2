"""binding_prediction: what is foretold of each binding of a trace, by what LD_DEBUG would tell, written by hand."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import World
from elfworlds import binding_prediction
from elfworlds.bindings import Linked
from elfworlds.elf import Symbol, SymbolRelocation
from elfworlds.jsondata import JsonObject
from elfworlds.records import RunDirectory, read_run
from elfworlds.records.bindings import as_rows, from_rows
from elfworlds.search_prediction.walk import UNREAD
from elfworlds.traces.lddebug import parse

FACTS = UNREAD._replace(type="ET_DYN", machine="EM_X86_64")
SYMBOL = Symbol(
    symbol="",
    version=None,
    is_default=False,
    defined=True,
    section=1,
    bind="STB_GLOBAL",
    type="STT_FUNC",
    visibility="STV_DEFAULT",
    value=1,
    size=1,
)


def linked(path: str, *symbols: Symbol, needed: tuple[str, ...] = (), flags: tuple[str, ...] = ()) -> Linked:
    """An object that calls what it does not define."""
    undefined = [symbol for symbol in symbols if not symbol.defined]
    return Linked(
        path=path,
        facts=FACTS._replace(needed=needed, flags=flags),
        symbols=symbols,
        versions=None,
        relocations=[SymbolRelocation(name=each.symbol, version=None, kind="R_X86_64_JUMP_SLOT") for each in undefined],
        executable=path == "/app",
    )


def defines(name: str, bind: str = "STB_GLOBAL") -> Symbol:
    return replace(SYMBOL, symbol=name, bind=bind)


def calls(name: str) -> Symbol:
    return replace(SYMBOL, symbol=name, defined=False, section=0, value=0)


OBJECTS = [
    linked("/app", calls("f"), needed=("liba.so",)),
    linked("/liba.so", defines("f", "STB_WEAK"), defines("g")),
    linked("/first.so", defines("f"), defines("only")),
    linked("/plugin.so", calls("f"), calls("only"), defines("f"), needed=("libown.so",)),
    linked("/libown.so", defines("f"), defines("only")),
]
APP, GLOBALLY = "/app", "/app /liba.so"
Answer = tuple[str, str | None, bool | None]


def started(words: str = "") -> list[str]:
    """A program with a library."""
    needs = ["file=liba.so [0];  needed by /app [0]", " trying file=/liba.so", "file=liba.so [0];  generating link map"]
    return [*needs, *words.splitlines(), "initialize program: /app", "transferring control: /app"]


def opened(path: str, *needed: str, scopes: tuple[str, ...], binding: str = "", also: str = "") -> list[str]:
    """What dlopen of a path says."""
    needs = [
        line
        for name in needed
        for line in (
            f"file={name} [0];  needed by {path} [0]",
            f" trying file=/{name}",
            f"file={name} [0];  generating link map",
        )
    ]
    return [
        f"file={path} [0];  dynamically loaded by /app [0]",
        f"file={path} [0];  generating link map",
        *needs,
        f"object={path} [0]",
        *(f" scope {number}: {paths}" for number, paths in enumerate(scopes)),
        *binding.splitlines(),
        *also.splitlines(),
        f"opening file={path} [0]; direct_opencount=1",
    ]


def bound(needing: str, path: str, symbol: str) -> str:
    return f"binding file {needing} [0] to {path} [0]: normal symbol `{symbol}'"


def foretold(lines: list[str], objects: list[Linked] = OBJECTS, *, dynamic_weak: bool = False) -> list[Answer]:
    """Of each binding: the symbol, what is foretold, and whether it agrees."""
    trace = parse("".join(f"      1:\t{line}\n" for line in lines))
    known = {each.path: each for each in objects}
    made = binding_prediction.predict(trace, lambda path, _: known.get(path), str, dynamic_weak=dynamic_weak)
    return [(binding.symbol, each.foretold, each.agrees) for binding, each in zip(trace.bindings, made, strict=True)]


def test_a_binding_elsewhere_than_the_first_definition_disagrees() -> None:
    assert foretold(started(bound("/app", "/liba.so", "f"))) == [("f", "/liba.so", True)]
    assert foretold(started(bound("/app", "/app", "f"))) == [("f", "/liba.so", False)]


def test_a_lookup_that_no_relocation_asks_for_is_not_foretold() -> None:
    assert foretold(started(bound("/app", "/liba.so", "g"))) == [("g", None, None)]


@pytest.mark.parametrize(("deep", "path"), [(False, "/liba.so"), (True, "/plugin.so")])
def test_rtld_deepbind_is_read_from_the_scopes(path: str, *, deep: bool) -> None:
    own = "/plugin.so /libown.so"
    scopes = (own, GLOBALLY) if deep else (GLOBALLY, own)
    other = "/plugin.so" if path == "/liba.so" else "/liba.so"
    for actual, agrees in ((path, True), (other, False)):
        lines = opened("/plugin.so", "libown.so", scopes=scopes, binding=bound("/plugin.so", actual, "f"))
        assert foretold([*started(), *lines]) == [("f", path, agrees)]


def test_symbolic_looks_in_the_object_itself_first_and_is_not_taken_for_deep_binding() -> None:
    plugin = linked("/plugin.so", calls("f"), calls("only"), defines("f"), flags=("DF_SYMBOLIC",))
    scopes = ("/plugin.so", GLOBALLY, "/plugin.so")
    both = f"{bound('/plugin.so', '/plugin.so', 'f')}\n{bound('/plugin.so', '/first.so', 'only')}"
    first = opened("/first.so", scopes=(GLOBALLY, "/first.so"), also="add /first.so [0] to global scope")
    lines = [*started(), *first, *opened("/plugin.so", scopes=scopes, binding=both)]
    assert foretold(lines, [*OBJECTS, plugin]) == [("f", "/plugin.so", True), ("only", "/first.so", True)]


def test_what_rtld_global_brought_serves_who_comes_after_it_and_until_it_is_closed() -> None:
    asked = bound("/plugin.so", "/first.so", "only")
    plugin = opened("/plugin.so", "libown.so", scopes=(GLOBALLY, "/plugin.so /libown.so"), binding=asked)
    first = opened("/first.so", scopes=(GLOBALLY, "/first.so"), also="add /first.so [0] to global scope")
    local = [line for line in first if not line.startswith("add ")]
    closed = ["file=/first.so [0];  destroying link map"]
    assert foretold([*started(), *first, *plugin]) == [("only", "/first.so", True)]
    assert foretold([*started(), *local, *plugin]) == [("only", "/libown.so", False)]
    assert foretold([*started(), *first, *closed, *plugin]) == [("only", "/libown.so", False)]


def test_a_later_binding_disagrees_only_where_nobody_can_ask_by_dlsym() -> None:
    late = [*started(), bound("/app", "/app", "f")]
    assert foretold(late) == [("f", "/liba.so", False)]
    asking = linked("/app", calls("f"), calls("dlsym"), needed=("liba.so",))
    assert foretold(late, [*OBJECTS, asking]) == [("f", None, None)]


def test_a_weak_definition_gives_way_under_ld_dynamic_weak() -> None:
    app = linked("/app", calls("f"), defines("f"), needed=("liba.so",))
    weak = linked("/app", calls("f"), defines("f", "STB_WEAK"), needed=("liba.so",))
    strong = linked("/liba.so", defines("f"))
    for program, dynamic_weak, path in ((app, True, "/app"), (weak, True, "/liba.so"), (weak, False, "/app")):
        lines = started(bound("/app", path, "f"))
        assert foretold(lines, [*OBJECTS, program, strong], dynamic_weak=dynamic_weak) == [("f", path, True)]


def test_where_an_object_cannot_be_read_or_scopes_are_not_told_nothing_is_foretold() -> None:
    assert foretold(started(bound("/app", "/app", "f")), OBJECTS[:1]) == [("f", None, None)]
    lines = opened("/plugin.so", "libown.so", scopes=(), binding=bound("/plugin.so", "/first.so", "f"))
    assert foretold([*started(), *lines]) == [("f", None, None)]


def test_a_program_that_another_one_started_never_disagrees() -> None:
    again = [bound("/app", "/app", "f"), *started(bound("/app", "/app", "f"))]
    assert foretold([*started(), *again]) == [("f", "/liba.so", False), ("f", None, None)]


def test_a_run_has_what_is_foretold_beside_what_was_bound_and_reads_rows_without_it(world: World) -> None:
    code, out, err = world.run("run", "--filter", "way=dlmopen", "experiments/same-lib.yaml")
    assert (code, err) == (0, "")
    assert "not as its rules foretell" not in out
    directory = RunDirectory(Path(os.path.realpath(world.latest("same-lib"))))
    report = (directory.path / "report.md").read_text()
    assert re.search(r"Every one of \d+ bindings is as the loader's rules foretell", report)
    (trace,) = read_run(directory).traces
    bindings = trace.bindings
    agreeing = [at for at, agrees in enumerate(bindings.agrees) if agrees]
    assert len(agreeing) > len(bindings) * 0.8
    assert all(bindings.foretold[at] == bindings.to_path[at] for at in agreeing)
    assert {bindings.from_lmid[at] for at in agreeing} == {0, 1, 2}
    row, *_ = as_rows(bindings)
    earlier = from_rows([{key: value for key, value in row.items() if key not in ("agrees", "foretold")}])
    assert (list(earlier.foretold), list(earlier.agrees)) == ([None], [None])


def test_a_row_says_what_was_foretold_where_it_is_another_object_and_is_read_again_as_it_was() -> None:
    row: JsonObject = {"pid": 0, "from": "/a", "from_lmid": 0, "to": "/b", "to_lmid": 0}
    row = {**row, "symbol": "f", "version": None, "kind": "normal"}
    bindings = replace(from_rows([row] * 3), foretold=["/b", "/c", None], agrees=[True, False, None])
    rows = as_rows(bindings)
    said = [{key: row[key] for key in ("foretold", "agrees") if key in row} for row in rows]
    assert said == [{"agrees": True}, {"foretold": "/c", "agrees": False}, {}]
    assert from_rows(json.loads(json.dumps(rows))) == bindings
