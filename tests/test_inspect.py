"""inspect: what the dynamic loader would do with a file is what it does; what is missing has its cause."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import elfworlds
from conftest import World as Project
from elfworlds.elf import ElfObject
from elfworlds.elf.segments import HEAD
from elfworlds.errors import InputError
from elfworlds.inspection import System, World, system_of
from elfworlds.inspection.loader import Processor, cache_path, processor, search_paths
from elfworlds.inspection.terminal import tree_lines
from elfworlds.toolchains import Toolchain
from forging_elf import Forged, library
from inspecting import LOADER, compiled, listed, weakened
from readelves import is_elf

pytestmark = pytest.mark.skipif(not LOADER.exists(), reason="needs a device: x86-64 with glibc")
PROGRAMS = 60


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """App (RUNPATH lib) → mid (none) → leaf, all in place; and an app that needs versions."""
    top = tmp_path_factory.mktemp("inspect")
    lib = top / "lib"
    compiled(lib / "libleaf.so", "int leaf(void) { return 1; }", "-Wl,-soname,libleaf.so")
    compiled(lib / "libmid.so", "int leaf(void); int mid(void) { return leaf(); }", f"-L{lib}", "-lleaf")
    code = "int mid(void); int main(void) { return mid(); }"
    new = "-Wl,--allow-shlib-undefined,--enable-new-dtags,-rpath"
    compiled(top / "app", code, "-pie", f"-L{lib}", "-lmid", f"{new},$ORIGIN/lib")
    compiled(top / "app-rpath", code, "-pie", f"-L{lib}", "-lmid", f"{new.replace('enable', 'disable')},$ORIGIN/lib")
    one, two = top / "one.map", top / "two.map"
    one.write_text("ONE { global: f; local: *; };")
    two.write_text("ONE { global: f; local: *; }; TWO_2.0 { global: g; } ONE;")
    both = "int f(void) { return 1; } int g(void) { return 2; }"
    soname = "-Wl,-soname,libv.so"
    compiled(top / "new" / "libv.so", both, soname, f"-Wl,--version-script={two}")
    compiled(top / "old" / "libv.so", "int f(void) { return 1; }", soname, f"-Wl,--version-script={one}")
    compiled(top / "none" / "libv.so", both, soname)
    use = "int f(void); int g(void); int main(void) { return f() + g(); }"
    weakened(compiled(top / "use", use, "-pie", f"-L{top / 'new'}", "-lv"), "TWO_2.0")
    return top


def by_us(path: Path, system: System | World | None = None) -> dict[str, str | None]:
    """The names in the loader's order, each once, with their files, as a loader lists them."""
    inspection = elfworlds.inspect(path, system)
    files: dict[str, str | None] = {}
    seen: set[str] = set()
    for need in inspection.needs:
        file = need.path
        if file is None or os.path.realpath(file) not in seen:
            files.setdefault(need.name if file != inspection.interp else file, file)
            seen |= {os.path.realpath(file)} if file else set()
    return files


def test_what_is_loaded_for_dozens_of_programs_is_what_the_loader_lists() -> None:
    programs = sorted(path for path in Path("/usr/bin").iterdir() if path.is_file() and not path.is_symlink())
    elves = [path for path in programs if is_elf(path)]
    system = system_of(World())
    chosen = elves[:: max(1, len(elves) // PROGRAMS)]
    assert len(chosen) > 20
    for path in chosen:
        files, versions = listed(path)
        ours = {name: file for name, file in by_us(path, system).items() if name != str(LOADER)}
        assert list(ours.items()) == [(name, file) for name, file in files.items() if name != str(LOADER)], path
        assert not versions


def test_a_runpath_serves_what_its_own_object_needs_and_not_the_next(place: Path, world: Project) -> None:
    inspection = elfworlds.inspect(place / "app")
    assert by_us(place / "app")["libleaf.so"] is None
    assert listed(place / "app")[0]["libleaf.so"] is None
    assert [(need.name, Path(need.needing).name) for need in inspection.missing] == [("libleaf.so", "libmid.so")]
    code, out, _ = world.run("inspect", place / "app")
    assert code == 1
    assert "libleaf.so NOT FOUND" in out
    assert f"{place}/lib/libleaf.so is there, by the runpath of {place}/app" in " ".join(out.split())
    assert by_us(place / "app-rpath") == listed(place / "app-rpath")[0]
    served = next(need for need in elfworlds.inspect(place / "app-rpath").needs if need.name == "libleaf.so")
    assert (served.rule, served.holder) == ("rpath", str(place / "app-rpath"))


def test_a_miss_names_every_path_in_the_order_of_the_search(place: Path) -> None:
    world = World(env={"LD_LIBRARY_PATH": "/nowhere:/else"})
    (missing,) = elfworlds.inspect(place / "app", world).missing
    paths = [(tried.rule, tried.path) for tried in missing.considered]
    subdirectories = system_of(world).surroundings(*_program(place / "app")).subdirectories
    assert paths[: len(subdirectories) + 1] == [
        ("LD_LIBRARY_PATH", f"/nowhere/{part}libleaf.so") for part in (*(f"{part}/" for part in subdirectories), "")
    ]
    rules = list(dict.fromkeys(rule for rule, _ in paths))
    assert rules == ["LD_LIBRARY_PATH", "ld.so.cache", "default"]


def _program(path: Path) -> tuple[ElfObject, bytes, str]:
    facts = elfworlds.inspect(path).facts
    return facts, path.read_bytes()[:64], str(LOADER)


@pytest.mark.parametrize("app", ["use", "use-weak"])
@pytest.mark.parametrize("folder", ["new", "old", "none"])
def test_versions_are_missing_where_the_loader_misses_them(place: Path, folder: str, app: str) -> None:
    world = World(env={"LD_LIBRARY_PATH": str(place / folder)})
    inspection = elfworlds.inspect(place / app, world)
    ours = {(version.path, version.version, version.needing) for version in inspection.missing_versions}
    _, versions = listed(place / app, dict(world.env))
    assert ours == versions
    assert bool(ours) == ((folder, app) == ("old", "use"))
    weak = [version for version in inspection.versions if version.weak and not version.unversioned]
    assert bool(weak) == ((folder, app) == ("old", "use-weak"))
    assert any(version.unversioned for version in inspection.versions) == (folder == "none")


def test_exit_1_and_the_newest_version_where_one_is_missing(
    place: Path, world: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", str(place / "old"))
    code, out, _ = world.run("inspect", place / "use")
    assert code == 1
    assert f"TWO_2.0 NOT IN {place}/old/libv.so" in " ".join(out.split())
    code, out, _ = world.run("inspect", place / "use-weak")
    assert code == 0
    assert "nothing missing" in " ".join(out.split())


def test_the_tree_fits_a_terminal_of_80_columns_but_for_paths() -> None:
    for path in ("/usr/bin/env", "/usr/bin/python3", "/usr/bin/gdb"):
        if Path(path).exists():
            lines = list(tree_lines(elfworlds.inspect(path)))
            assert all(len(line) <= 80 or len(line.split()[-2]) > 40 for line in lines)


def test_json_has_every_need_with_its_rule_and_every_object(place: Path, world: Project) -> None:
    code, out, _ = world.run("inspect", "--format", "json", place / "app", place / "use")
    assert code == 1
    whole = json.loads(out)
    app, use = whole["inspections"]
    assert (app["whole"], use["whole"]) == (False, False)
    assert {"runpath", "relro", "notes", "relocations", "tls"} <= set(app["facts"])
    (missing,) = [need for need in app["needs"] if need["name"] == "libleaf.so"]
    assert missing["path"] is None
    assert missing["considered"][-1]["rule"] == "default"
    assert missing["causes"]
    assert [each["name"] for each in app["objects"]][:2] == ["", "libmid.so"]


def test_what_is_no_elf_file_is_told_with_exit_4_and_the_rest_goes_on(world: Project, place: Path) -> None:
    script = world.path / "script"
    script.write_text("#!/bin/sh\n")
    (world.path / "cut").write_bytes((place / "app").read_bytes()[:1000])
    os.mkfifo(world.path / "fifo")
    for name, words in (
        ("script", "it is a script; inspect what runs it: /bin/sh"),
        ("nowhere", "no file"),
        ("fifo", "not a regular file"),
        ("cut", "it is cut off: it has 1000 bytes, and"),
    ):
        code, out, err = world.run("inspect", name, "/usr/bin/env")
        assert code == 4
        assert words in err
        assert "/usr/bin/env: " in out
    code, _, err = world.run("inspect", "--format", "xml", "/usr/bin/env")
    assert (code, "--format is tree" in err) == (4, True)


def test_where_a_loader_searches_is_read_from_its_bytes_as_it_says_itself(toolchain: Toolchain) -> None:
    ours = search_paths(LOADER.read_bytes(), "EM_X86_64", processor())
    assert ours.default_paths == toolchain.default_paths
    assert ours.subdirectories == toolchain.subdirectories
    assert ours.tokens == toolchain.tokens


def test_older_loaders_have_older_subdirectories_and_nix_a_cache_of_its_own() -> None:
    features = frozenset({"avx2", "bmi1", "bmi2", "abm", "movbe", "popcnt", "fma", "avx512cd"})
    haswell = Processor("GenuineIntel", features)
    old = b"\0/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/\0"
    paths = search_paths(old, "EM_X86_64", haswell)
    assert paths.subdirectories[:2] == ("tls/haswell/avx512_1/x86_64", "tls/haswell/avx512_1")
    assert paths.tokens["PLATFORM"] == "haswell"
    assert paths.tokens["LIB"] == "lib/x86_64-linux-gnu"
    nix = b"\0/nix/store/x-glibc-2.40/etc/ld.so.cache\0/nix/store/x-glibc-2.40/lib/\0"
    assert cache_path(nix) == "/nix/store/x-glibc-2.40/etc/ld.so.cache"
    assert search_paths(nix, "EM_X86_64", haswell).default_paths == ("/nix/store/x-glibc-2.40/lib",)


def test_a_sparse_file_of_4_gb_and_one_of_another_machine_are_inspected_or_refused(tmp_path: Path) -> None:
    sparse = tmp_path / "sparse"
    with sparse.open("wb") as file:
        file.write(Path("/usr/bin/env").read_bytes()[:HEAD])
        file.truncate(4 << 30)
    try:
        assert elfworlds.inspect(sparse).facts.machine == "EM_X86_64"
    except InputError as error:
        assert "sparse" in error.message  # noqa: PT017  # either will do
    for forged in (Forged(bits=32, machine=40), Forged(order=">", machine=22), Forged(machine=65000)):
        path = tmp_path / "other"
        path.write_bytes(library(forged).file())
        inspection = elfworlds.inspect(path)
        assert all(need.path is None for need in inspection.needs)


def test_a_tree_loads_no_parser_of_yaml_and_no_tables() -> None:
    code = (
        "import sys\nfrom elfworlds.__main__ import main\nmain(['inspect', '/usr/bin/env'])\n"
        "print(sorted(set(sys.modules) & {'pandas', 'pyarrow', 'elftools', 'yaml'}))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.endswith("[]\n")
