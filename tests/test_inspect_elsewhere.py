"""inspect: other roots, hosts, namespaces, one library, and symbols; held against the loader where it can be asked."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path

import pytest

import elfworlds
import elves
from conftest import World as Project
from elfworlds.inspection import NEW_NAMESPACE, World
from elfworlds.inspection.terminal import tree_lines
from elfworlds.inspection.why import why
from inspecting import LOADER, compiled, listed, undefined
from loaders import pinned_root

pytestmark = pytest.mark.skipif(not LOADER.exists(), reason="needs a device: x86-64 with glibc")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("elsewhere")
    compiled(top / "libhook.so", "int hook(void) { return 1; }", "-nostdlib")
    compiled(top / "plugin.so", "int hook(void); int run(void) { return hook(); }", "-nostdlib")
    code = "int hook(void) { return 2; } int main(void) { return hook(); }"
    compiled(top / "host", code, "-pie", "-rdynamic")
    compiled(top / "mute", code, "-pie")
    thread = "int pthread_create(void *, void *, void *, void *); int go(void) { return pthread_create(0, 0, 0, 0); }"
    stub = top / "stub" / "libc.so"
    compiled(stub, "int nothing;", "-nostdlib", "-Wl,-soname,libc.so.6")
    compiled(top / "threads.so", thread, "-nostdlib", f"-L{stub.parent}", "-l:libc.so")
    for name in ("one", "two"):
        elves.make(top / name / "libtwice.so", soname="libtwice.so")
    elves.make(top / "twice", ["libtwice.so", "libuser.so"], rpath=f"{top}/one:{top}/two")
    elves.make(top / "one" / "libuser.so", ["libtwice.so"])
    return top


def test_a_plugin_has_its_hosts_symbols_and_none_in_a_new_namespace(place: Path, world: Project) -> None:
    plugin = place / "plugin.so"
    for words, code in (
        ((), 0),
        (("--symbols",), 0),
        (("--host", place / "host"), 0),
        (("--host", place / "mute"), 1),
        (("--namespace", "new"), 1),
        (("--namespace", "new", "--host", place / "host"), 1),
        (("--host", place / "mute", "--preload", place / "libhook.so"), 0),
    ):
        done, out, _ = world.run("inspect", plugin, *words)
        assert (words, done) == (words, code)
        assert ("hook NOT DEFINED, needed by plugin.so" in out) == (code == 1 or words == ("--symbols",))
    (reference,) = elfworlds.inspect(plugin, World(host=str(place / "host"))).references
    assert (reference.symbol, reference.path) == ("hook", str(place / "host"))


def test_undefined_symbols_are_those_that_the_loader_names(place: Path) -> None:
    programs = [place / "plugin.so", Path("/usr/bin/env"), Path("/usr/bin/python3"), Path(shutil.which("cc") or "")]
    for path in programs:
        inspection = elfworlds.inspect(path)
        ours = {(each.symbol, each.version or "", each.needing) for each in inspection.missing_symbols}
        assert ours == undefined(path), path


def test_preloaded_names_come_after_the_application_as_the_loader_has_them(place: Path) -> None:
    hook = str(place / "libhook.so")
    inspection = elfworlds.inspect("/usr/bin/env", World(preload=(hook,)))
    assert [mapped.path for mapped in inspection.objects][1] == hook
    names = [need.name for need in inspection.needs if need.rule != "loaded"]
    ours = listed(Path("/usr/bin/env"), {"LD_PRELOAD": hook})[0]
    assert names == [name for name in ours if name != str(LOADER)]
    gone = elfworlds.inspect("/usr/bin/env", World(env={"LD_PRELOAD": "nowhere.so"}))
    assert gone.whole
    assert gone.needs[0].path is None


def test_why_tells_who_asked_in_which_order_and_what_is_shadowed(place: Path, world: Project) -> None:
    found = why(elfworlds.inspect(place / "twice"), "libtwice.so")
    first, second = found.requests
    assert (first.position, Path(first.need.needing).name) == (1, "twice")
    assert first.need.path == f"{place}/one/libtwice.so"
    assert [tried.path for tried in first.shadowed] == [f"{place}/two/libtwice.so"]
    assert [Path(path).name for path in second.chain] == ["twice", "libuser.so"]
    assert second.need.rule == "loaded"
    code, out, _ = world.run("inspect", "--why", "libtwice.so", place / "twice")
    assert (code, f"shadows {place}/two/libtwice.so  [rpath]" in out) == (0, True)
    _, out, _ = world.run("inspect", "--why", "libtwice.so", "--format", "json", place / "twice")
    assert json.loads(out)["inspections"][0]["why"]["requests"][0]["shadowed"][0]["rule"] == "rpath"
    code, _, err = world.run("inspect", "--why", "libtwicf.so", place / "twice")
    assert (code, "libtwice.so" in err) == (4, True)


def test_a_directory_that_holds_a_system_is_searched_and_this_machine_is_not(tmp_path: Path, world: Project) -> None:
    root = tmp_path / "root"
    elves.make(root / "usr/lib/libonly.so.1", soname="libonly.so.1")
    app = elves.make(root / "opt/app/bin/app", ["libonly.so.1", "libnear.so"], runpath="$ORIGIN/../lib")
    elves.make(root / "opt/app/lib/libnear.so", ["libc.so.6"])
    (root / "lib").symlink_to("usr/lib")
    inspection = elfworlds.inspect(app, World(root=str(root)))
    served = {need.name: need.path for need in inspection.needs}
    assert served == {
        "libonly.so.1": "/lib/libonly.so.1",
        "libnear.so": "/opt/app/bin/../lib/libnear.so",
        "libc.so.6": None,
    }
    outside = elves.make(tmp_path / "away" / "bin" / "app", ["libonly.so.1", "libbeside.so"], runpath="$ORIGIN/../lib")
    elves.make(tmp_path / "away" / "lib" / "libbeside.so")
    assert elfworlds.inspect(outside, World(root=str(root))).whole
    assert not elfworlds.inspect(outside).whole
    code, _, err = world.run("inspect", "--root", tmp_path / "nowhere", app)
    assert (code, "No such file" in err) == (4, True)
    code, _, err = world.run("inspect", "--root", root, "--toolchain", "host", app)
    assert (code, "in one of them" in err) == (4, True)
    code, _, err = world.run("inspect", "--toolchain", "debian/bulseye", app)
    assert (code, "debian/bullseye" in err) == (4, True)
    code, _, err = world.run("inspect", "--env", "LD_LIBRARY_PATH", app)
    assert (code, "NAME=VALUE" in err) == (4, True)
    code, _, err = world.run("inspect", "--namespace", "old", app)
    assert (code, "base or new" in err) == (4, True)


def test_threads_without_libpthread_are_missing_on_bullseye_and_not_on_trixie(place: Path) -> None:
    for suite, missing in (("bullseye", ["pthread_create"]), ("trixie", [])):
        pinned_root(f"debian/{suite}", fetch=False)
        inspection = elfworlds.inspect(
            place / "threads.so", World(toolchain=f"debian/{suite}", namespace=NEW_NAMESPACE)
        )
        assert [each.symbol for each in inspection.missing_symbols] == missing
        if missing:
            screen = " ".join(" ".join(tree_lines(inspection)).split())
            assert "/libpthread.so.0 has it, and nothing here needs that" in screen


def test_a_library_that_has_the_symbol_without_the_version_does_not_have_it(tmp_path: Path) -> None:
    """Since 2.34 libc has pthread_create: who is linked with that asks for a version that no libpthread has."""
    pinned_root("debian/bullseye", fetch=False)
    (tmp_path / "map").write_text("GLIBC_2.34 { pthread_create; };")
    words = ("-nostdlib", "-Wl,-soname,libc.so.6", f"-Wl,--version-script={tmp_path}/map")
    compiled(tmp_path / "libc.so", "void pthread_create(void) {}", *words)
    code = "void pthread_create(void); void go(void) { pthread_create(); }"
    newer = compiled(tmp_path / "newer.so", code, "-nostdlib", f"-L{tmp_path}", "-l:libc.so")
    world = World(toolchain="debian/bullseye", namespace=NEW_NAMESPACE)
    inspection = elfworlds.inspect(newer, world)
    screen = " ".join(" ".join(tree_lines(inspection)).split())
    assert "libpthread.so.0 defines pthread_create, but without version GLIBC_2.34" in screen
    assert "has it" not in screen


def test_a_newer_program_names_the_versions_that_bullseye_lacks(tmp_path: Path) -> None:
    pinned_root("debian/bullseye", fetch=False)
    app = compiled(tmp_path / "app", "int main(void) { return 0; }", "-pie")
    inspection = elfworlds.inspect(app, World(toolchain="debian/bullseye"))
    assert {version.version for version in inspection.missing_versions} == {"GLIBC_2.34"}
    assert inspection.newest("/lib/x86_64-linux-gnu/libc.so.6", "GLIBC_2.34") == "GLIBC_2.30"


def note(owner: bytes, kind: int, data: bytes) -> bytes:
    """A note as an assembler writes it."""
    return struct.pack("<III", len(owner), len(data), kind) + owner + data.ljust(-(-len(data) // 4) * 4, b"\0")


def test_what_a_note_says_is_dlopened_is_an_optional_need(tmp_path: Path, world: Project) -> None:
    text = '[{"soname": ["libnone.so.9", "libc.so.6"], "feature": "all", "priority": "suggested"}]'
    data = ", ".join(map(str, note(b"FDO\0", 0x407C0C0A, text.encode())))
    code = f'__asm__(".section .note.dlopen, \\"a\\", @note\\n.balign 4\\n.byte {data}\\n.previous"); int x;'
    library = compiled(tmp_path / "lib.so", code, "-nostdlib")
    (optional,) = elfworlds.inspect(library).optional
    assert optional.sonames == ("libnone.so.9", "libc.so.6")
    assert optional.priority == "suggested"
    assert optional.rule == ("ld.so.cache" if Path("/etc/ld.so.cache").exists() else "default")
    code_, out, _ = world.run("inspect", library)
    assert (code_, "libnone.so.9 or libc.so.6 →" in out) == (0, True)


def test_a_name_that_holds_control_characters_moves_no_cursor_and_makes_no_line(tmp_path: Path, world: Project) -> None:
    app = elves.make(tmp_path / "app", ["liba\nfake.so \u2192 /evil\x1b[1m.so"], soname="x\ty")
    for words in ((), ("--why", "liba\nfake.so \u2192 /evil\x1b[1m.so"), ("--format", "dot"), ("--format", "table")):
        _, out, _ = world.run("inspect", app, *words)
        assert "\x1b" not in out
        assert not any(line.startswith("fake.so") for line in out.splitlines())
