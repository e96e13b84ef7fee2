"""No name of an experiment becomes an option of a program, and what a build reads besides is never a stale hit."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elfworlds import elf
from elfworlds.__main__ import main
from elfworlds.planning.command import command
from elfworlds.planning.outside import outside
from elfworlds.planning.recipe import Recipe
from elfworlds.planning.request import FORMAT
from elfworlds.planning.types import BuildRequest
from elfworlds.sources import File

HEAD = "experiment: x\nquestion: Is it an option?\nobjects:\n  "
TAIL = "\nscenarios:\n  s: {build: x, outcomes: {ok: {exit: 0}}}\n"
KEY = "0" * 40
BEGINNINGS = ("-", "--", "@", "@/", "-Wl,", ",", "/", "a,", "-o", "")
NASTY = st.builds("{}{}".format, st.sampled_from(BEGINNINGS), st.text("ab,-@=/. $'\"", max_size=6))


def recipe(**given: object) -> Recipe:
    whole = {
        "name": "x",
        "filename": "libx.so",
        "shared": True,
        "sources": ("x.c",),
        "inputs": (),
        "defines": (),
        "cflags": (),
        "ldflags": (),
        "needs": (),
        "indirect": (),
        "others": (),
        "search": (),
        "dtag": "runpath",
        "soname": "",
        "z": (),
        "std": None,
        "pie": True,
        "as_needed": False,
        "build_id": "none",
        "hash_style": "gnu",
    }
    return Recipe(**{**whole, **given})  # type: ignore[arg-type]


def as_ld_gets_them(words: tuple[str, ...]) -> list[str]:
    """The words that the driver hands on: those after -Xlinker, and -Wl, split at commas. None of them is a file."""
    passed: list[str] = []
    iterator = iter(words)
    for word in iterator:
        assert not word.startswith("@") or word.startswith("@out@"), "a file of options for the driver"
        if word == "-Xlinker":
            passed.append(next(iterator))
        elif word.startswith("-Wl,"):
            passed += word.split(",")[1:]
    assert [word for word in passed if word.startswith("@")] == [], "a file of options for the linker"
    return passed


@settings(max_examples=150, deadline=None)
@given(soname=NASTY.filter(bool), keyword=NASTY.filter(bool), entry=NASTY.filter(bool))
def test_names_are_values_of_one_option_of_the_linker(soname: str, keyword: str, entry: str) -> None:
    plain = as_ld_gets_them(command(recipe()))
    given = as_ld_gets_them(command(recipe(soname=soname, z=(keyword,), search=(entry,))))
    for option, value, joined in (("-soname", soname, "="), ("-z", keyword, ""), ("-rpath", entry, "=")):
        one = [f"{option}{joined}{value}"]
        both = [option, value]
        for words in (one, both):
            at = next((at for at in range(len(given)) if given[at : at + len(words)] == words), None)
            if at is not None:
                del given[at : at + len(words)]
                break
        else:
            pytest.fail(f"{option} {value!r} does not stand in {given}")
    assert given == plain


@settings(max_examples=150, deadline=None)
@given(path=NASTY.filter(bool), language=st.sampled_from(["c", "c++", "rust"]))
def test_a_source_is_a_file_for_every_compiler(path: str, language: str) -> None:
    words = command(recipe(sources=(path,), language=language))
    word = next(word for word in words if word.removeprefix("./") == path or word == path)
    assert not word.startswith(("-", "@"))


def built(place: Path, definition: str) -> int:
    (place / "x.yaml").write_text(f"{HEAD}x: {definition}{TAIL}")
    return main(["build", str(place / "x.yaml")])


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("experiments", "elsewhere"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "experiments")
    return tmp_path / "experiments"


def made(place: Path) -> Path:
    return next((place.parent / "cache/elfworlds/objects").glob("*/libx.so"))


@pytest.mark.parametrize("key", ["soname", "z", "runpath"])
def test_a_name_that_begins_with_an_at_sign_reads_no_options(key: str, place: Path) -> None:
    """ld and gcc both take such a word for a file of words."""
    (place.parent / "elsewhere/words").write_text(f"-Map={place.parent}/elsewhere/written\n")
    text = f'"@{place.parent}/elsewhere/words"'
    value = text if key == "soname" else f"[{text}]"
    assert built(place, f"{{library: x, code: 'int x;', {key}: {value}}}") == 0
    assert not (place.parent / "elsewhere/written").exists()
    if key == "soname":
        assert elf.read(made(place)).soname == f"@{place.parent}/elsewhere/words"


OUTSIDE = {
    "included by a word": "{{library: x, code: 'int y;', cflags: [-include, {0}/a.h]}}",
    "included by its path": "{{library: x, code: '#include \"{0}/a.h\"'}}",
    "included by a macro": '{{library: x, code: "#define A </a.h>\\n#include A2\\n", cflags: [\'-DA2="{0}/a.h"\']}}',
    "found in a directory": "{{library: x, code: '#include \"a.h\"', cflags: ['-I{0}']}}",
    "assembled": '{{library: x, code: ".globl it\\nit: .incbin \\"{0}/a.h\\"\\n", language: assembly}}',
    "assembled in C": '{{library: x, code: \'asm(".data; it: .incbin \\"{0}/a.h\\"");\'}}',
    "linked": "{{library: x, code: 'int y;', ldflags: ['-Wl,-T,{0}/a.ld']}}",
}


@pytest.mark.parametrize("how", OUTSIDE)
def test_a_changed_file_outside_is_no_stale_hit(how: str, place: Path) -> None:
    elsewhere = place.parent / "elsewhere"
    script = "SECTIONS {{ .note.it : {{ LONG({0}) }} }} INSERT AFTER .data;\n"
    digests = set()
    for number in (1, 2):
        (elsewhere / "a.h").write_text(f"int it = {number};\n")
        (elsewhere / "a.ld").write_text(script.format(number))
        assert built(place, OUTSIDE[how].format(elsewhere)) == 0
        digests.add(made(place).read_bytes())
    assert len(digests) == 2


def test_what_reads_nothing_outside_is_taken_from_the_store(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for told in ("1 built, 0 in the store already", "0 built, 1 in the store already"):
        assert built(place, "{library: x, code: '#include <stdio.h>'}") == 0
        assert told in capsys.readouterr().out


WORDS = (
    *("-fplugin=/x.so", "-fplugin=x", "-wrapper", "-specs=/x", "--specs=/x", "-include/x", "/x.h", "@/x", "@x"),
    *("-Wl,-Map=/x", "-Wl,-T,/x", "-Wl,-Map,/x", "-MF/x", "-I/x", "-L/x", "-B/x", "-I../../x", "-Wa,-a=/x", "../x.o"),
    *("-Wp,-MD,/x", "-Wl,@x", "-isystem/x", "--sysroot=/x"),
)
HARMLESS = (
    *("-O2", "-Wl,-rpath,/opt/x", "-Wl,-rpath=/opt/x", "-Wl,--defsym=a=0", "-DX=/usr", "-Wl,-soname,/x", "-pthread"),
    *("-ldl", "-Wl,-e,entry", "-Wl,-Ttext-segment=0x400000", "-Wl,--dynamic-linker=/lib/ld.so", "--target=a-b-c"),
)


def request(*words: str, **inputs: str) -> tuple[BuildRequest, dict[str, bytes]]:
    files = [File.of(name.replace("_", "."), text.encode()) for name, text in inputs.items()]
    digests = tuple((file.path, file.sha256) for file in files)
    argv = ("cc", *command(recipe(ldflags=words))[1:])
    made = BuildRequest(key=FORMAT, name="x", toolchain="host", filename="x", argv=argv, inputs=digests, needs=())
    return made, {file.sha256: file.data for file in files}


@pytest.mark.parametrize("word", WORDS)
def test_a_word_that_leads_outside_is_told(word: str) -> None:
    assert outside(*request(word)) != ()


@pytest.mark.parametrize("word", HARMLESS)
def test_a_word_that_leads_nowhere_is_not_told(word: str) -> None:
    assert outside(*request(word)) == ()


def test_sources_that_lead_outside_are_told() -> None:
    assert outside(*request(x_c='#include "/a.h"\n')) == ("x.c: /a.h",)
    assert outside(*request(x_c='#include "../a.h"\n')) == ("x.c: ../a.h",)
    assert outside(*request(x_c='#include <stdio.h>\n#include "a.h"\nstruct s x = {.include = 1};\n')) == ()
    assert outside(*request(x_S='.incbin "a.bin"\n')) == ()
    assert outside(*request(x_S=".incbin FILE\n.incbin NAME\n")) == ()
    assert outside(*request(x_S='.incbin "/a.bin"\n')) == ('x.S: .incbin "/a.bin',)
    assert outside(*request(x_rs='include_str!("/a");\n')) == ('x.rs: include_str!("/a"',)
    assert outside(*request(x_rs='include_bytes!(concat!("/", "a"));\n')) != ()
    assert outside(*request(x_rs='#[path = "a.rs"] mod a;\ninclude!("b.rs");\n')) == ()
    assert outside(*request(x_ld="INPUT(/lib/libc.so.6)\n")) == ("x.ld: INPUT(/lib/libc.so.6",)


def test_check_says_what_a_key_does_not_hold(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"{HEAD}x: {{library: x, code: 'int y;', cflags: [-include, /etc/hostname]}}{TAIL}"
    (place / "x.yaml").write_text(text)
    assert main(["check", str(place / "x.yaml")]) == 0
    told = capsys.readouterr().err
    assert "x.yaml:4:3: warning: this build reads what its key does not hold: /etc/hostname" in told


@pytest.mark.parametrize("name", ["-oDPkg::Pre-Invoke::=touch", "./x.deb", "a b", "a/stable"])
def test_a_package_is_no_option_of_apt(name: str) -> None:
    from elfworlds.toolchains.debian.solve import PACKAGE_NAME  # noqa: PLC0415  # one pattern

    assert not PACKAGE_NAME.fullmatch(name)


def test_a_prebuilt_file_that_looks_like_an_option_is_linked_by_a_script(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cc = shutil.which("cc")
    assert cc
    subprocess.run([cc, "-shared", "-Wl,-soname,libq.so", "-xc", "/dev/null", "-o", str(place / "q.so")], check=True)
    (place / "q.so").rename(place / "-q.so")
    judged = "outcomes: {ok: {exit: 0}}, expect: {outcome: ok}"
    text = f"{HEAD}x: {{prebuilt: -q.so}}\nscenarios:\n  s: {{run: '/bin/ls ${{x.dir}}/libq.so', {judged}}}\n"
    (place / "x.yaml").write_text(text)
    assert main(["run", str(place / "x.yaml")]) == 0
    capsys.readouterr()
    assert main(["export-c", str(place / "x.yaml"), "s"]) == 0
    script = place.parent / "script.sh"
    script.write_text(capsys.readouterr().out)
    (place.parent / "empty").mkdir()
    assert subprocess.run(["/bin/sh", str(script)], cwd=place.parent / "empty", check=False).returncode == 0
