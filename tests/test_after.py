"""`after`: tools edit an object's file after its link, in the build's own world, and that is part of its key."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from building import HOME, Made, made
from conftest import World
from elfworlds import elf
from elfworlds.backends.nix.work import which_step
from elfworlds.planning.links import soname_set
from elfworlds.process import Pool
from elfworlds.spec import load
from elfworlds.spec.editing import used
from elfworlds.toolchains import Toolchain
from elfworlds.toolchains.host import Prober, probe
from elfworlds.yamltext import parse
from nix_support import ROOT, bench, environment, needs_nix, written
from pinned_roots import rooted
from plans import keys_of, plan_of, stub

TOOLS = ("patchelf", "strip", "objcopy")
RELATIVE = "static int a, b, c; int *to[] = {&a, &b, &c}; int ok(void) { return to[2] == &c; }"
OBJECTS = f"""
  plain: {{library: plain, z: [pack-relative-relocs], code: "{RELATIVE}"}}
  moved:
    library: moved
    z: [pack-relative-relocs]
    code: "{RELATIVE}"
    after:
      - [patchelf, --set-rpath, "/a/long/way/to/a/directory:${{plain.dir}}"]
      - strip --strip-all
      - [objcopy, --add-section, ".more=more.txt"]
    headers: [more.txt]
  app: {{executable: app, needs: [moved], code: "int ok(void); int main(void) {{ return !ok(); }}"}}
"""


@pytest.fixture(scope="module")
def editing(tmp_path_factory: pytest.TempPathFactory) -> Toolchain:
    """This machine's toolchain, with the tools that edit files."""
    with Pool() as pool:
        return probe(Prober(pool.run, os.environ["PATH"], "cc", home=HOME), tmp_path_factory.mktemp("asked"), TOOLS)


def edited(folder: Path, pool: Pool, toolchain: Toolchain) -> Made:
    (folder / "more.txt").write_text("more\n")
    return made(OBJECTS, folder, pool, toolchain)


def sections(path: str) -> list[str]:
    told = subprocess.run(["readelf", "-SW", path], check=True, capture_output=True, text=True).stdout
    return re.findall(r"\] (\.\S+)", told)


@pytest.mark.needs("patchelf", "readelf")
def test_each_command_edits_what_the_one_before_it_left(tmp_path: Path, pool: Pool, editing: Toolchain) -> None:
    built = edited(tmp_path, pool, editing)
    plain, moved = built.artifact("plain"), built.artifact("moved")
    assert plain.facts.runpath is None
    assert moved.facts.runpath == ("/a/long/way/to/a/directory", plain.directory)
    assert (".symtab" in sections(plain.path), ".symtab" in sections(moved.path)) == (True, False)
    assert (".more" in sections(plain.path), ".more" in sections(moved.path)) == (False, True)


@pytest.mark.needs("patchelf", "readelf")
def test_a_library_with_relative_relocations_packed_still_works_after_it(
    tmp_path: Path, pool: Pool, editing: Toolchain
) -> None:
    built = edited(tmp_path, pool, editing)
    if ".relr.dyn" not in sections(built.artifact("plain").path):
        pytest.skip("this linker packs no relative relocations")
    assert ".relr.dyn" in sections(built.artifact("moved").path)
    assert built.run("app").exit == 0


@pytest.mark.needs("patchelf")
def test_a_soname_that_patchelf_sets_is_one_by_which_the_library_is_found(
    tmp_path: Path, pool: Pool, editing: Toolchain
) -> None:
    objects = """
  dep: {library: dep, code: "int dep(void) { return 0; }", after: [[patchelf, --set-soname, libdep.so.7]]}
  app: {executable: app, needs: [dep], code: "int dep(void); int main(void) { return dep(); }"}
"""
    built = made(objects, tmp_path, pool, editing)
    assert built.artifact("app").facts.needed == ("libdep.so.7", "libc.so.6")
    assert built.run("app").exit == 0


def test_the_last_soname_that_is_set_counts() -> None:
    assert soname_set([("strip",), ("patchelf", "--set-rpath", "/x")]) is None
    assert soname_set([("patchelf", "--set-soname", "a", "--set-soname", "b"), ("objcopy", "--set-soname", "c")]) == "b"


@pytest.mark.needs("patchelf")
def test_a_copy_of_a_file_that_somebody_else_built_is_edited(tmp_path: Path, pool: Pool, editing: Toolchain) -> None:
    words = ["cc", "-shared", "-fPIC", "-x", "c", "-", "-Wl,-soname,libfoo.so.2", "-o", f"{tmp_path}/libfoo.so.2.3"]
    subprocess.run(words, input=b"int foo(void) { return 0; }", check=True)
    (tmp_path / "libfoo.so.2.3").chmod(0o444)
    before = (tmp_path / "libfoo.so.2.3").read_bytes()
    objects = """
  foo:
    prebuilt: libfoo.so.2.3
    after: [[patchelf, --set-rpath, "$ORIGIN/../x"], [patchelf, --set-soname, libfoo.so.3]]
  same: {prebuilt: libfoo.so.2.3}
  app: {executable: app, needs: [foo], code: "int foo(void); int main(void) { return foo(); }"}
"""
    built = made(objects, tmp_path, pool, editing)
    assert (built.artifact("foo").facts.runpath, built.artifact("same").facts.runpath) == (("$ORIGIN/../x",), None)
    assert built.artifact("app").facts.needed[0] == "libfoo.so.3"
    assert built.run("app").exit == 0
    assert (tmp_path / "libfoo.so.2.3").read_bytes() == before


@pytest.mark.needs("rustc", "patchelf")
def test_an_object_in_rust_is_edited_too(tmp_path: Path, pool: Pool) -> None:
    with Pool() as own:
        whole = probe(Prober(own.run, os.environ["PATH"], "cc", home=HOME), tmp_path / "asked", ("rust", *TOOLS))
    objects = """
  r:
    library: r
    language: rust
    code: "#[no_mangle] pub extern fn r() -> i32 { 0 }"
    after: [[patchelf, --add-rpath, /x], [strip, -g]]
"""
    assert "/x" in (made(objects, tmp_path, pool, whole).artifact("r").facts.runpath or ())


def test_commands_are_part_of_the_key_and_of_nobody_elses(tmp_path: Path) -> None:
    text = 'experiment: x\nquestion: "?"\nobjects:\n  a: {library: a, code: "int a;"}\n'
    text += '  b: {library: b, code: "int b;" AFTER}\nscenarios: {s: {run: "/bin/true"}}\n'

    def keys(after: str, **tools: str) -> dict[str, str]:
        parts = {tool: {tool: digest} for tool, digest in tools.items()}
        toolchain = replace(stub(), parts=parts)
        return keys_of(plan_of(text.replace(" AFTER", after), tmp_path, {"host": toolchain}))

    without = keys("")
    assert keys(", after: []") == without == keys("", strip="1")
    several = [keys(f", after: {after}") for after in ("[[strip]]", "[[strip, -g]]", "[[strip], [strip]]")]
    several += [keys(", after: [[strip]]", strip="1"), keys(", after: [[strip]]", strip="2", patchelf="3")]
    assert {each["a"] for each in several} == {without["a"]}
    assert len({without["b"], *(each["b"] for each in several)}) == 1 + len(several)


def test_a_command_that_an_axis_leaves_empty_is_left_out(tmp_path: Path) -> None:
    text = """
experiment: x
question: "?"
matrix: {edit: {none: [], some: [strip, -g], more: [objcopy, -S]}}
objects: {a: {library: a, code: "int a;", after: ["${matrix.edit}", [patchelf, --print-rpath]]}}
scenarios: {s: {run: "${a}"}}
"""
    plan = plan_of(text, tmp_path)
    last = ("patchelf", "--print-rpath", "@out@/liba.so")
    assert [request.after for request in plan.requests.values()] == [
        (last,),
        (("strip", "-g", "@out@/liba.so"), last),
        (("objcopy", "-S", "@out@/liba.so"), last),
    ]
    assert used(load(parse(text, "x"), toolchains=["host"]).experiment) == {"strip", "objcopy", "patchelf"}


@pytest.mark.needs("patchelf")
def test_its_tools_are_asked_for_where_they_are_used(editing: Toolchain, toolchain: Toolchain) -> None:
    assert editing.identity == toolchain.identity
    assert set(editing.parts) == set(TOOLS)
    assert {"patchelf"} <= editing.parts["patchelf"].keys()
    assert re.fullmatch(r"[0-9]+\.[0-9.]+", editing.versions["patchelf"])
    assert not {*TOOLS, "elfedit"} & toolchain.versions.keys()


FAILING = """experiment: failing
question: Does it say which command failed?
objects:
  dep:
    library: dep
    code: "int dep;"
    after:
      - [strip, -g]
      - [objcopy, --no-such-option]
scenarios: {s: {run: "/bin/true ${dep}"}}
"""


def test_a_command_that_fails_is_told_with_its_words_and_its_line(world: World) -> None:
    code, out, err = world.run("run", world.experiment("failing", FAILING))
    assert code == 6
    assert "  $ objcopy --no-such-option ./libdep.so\n" in out + err
    assert re.search(r"^  \S*objcopy: unrecognized option '--no-such-option'$", out + err, re.MULTILINE)
    assert re.search(r"^  \(`after` of dep: \S*failing\.yaml:9\)$", out + err, re.MULTILINE)
    assert list((world.store / "objects").iterdir()) == []


def test_without_its_tool_an_object_is_unsupported_and_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = world.path / "bin"
    programs.mkdir()
    for name in ("cc", "as", "ld", "strip", "objcopy"):
        (programs / name).symlink_to(shutil.which(name) or name)
    monkeypatch.setenv("PATH", str(programs))
    objects = """objects:
  edited: {library: edited, code: "int e(void) { return 0; }", after: [[chrpath, -d]]}
  user: {library: user, needs: [edited], code: "int u;"}
  app: {executable: app, code: "int main(void) { return 0; }"}
scenarios:
  one: {run: "${app} ${user}", outcomes: {works: {exit: 0}}, expect: {outcome: works}}
  two: {inspect: edited, outcomes: {works: {type: DYN}}, expect: {outcome: works}}
  three: {run: "${app}", outcomes: {works: {exit: 0}}, expect: {outcome: works}}
"""
    path = world.experiment("lacking", f"experiment: lacking\nquestion: Is it there?\n{objects}")
    code, out, _ = world.run("run", path)
    assert (code, "3 trials: 1 PASS, 2 UNSUPPORTED" in out) == (0, True)
    assert re.search(r"UNSUPPORTED +object edited: no chrpath: it is not in PATH; \S.*chrpath \(trials: 2\)", out)
    code, out, _ = world.run("build", path)
    assert (code, "not built: object edited: no chrpath" in out) == (0, True)


@pytest.mark.needs("patchelf")
def test_the_report_has_the_versions_of_the_tools(world: World) -> None:
    text = FAILING.replace("[objcopy, --no-such-option]", "[patchelf, --set-rpath, /x]").replace("failing", "report")
    assert world.run("run", world.experiment("report", text))[0] == 0
    recorded = json.loads((world.latest("report") / "environment.json").read_text())["toolchains"][0]
    version = subprocess.run(["patchelf", "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
    assert recorded["versions"]["patchelf"] == version
    code, _, _ = world.run("gather", world.latest("report"), "-o", world.path / "gathered")
    assert (code, f",patchelf,{version}" in (world.path / "gathered" / "versions.csv").read_text()) == (0, True)


@pytest.mark.needs("patchelf")
def test_edited_objects_are_the_same_when_they_are_made_twice(world: World) -> None:
    (world.path / "experiments" / "more.txt").write_text("more\n")
    text = f'experiment: twice\nquestion: Is it the same?\nobjects:{OBJECTS}scenarios: {{s: {{run: "${{app}}"}}}}\n'
    code, out, err = world.run("build", "--verify", world.experiment("twice", text))
    assert (code, "made twice: 3 of 3 objects identical" in out) == (0, True), out + err


@pytest.mark.needs("patchelf")
def test_an_exported_script_runs_the_same_commands(world: World, tmp_path: Path) -> None:
    (world.path / "experiments" / "more.txt").write_text("more\n")
    text = f'experiment: script\nquestion: Is it the same?\nobjects:{OBJECTS}scenarios: {{s: {{run: "${{app}}"}}}}\n'
    code, script, _ = world.run("export-c", world.experiment("script", text), "s")
    assert (code, "# Needs: ${CC:-cc}, objcopy, patchelf, strip." in script) == (0, True)
    file, place = tmp_path / "script.sh", tmp_path / "empty"
    file.write_text(script)
    place.mkdir()
    assert subprocess.run(["sh", file], cwd=place, check=False).returncode == 0
    made_there = elf.read(place / "objects" / "moved" / "libmoved.so")
    assert made_there.runpath == ("/a/long/way/to/a/directory", f"{place}/objects/plain")


@pytest.mark.parametrize("label", ["debian/bullseye", "debian/sid", "musl/bookworm"])
def test_a_root_edits_with_its_own_tools(label: str, pool: Pool, tmp_path: Path) -> None:
    toolchain = rooted(label, pool)
    assert {"patchelf", "strip", "objcopy", "elfedit"} <= set(toolchain.tools)
    text = """experiment: x
question: "?"
objects: {a: {library: a, code: "int a;", after: [[patchelf, --set-rpath, /x], [strip]]}}
scenarios: {s: {run: "${a}"}}
"""
    from elfworlds.backends.local import LocalBackend  # noqa: PLC0415

    plan = plan_of(text.replace("objects", f"matrix: {{libc: [{label}]}}\nobjects"), tmp_path, {label: toolchain})
    backend = LocalBackend(tmp_path / "store", pool.run, 2, pool.interrupt)
    build = backend.build(plan, {label: toolchain}, keep_going=False, report=lambda *_: None)
    (artifact,) = build.artifacts.values()
    assert artifact.facts.runpath == ("/x",)


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("", ("", None)),
        ("a\nb", ("a\nb", None)),
        ("a\nelfworlds: after 2", ("a", 2)),
        ("elfworlds: after 0\n", ("", 0)),
        ("elfworlds: after 0\nb", ("elfworlds: after 0\nb", None)),
    ],
)
def test_the_log_of_a_nix_build_says_which_command_failed(log: str, said: tuple[str, int | None]) -> None:
    assert which_step(log) == said


@needs_nix
@pytest.mark.needs("patchelf")
def test_nix_edits_as_the_local_store_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from elfworlds.__main__ import main  # noqa: PLC0415

    for name, value in environment(tmp_path / "cache").items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "more.txt").write_text(f"{os.getpid()}\n")
    shutil.copy("/bin/true", tmp_path / "true")
    objects = f"{OBJECTS}  copy: {{prebuilt: ./true, after: [[patchelf, --set-rpath, /y]]}}\n"
    scenario = 'scenarios: {s: {run: "${app} ${copy}", outcomes: {works: {exit: 0}}, expect: {outcome: works}}}\n'
    path = tmp_path / "edited.yaml"
    path.write_text(f"experiment: edited\nquestion: Is it the same?\nobjects:{objects}{scenario}")
    code = main(["run", "--backend", "both", "-o", str(tmp_path / "results"), str(path)])
    told = capsys.readouterr().out
    assert (code, "local and nix: the same ELF facts and outcomes" in told) == (0, True), told
    assert main(["build", "--backend", "nix", "--verify", str(path)]) == 0
    assert "made twice: 4 of 4 objects identical" in capsys.readouterr().out


@needs_nix
def test_nix_says_which_command_failed(tmp_path: Path) -> None:
    after = [["strip", "-g"], ["objcopy", "--no-such-option"], ["strip", "-g"]]
    dep = {"library": "dep", "code": f"int dep = {os.getpid()};\n", "after": after}
    with bench(written(tmp_path, "failing", {"dep": dep}, "/bin/true ${dep}"), tmp_path / "cache") as one:
        (failure,) = one.build().failures.values()
    assert (failure.step, failure.command) == (1, "objcopy --no-such-option ./libdep.so")
    assert "objcopy: unrecognized option '--no-such-option'" in failure.output
    assert "elfworlds: after" not in failure.output


@needs_nix
@pytest.mark.needs("patchelf")
def test_a_package_sets_own_tools_edit_where_there_are_some(tmp_path: Path) -> None:
    packages = str(ROOT / "tests" / "data" / "nix" / "own-compiler")
    after = [["patchelf", "--set-rpath", f"/x/{os.getpid()}"], ["strip"]]
    objects = {"a": {"library": "a", "code": "int a;\n", "after": after}}
    with bench(written(tmp_path, "own", objects, "/bin/true ${a}"), tmp_path, ELFWORLDS_NIX_PACKAGES=packages) as one:
        tools = one.toolchains["host"].tools
        for tool in ("patchelf", "strip"):
            assert re.fullmatch(rf"/nix/store/[^/]+-own-\w+/bin/{tool}", tools[tool][0])
        (artifact,) = one.build().artifacts.values()
    assert artifact.facts.runpath == (f"/x/{os.getpid()}",)
