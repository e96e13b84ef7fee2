"""A library's DT_SONAME is a name that works: links beside the file, as ldconfig and `ld -l` have them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from building import made
from conftest import World
from elfworlds.planning.links import beside, soname_in
from elfworlds.process import Pool
from elfworlds.toolchains import Toolchain
from nix_support import bench, needs_nix, written
from plans import keys_of, plan_of

pytestmark = pytest.mark.learns

DEP = 'dep: {library: dep, soname: libdep.so.2, code: "int dep(void) { return 1; }"}'
APP = 'app: {executable: app, needs: [dep], code: "int dep(void); int main(void) { return dep() - 1; }"}'
RUN = "scenarios: {s: {run: '${app}', outcomes: {works: {exit: 0}}, expect: {outcome: works}}}"


def text(name: str, *objects: str, scenarios: str = RUN) -> str:
    lines = "\n".join(f"  {definition}" for definition in objects)
    return f"experiment: {name}\nquestion: Does it find its library?\nobjects:\n{lines}\n{scenarios}\n"


@pytest.mark.parametrize(
    ("filename", "soname", "links"),
    [
        ("libdep.so", "libdep.so", ()),
        ("libdep.so", "", ()),
        ("libdep.so", "libdep.so.2", ("libdep.so.2",)),
        ("libdep.so", "other", ("other",)),
        ("libfoo.so.2.3.4", "libfoo.so.2", ("libfoo.so", "libfoo.so.2")),
        ("libfoo.so.2", "libfoo.so.2", ("libfoo.so",)),
        ("libfoo.so.2", "", ("libfoo.so",)),
        (
            "libgfortran-040039e1.so.5.0.0",
            "libgfortran-040039e1.so.5",
            ("libgfortran-040039e1.so", "libgfortran-040039e1.so.5"),
        ),
        ("plugin.so.1", "plugin.so.1", ()),
        ("app", "", ()),
        ("libdep.so", "/opt/libdep.so.2", ()),
        ("libdep.so", "$ORIGIN/libdep.so.2", ()),
        ("libdep.so", "..", ()),
        ("libdep.so", "manifest.json", ()),
        ("libdep.so", "l" * 300, ()),
    ],
)
def test_links_are_the_soname_and_what_the_link_editor_looks_for(
    filename: str, soname: str, links: tuple[str, ...]
) -> None:
    assert beside(filename, soname) == links


@pytest.mark.parametrize(
    ("words", "soname"),
    [
        ((), None),
        (("-Wl,-z,now", "-lm"), None),
        (("-Wl,-soname,libx.so.1",), "libx.so.1"),
        (("-Wl,-z,now,--soname=libx.so.1",), "libx.so.1"),
        (("-Wl,-h,libx.so.1", "-Wl,-soname=libx.so.2"), "libx.so.2"),
        (("-Xlinker", "-soname", "-Xlinker", "libx.so.1"), "libx.so.1"),
        (("-Wl,-soname", "-Wl,libx.so.1"), "libx.so.1"),
        (("-soname", "libx.so.1"), None),
        (("-Wl,-soname",), ""),
    ],
)
def test_a_soname_among_words_for_the_link_is_known(words: tuple[str, ...], soname: str | None) -> None:
    assert soname_in(words) == soname


def test_an_object_finds_the_library_that_it_needs_by_a_versioned_soname(world: World) -> None:
    code, out, err = world.run("run", world.experiment("versioned", text("versioned", DEP, APP)))
    assert (code, err) == (0, "")
    assert re.search(r"s +works", out)
    traces = [json.loads(line) for line in (world.latest("versioned") / "traces.jsonl").read_text().splitlines()]
    maps = {Path(mapped["path"]).name: mapped["object"] for mapped in traces[0]["link_maps"]}
    assert (maps["app"], maps["libdep.so.2"]) == ("app", "dep")
    assert [search["agrees"] for search in traces[0]["searches"] if search["name"] == "libdep.so.2"] == [True]


def test_a_library_by_its_name_and_by_its_soname_is_one_object(world: World) -> None:
    scenarios = """scenarios:
  s:
    program: {needs: [dep]}
    steps:
      - {dlopen: {object: dep, as: path}}
      - {dlopen: {path: libdep.so.2, as: soname}}
      - {dlopen: {path: libdep.so, as: name}}
      - {c: "const int same = path == soname && path == name;", values: {same: same}}
    outcomes: {one: {same: 1}}
    expect: {outcome: one}"""
    path = world.experiment("one", text("one", DEP, scenarios=scenarios))
    code, out, err = world.run("run", path)
    assert (code, "1 PASS" in out) == (0, True), out + err


def test_a_soname_among_the_words_for_the_link_works_too(world: World) -> None:
    dep = 'dep: {library: dep, ldflags: ["-Wl,-soname,libdep.so.2"], code: "int dep(void) { return 1; }"}'
    code, out, _ = world.run("run", world.experiment("flag", text("flag", dep, APP)))
    assert (code, "1 PASS" in out) == (0, True)


def test_only_a_library_with_another_soname_has_links_and_another_key(tmp_path: Path) -> None:
    plain = plan_of(text("x", DEP.replace("soname: libdep.so.2, ", ""), APP), tmp_path)
    same = plan_of(text("x", DEP.replace("libdep.so.2", "libdep.so"), APP), tmp_path)
    other = plan_of(text("x", DEP, APP), tmp_path)
    assert keys_of(plain) == keys_of(same)
    assert [request.links for request in plain.requests.values()] == [(), ()]
    assert [request.links for request in other.requests.values()] == [("libdep.so.2",), ()]
    assert keys_of(plain)["dep"] != keys_of(other)["dep"]


@pytest.mark.parametrize("damage", ["gone", "elsewhere", "a copy"])
def test_an_entry_whose_link_is_not_as_it_was_made_is_made_again(
    tmp_path: Path, pool: Pool, toolchain: Toolchain, damage: str
) -> None:
    first = made(f"  {DEP}\n  {APP}", tmp_path, pool, toolchain).artifact("dep")
    link = Path(first.directory, "libdep.so.2")
    assert str(link.readlink()) == "libdep.so"
    link.unlink()
    if damage == "elsewhere":
        link.symlink_to("/lib/libdep.so.2")
    elif damage == "a copy":
        shutil.copy(first.path, link)
    again = made(f"  {DEP}\n  {APP}", tmp_path, pool, toolchain)
    assert (again.artifact("dep").reused, again.artifact("app").reused) == (False, True)
    assert str(link.readlink()) == "libdep.so"
    assert again.run("app").exit == 0


def test_a_prebuilt_library_of_several_versions_links_by_name_and_loads(
    tmp_path: Path, pool: Pool, toolchain: Toolchain
) -> None:
    words = ["cc", "-shared", "-fPIC", "-x", "c", "-", "-Wl,-soname,libfoo.so.2", "-o", f"{tmp_path}/libfoo.so.2.3.4"]
    subprocess.run(words, input=b"int foo(void) { return 0; }", check=True)
    objects = """
  foo: {prebuilt: libfoo.so.2.3.4}
  by-needs: {executable: by-needs, needs: [foo], code: "int foo(void); int main(void) { return foo(); }"}
  by-name:
    executable: by-name
    runpath: [foo]
    ldflags: ["-L${foo.dir}", -lfoo]
    code: "int foo(void); int main(void) { return foo(); }"
"""
    built = made(objects, tmp_path, pool, toolchain)
    assert sorted(path.name for path in Path(built.artifact("foo").directory).iterdir()) == [
        "libfoo.so",
        "libfoo.so.2",
        "libfoo.so.2.3.4",
        "manifest.json",
    ]
    for name in ("by-needs", "by-name"):
        assert built.artifact(name).facts.needed == ("libfoo.so.2", "libc.so.6")
        assert built.run(name).exit == 0


def test_a_library_that_is_not_found_is_told_with_who_needs_it(world: World) -> None:
    scenarios = RUN.replace("works: {exit: 0}", "lost: {exit: 127}").replace("outcome: works", "outcome: lost")
    for name, soname, shown in (
        ("nowhere", "libdep.so.2", "libdep.so.2, which app needs, was not found: no rpath, no runpath"),
        ("a-path", "sub/libdep.so.2", "sub/libdep.so.2, which app needs, was not found"),
    ):
        app = APP.replace("needs: [dep]", "needs: [dep], runpath: []")
        path = world.experiment(name, text(name, DEP.replace("libdep.so.2", soname), app, scenarios=scenarios))
        code, _, err = world.run("run", path)
        assert (code, err) == (0, "")
        notes = [json.loads(line)["notes"] for line in (world.latest(name) / "trials.jsonl").read_text().splitlines()]
        assert shown in " ".join(notes[0])


def test_an_exported_script_makes_the_links(world: World, tmp_path: Path) -> None:
    code, script, _ = world.run("export-c", world.experiment("versioned", text("versioned", DEP, APP)), "s")
    assert code == 0
    file, place = tmp_path / "script.sh", tmp_path / "empty"
    file.write_text(script)
    place.mkdir()
    for _ in range(2):  # it may be run again where it was
        assert subprocess.run(["sh", file], cwd=place, check=False).returncode == 0
    assert str((place / "objects" / "dep" / "libdep.so.2").readlink()) == "libdep.so"


def test_check_warns_of_a_soname_that_the_machine_has_too(world: World) -> None:
    dep = DEP.replace("libdep.so.2", "libm.so.6")
    path = world.experiment("clash", text("clash", dep, APP))
    code, out, err = world.run("check", path)
    assert (code, "ok (2 objects" in out) == (0, True)
    assert re.search(
        r"clash\.yaml:4:31: warning: `libm\.so\.6` is the DT_SONAME of a library of host too: /\S+/libm\.so\.6\n", err
    )
    code, _, err = world.run("check", world.experiment("fine", text("fine", DEP, APP)))
    assert (code, err) == (0, "")


def test_check_knows_the_libraries_of_a_root_that_is_unpacked(world: World) -> None:
    """A root of which only the record and one library are there."""
    from elfworlds.toolchains.debian import lock, root  # noqa: PLC0415

    known = lock.find("bookworm", [Path(lock.__file__).parents[4] / "toolchains"])
    place = root.directory(known, (), world.store)
    library = place / "root" / "usr" / "lib" / "x86_64-linux-gnu" / "libcurious.so.5"
    library.parent.mkdir(parents=True)
    words = ["cc", "-shared", "-x", "c", "-", "-Wl,-soname,libcurious.so.5", "-o", str(library)]
    subprocess.run(words, input=b"int curious;", check=True)
    record = {"schema": 1, "suite": "bookworm", "parts": ["base"], "size": 1, "packages": [["libc6", "2.36"]]}
    (place / "root.json").write_text(json.dumps(record))
    dep = DEP.replace("libdep.so.2", "libcurious.so.5")
    path = world.experiment("rooted", text("rooted", dep, APP, "x: {library: x, soname: libm.so.6, code: 'int x;'}"))
    path.write_text(path.read_text() + "matrix: {libc: [debian/bookworm, debian/trixie]}\n")
    code, _, err = world.run("check", path)
    shown = re.findall(r"warning: (.*)", err)
    own = "/lib/x86_64-linux-gnu/libcurious.so.5"
    assert (code, shown) == (
        0,
        [f"`libcurious.so.5` is the DT_SONAME of a library of debian/bookworm too: {own}"],
    )


@needs_nix
def test_nix_makes_the_same_links(tmp_path: Path) -> None:
    objects = {
        "dep": {"library": "dep", "soname": "libdep.so.2", "code": f"int dep(void) {{ return {os.getpid()}; }}\n"},
        "app": {
            "executable": "app",
            "needs": ["dep"],
            "code": f"int dep(void); int main(void) {{ return dep() - {os.getpid()}; }}\n",
        },
    }
    with bench(written(tmp_path, "links", objects, "${app}"), tmp_path / "cache") as one:
        artifacts = one.build().artifacts
        dep, app = (artifacts[one.key(name)] for name in ("dep", "app"))
        assert str(Path(dep.directory, "libdep.so.2").readlink()) == "libdep.so"
        assert sorted(path.name for path in Path(dep.directory).iterdir()) == ["libdep.so", "libdep.so.2"]
        assert subprocess.run([app.path], env={}, check=False).returncode == 0
