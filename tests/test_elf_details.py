"""elf: symbols, versions, relocations, segments and notes of files that real compilers and linkers made."""

from __future__ import annotations

import json
import struct
import subprocess  # the compiler is run as a person would
from collections.abc import Callable
from pathlib import Path

import pytest

from elfworlds import elf

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def compiled(code: str, *words: str, name: str = "x.so", language: str = "c", shared: bool = True) -> Path:
        kind = ["-shared", "-fPIC"] if shared else []
        command = ["cc", "-x", language, "-", "-x", "none", "-o", str(tmp_path / name), *kind, *words]
        subprocess.run(command, input=code, text=True, check=True, cwd=tmp_path)
        return tmp_path / name

    return compiled


def counts(path: Path) -> dict[str, int]:
    return dict(elf.relocations(path).counts)


def test_every_kind_of_symbol_is_told_in_words(make: Make) -> None:
    code = """
    int common_like = 1; __thread int own;
    __attribute__((weak)) int perhaps(void) { return 1; }
    __attribute__((visibility("protected"))) int guarded(void) { return 1; }
    static int pick(void) { return 1; }
    static int (*choose(void))(void) { return pick; }
    int chosen(void) __attribute__((ifunc("choose")));
    __asm__(".globl fixed\\n.set fixed, 0x1234\\n");
    __asm__(".globl single\\n.type single, @gnu_unique_object\\n.data\\nsingle: .long 1\\n.size single, 4\\n.text\\n");
    int elsewhere(void); int use(void) { return elsewhere(); }
    """
    facts = {symbol.symbol: symbol.facts() for symbol in elf.symbols(make(code))}
    told = {name: (fact["binding"], fact["type"], fact["visibility"]) for name, fact in facts.items()}
    assert told["common_like"] == ("global", "object", "default")
    assert told["own"] == ("global", "tls", "default")
    assert told["perhaps"] == ("weak", "func", "default")
    assert told["guarded"] == ("global", "func", "protected")
    assert told["chosen"] == ("global", "ifunc", "default")
    assert told["single"] == ("unique", "object", "default")
    assert (facts["fixed"]["section"], facts["fixed"]["value"]) == ("absolute", 0x1234)
    assert (facts["elsewhere"]["section"], facts["elsewhere"]["defined"]) == ("undefined", False)
    assert (facts["common_like"]["size"], str(facts["common_like"]["section"]).isdigit()) == (4, True)


def test_a_static_local_of_an_inline_function_is_unique_in_cpp(make: Make) -> None:
    code = "inline int &counter() { static int count; return count; }\nint use() { return counter()++; }\n"
    symbols = elf.symbols(make(code, language="c++"))
    assert [symbol.facts()["binding"] for symbol in symbols if symbol.symbol == "_ZZ7countervE5count"] == ["unique"]


def test_versions_that_a_file_defines_and_needs(make: Make, tmp_path: Path) -> None:
    (tmp_path / "map").write_text("LIB_1 { global: greet; local: *; };\nLIB_2 { global: part; } LIB_1;\n")
    code = """
    int old(void) { return 1; } int new(void) { return 2; } int part(void) { return 3; }
    __asm__(".symver old, greet@LIB_1"); __asm__(".symver new, greet@@@LIB_2");
    """
    library = make(code, "-Wl,--version-script=map,-soname,libx.so", name="libx.so")
    assert elf.versions(library).defined == (
        elf.DefinedVersion(name="libx.so", base=True, weak=False, parents=()),
        elf.DefinedVersion(name="LIB_1", base=False, weak=False, parents=()),
        elf.DefinedVersion(name="LIB_2", base=False, weak=False, parents=("LIB_1",)),
    )
    greets = {symbol.version: symbol.is_default for symbol in elf.symbols(library) if symbol.symbol == "greet"}
    assert greets == {"LIB_1": False, "LIB_2": True}
    user = make("int greet(void); int use(void) { return greet(); }", str(library), name="user.so")
    assert elf.NeededVersion(name="LIB_2", file="libx.so", weak=False) in elf.versions(user).needed
    assert elf.SymbolRelocation(name="greet", version="LIB_2", kind="R_X86_64_JUMP_SLOT") in (
        elf.relocations(user).of_symbols
    )


TLS = "%s __thread int own; int use(void) { return own++; }"
MODELS = {
    "global-dynamic": (TLS % "", [], ("global-dynamic",)),
    "local-dynamic": (TLS % "static", ["-ftls-model=local-dynamic", "-O1"], ("local-dynamic",)),
    "initial-exec": (TLS % "", ["-ftls-model=initial-exec"], ("initial-exec",)),
    "initial-exec-of-another": (TLS % "extern", ["-ftls-model=initial-exec"], ("initial-exec",)),
    "descriptors": (TLS % "", ["-mtls-dialect=gnu2"], ("descriptors",)),
    "none": ("int own; int use(void) { return own; }", [], ()),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_model_of_thread_local_storage_is_seen_by_its_relocations(name: str, make: Make) -> None:
    code, words, models = MODELS[name]
    path = make(code, *words)
    own = (4, 4) if models and "extern" not in code else (0, 0)
    layout = elf.layout(path)
    assert (elf.relocations(path).tls_models, (layout.tls_size, layout.tls_alignment)) == (models, own)
    assert ("DF_STATIC_TLS" in elf.read(path).flags) == (models == ("initial-exec",))


def test_the_alignment_of_thread_local_storage_is_told(make: Make) -> None:
    layout = elf.layout(make("__thread char big[4096] __attribute__((aligned(4096)));"))
    assert (layout.tls_size, layout.tls_alignment) == (4096, 4096)


POINTERS = "int x; int *all[100] = {" + ", ".join(["&x"] * 100) + "};"


def test_packed_relocations_are_counted_apart(make: Make) -> None:
    hidden = f'__attribute__((visibility("hidden"))) {POINTERS}'
    loose, packed = make(hidden), make(hidden, "-Wl,-z,pack-relative-relocs", name="packed.so")
    before, after = elf.relocations(loose), elf.relocations(packed)
    assert (before.packed, after.packed is not None and after.packed.entries < 10) == (None, True)
    assert after.packed is not None
    assert after.packed.relocations + counts(packed).get("R_X86_64_RELATIVE", 0) == counts(loose)["R_X86_64_RELATIVE"]
    assert after.packed.relocations >= 100


def test_relocations_of_code_are_seen_where_they_lie(make: Make) -> None:
    code = """
    __asm__(".text\\n.globl table\\ntable: .quad other\\n"); int other;
    """
    path = make(code, "-Wl,-z,notext")
    assert (elf.relocations(path).in_read_only, "DF_TEXTREL" in elf.read(path).flags) == (1, True)
    assert elf.relocations(make("int other; int *table = &other;", name="tidy.so")).in_read_only == 0


def test_a_copy_relocation_names_its_variable(make: Make) -> None:
    make("int counter = 3;", name="libcounter.so")
    code = "extern int counter; int main(void) { return counter; }"
    app = make(code, "-fno-pie", "-no-pie", "-L.", "-lcounter", name="app", shared=False)
    assert counts(app)["R_X86_64_COPY"] == 1
    copies = [each for each in elf.relocations(app).of_symbols if each.kind == "R_X86_64_COPY"]
    assert copies == [elf.SymbolRelocation(name="counter", version=None, kind="R_X86_64_COPY")]


@pytest.mark.parametrize(
    ("words", "stack"),
    [
        (["-z", "noexecstack"], elf.Stack(flags="RW", size=0)),
        (["-z", "execstack"], elf.Stack(flags="RWE", size=0)),
        (["-Wl,-z,stack-size=65536"], elf.Stack(flags="RW", size=65536)),
    ],
)
def test_what_a_file_wants_of_the_stack(words: list[str], stack: elf.Stack, make: Make) -> None:
    assert elf.layout(make("int x;", *words)).stack == stack


def test_a_file_without_a_word_of_the_stack_has_none(make: Make) -> None:
    path = make("int x;")
    data = bytearray(path.read_bytes())
    (count,) = struct.unpack_from("<H", data, 56)
    places = [64 + 56 * at for at in range(count)]
    (place,) = [at for at in places if struct.unpack_from("<I", data, at)[0] == 0x6474E551]
    struct.pack_into("<I", data, place, 0)  # PT_NULL
    path.write_bytes(data)
    assert (elf.layout(path).stack, elf.read(path).execstack) == (None, True)


@pytest.mark.parametrize(
    ("words", "relro"),
    [(["norelro"], "none"), (["relro", "lazy"], "partial"), (["relro", "now"], "full")],
)
def test_how_much_becomes_read_only_after_relocation(words: list[str], relro: str, make: Make) -> None:
    path = make('#include <stdio.h>\nint f(void) { return puts(""); }', *(f"-Wl,-z,{word}" for word in words))
    assert elf.layout(path).relro == relro


@pytest.mark.parametrize(("style", "tables"), [("gnu", ("gnu",)), ("sysv", ("sysv",)), ("both", ("gnu", "sysv"))])
def test_the_hash_tables_are_told(style: str, tables: tuple[str, ...], make: Make) -> None:
    assert elf.layout(make("int x;", f"-Wl,--hash-style={style}")).hash_tables == tables


@pytest.mark.parametrize("word", ["nodelete", "interpose", "initfirst", "nodefaultlib", "nodlopen", "global", "origin"])
def test_a_flag_that_the_linker_is_told_is_a_flag_of_the_file(word: str, make: Make) -> None:
    name = {"nodefaultlib": "NODEFLIB", "nodlopen": "NOOPEN"}.get(word, word.upper())
    assert f"DF_1_{name}" in elf.read(make("int x;", f"-Wl,-z,{word}")).flags


def test_notes_of_the_processor_and_of_the_system(make: Make) -> None:
    code = "int main(void) { return 0; }"
    app = make(
        code,
        "-fcf-protection=full",
        "-Wl,-z,ibt,-z,shstk,-z,x86-64-v3",
        "-Wl,--build-id=0xabcd",
        name="app",
        shared=False,
    )
    notes = elf.notes(app)
    assert notes.build_id == "abcd"
    assert notes.abi_tag is not None
    assert (notes.abi_tag.os, notes.abi_tag.version.count(".")) == ("linux", 2)
    assert notes.properties is not None
    assert notes.properties.features == ("IBT", "SHSTK")
    assert "x86-64-v3" in notes.properties.isa_needed


def note(owner: str, kind: int, text: str, name: str) -> str:
    """An assembler's note of a text."""
    escaped = json.dumps(text)
    return f"""
    .section .note.{name}, "a", @note
    .balign 4
    .long 1f - 0f, 3f - 2f, {kind}
    0: .asciz "{owner}"
    1: .balign 4
    2: .asciz {escaped}
    3: .balign 4
    """


FDO_DLOPEN, FDO_PACKAGE = 0x407C0C0A, 0xCAFE1A7E


def test_what_a_file_may_open_and_where_it_comes_from(make: Make) -> None:
    optional = [
        {"soname": ["libz.so.1"], "feature": "zip", "description": "to unpack", "priority": "suggested"},
        {"soname": ["liba.so.1", "liba.so.0"]},
    ]
    package = {"type": "deb", "name": "hello", "version": "1.0", "osVersion": "12", "parts": [1]}
    text = note("FDO", FDO_DLOPEN, json.dumps(optional), "dlopen") + note(
        "FDO", FDO_PACKAGE, json.dumps(package), "package"
    )
    text += note("Other", 7, "x", "other")
    notes = elf.notes(make(text, "-Wl,--build-id=none", language="assembler"))
    zipped = elf.Dlopened(soname=("libz.so.1",), feature="zip", description="to unpack", priority="suggested")
    either = elf.Dlopened(soname=("liba.so.1", "liba.so.0"), feature=None, description=None, priority=None)
    assert notes.dlopen == (zipped, either)
    assert notes.package == {"type": "deb", "name": "hello", "version": "1.0", "osVersion": "12"}
    assert notes.other == (elf.OtherNote(owner="Other", type=7, size=2),)


@pytest.mark.parametrize("text", ["", "[", "3", "[3]", "[" * 5000, '["\\ud800"]', '{"a": "\\ud800"}', "1" * 5000])
def test_a_note_that_is_no_json_of_its_kind_is_another_note(text: str, make: Make) -> None:
    code = note("FDO", FDO_DLOPEN, "[" * 40_000 if text == "[" * 5000 else text, "dlopen")
    notes = elf.notes(make(code, "-Wl,--build-id=none", language="assembler"))
    json.dumps(notes.facts()).encode()
    assert (len(notes.dlopen), len(notes.other)) in {(0, 1), (1, 0)}
    assert all(entry.soname == () for entry in notes.dlopen)


def test_a_file_of_32_bits_is_read_as_one_of_64(make: Make) -> None:
    code = f"extern int other; int *pointer = &other; __thread int own; int use(void) {{ return own; }} {POINTERS}"
    path = make(code, "-m32", "-nostdlib", "-ftls-model=initial-exec")
    found = counts(path)
    assert (found["R_386_32"], found["R_386_TLS_TPOFF"]) == (101, 1)
    assert elf.relocations(path).tls_models == ("initial-exec",)
    assert elf.SymbolRelocation(name="other", version=None, kind="R_386_32") in elf.relocations(path).of_symbols


def test_objects_to_link_have_no_details(make: Make) -> None:
    path = make("int x;", "-c", name="x.o", shared=False)
    assert (elf.relocations(path).counts, elf.versions(path).needed, elf.layout(path).hash_tables) == ((), (), ())
    assert elf.notes(path).build_id is None
