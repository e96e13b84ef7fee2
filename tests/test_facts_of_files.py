"""Facts of a file in the language: paths and matchers reach into them, reports show them, `expect` holds them."""

from __future__ import annotations

import json

import pytest

from conftest import World
from elfworlds.jsondata import JsonObject
from elfworlds.outcome import ABSENT, Counts, Named, lookup

pytestmark = pytest.mark.learns

INSPECT = """
objects:
  greet:
    library: greet
    cflags: [-fcf-protection=none]
    code: |
      #include <stdio.h>
      __thread int own;
      int counter = 3, *where = &counter;
      int greet(void) { return puts("") + own; }
      __attribute__((weak)) int perhaps(void) { return 1; }
      __asm__(".globl single\\n.type single, @gnu_unique_object\\n.data\\nsingle: .long 1\\n.text\\n");
    exports: {LIB_1: [greet, perhaps], LIB_2.0: [own, counter, where, single]}
    z: [nodelete, now, relro]
    expect:
      tls.size: 4
      symbols.greet.version: LIB_1
      versions.defined.LIB_2.0.weak: false
      relocations.R_X86_64_COPY: 0
      stack: {not: null}
scenarios:
  look:
    inspect: greet
    show: [symbols.greet.version, relocations.R_X86_64_COPY, tls.models, symbols.perhaps.binding, needed.first]
    outcomes:
      wrong: {symbols.nothing: {absent: false}}
      wrong-too: {symbols: {any: {name: greet, binding: unique}}}
      as-said:
        symbols: {any: {name: single, binding: unique, version: LIB_2.0}}
        symbols.greet.default-version: true
        symbols.greet.times: 1
        symbols.own.type: tls
        symbols.name: {contains: [greet, puts]}
        symbols.puts: {not: {any: {defined: true}}}
        symbols.puts.section: undefined
        versions.needed: {any: {file: libc.so.6, weak: false}}
        versions.needed.GLIBC_2.2.5.file: libc.so.6
        versions.needed.GLIBC_9.9: {absent: true}
        versions.defined: {any: {name: libgreet.so, base: true}}
        versions.defined.name: {in-order: [LIB_1, LIB_2.0]}
        relocations.R_X86_64_64: {greater-than: 0}
        relocations.R_X86_64_IRELATIVE: 0
        symbol-relocations.puts.kind: {matches: "^R_X86_64_(JUMP_SLOT|GLOB_DAT)$"}
        relr: null
        text-relocations: 0
        tls.alignment: 4
        tls.models: [global-dynamic]
        stack.flags: RW
        relro: full
        hash-tables: [gnu]
        flags: {contains: [DF_1_NODELETE, DF_BIND_NOW]}
        notes.build-id: "${build-id}"
        notes.abi-tag: null
        notes.dlopen.count: 0
        notes.package: null
    claim: {says: It is so., outcome: as-said, relro: full, symbols.counter.size: 4}
    expect: {outcome: as-said, notes.other: []}
"""


def test_matchers_reach_into_the_facts_of_a_file_and_the_report_shows_them(world: World) -> None:
    path = world.experiment("facts", f"experiment: facts\nquestion: Is it so?\n{INSPECT}")
    code, out, err = world.run("run", path)
    assert (code, err, "1 trial: 1 PASS" in out) == (0, "", True)
    shown = ("symbols.greet.version LIB_1", "symbols.perhaps.binding weak", "needed.first libc.so.6")
    assert [words in out for words in shown] == [True, True, True]
    (record,) = (world.latest("facts") / "trials.jsonl").read_text().splitlines()
    assert json.loads(record)["claims"][0]["verdict"] == "reproduced"
    code, out, _ = world.run("report", "--format", "md", world.latest("facts"))
    assert (code, r"symbols.greet.version LIB\_1" in out) == (0, True)


OTHERS = {
    "{tls.size: 8}": "tls.size is 4, not 8",
    "{symbols.own.version: LIB}": "symbols.own.version is None, not 'LIB'",
    "{symbols.none: {absent: false}}": "symbols.none is absent, not absent False",
    "{relocations.R_X86_64_COPY: {greater-than: 0}}": "relocations.R_X86_64_COPY is 0, not greater-than 0",
}


def test_an_object_whose_facts_are_others_cannot_be_used(world: World) -> None:
    objects = [
        f'  x{at}: {{library: x{at}, code: "__thread int own;", expect: {text}}}' for at, text in enumerate(OTHERS)
    ]
    scenarios = [f"  s{at}: {{inspect: x{at}, outcomes: {{it: {{type: ET_DYN}}}}}}" for at in range(len(OTHERS))]
    text = "\n".join(["experiment: x", "question: Is it so?", "objects:", *objects, "scenarios:", *scenarios, ""])
    code, out, _ = world.run("run", world.experiment("x", text))
    assert code == 5, out
    for at, why in enumerate(OTHERS.values()):
        assert f"object x{at}: {why}" in out


SYMBOLS = Named(
    (
        {"name": "greet", "version": "LIB_2", "default-version": True},
        {"name": "greet", "version": "LIB_1", "default-version": False},
        {"name": "a.b.0", "version": None, "default-version": False},
        {"name": "version", "version": "X", "default-version": False},
    )
)
VALUES: JsonObject = {"symbols": SYMBOLS, "none": Named(), "relocations": Counts({"COPY": 1}), "in": {"deep": SYMBOLS}}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("symbols.greet.version", "LIB_2"),
        ("symbols.greet.times", 2),
        ("symbols.greet.all.version", ["LIB_1", "LIB_2"]),
        ("symbols.greet.first.version", "LIB_1"),
        ("symbols.count", 4),
        ("symbols.first.name", "greet"),
        ("symbols.version", ["LIB_2", "LIB_1", None, "X"]),
        ("symbols.a.b.0.version", None),
        ("symbols.a.b.0", {"name": "a.b.0", "version": None, "default-version": False}),
        ("symbols.nothing", ABSENT),
        ("symbols.nothing.version", ABSENT),
        ("symbols.nothing.times", ABSENT),
        ("none.nothing", ABSENT),
        ("none.count", 0),
        ("in.deep.greet.version", "LIB_2"),
        ("relocations.COPY", 1),
        ("relocations.OTHER", 0),
        ("relocations", {"COPY": 1}),
    ],
)
def test_a_path_goes_on_with_the_name_of_an_item(name: str, value: object) -> None:
    assert lookup(VALUES, name) == value
