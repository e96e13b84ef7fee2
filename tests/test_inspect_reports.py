"""inspect: reports that people write again and again, made anew: the first screen of 24 lines names the cause."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import elfworlds
import elves
from elfworlds.inspection import World
from elfworlds.inspection.terminal import tree_lines
from forging_elf import Forged, library
from inspecting import LOADER, cached, compiled, listed

pytestmark = pytest.mark.skipif(not LOADER.exists(), reason="needs a device: x86-64 with glibc")
SCREEN = 24
Report = Callable[[Path], tuple[Path, World, str]]


def beside_without_a_run_path(top: Path) -> tuple[Path, World, str]:
    """`libcudart.so.11.0: cannot open shared object file`: it lies there, and nothing leads to it."""
    elves.make(top / "libcudart.so.11.0")
    return elves.make(top / "app", ["libcudart.so.11.0"]), World(), f"{top}/libcudart.so.11.0 lies beside app, and no"


def a_runpath_of_the_application_only(top: Path) -> tuple[Path, World, str]:
    """A plugin's library finds its own needs on the author's machine alone."""
    elves.make(top / "lib" / "libleaf.so")
    elves.make(top / "lib" / "libmid.so", ["libleaf.so"])
    app = elves.make(top / "app", ["libmid.so"], runpath="$ORIGIN/lib")
    return app, World(), "a runpath serves what its own object needs"


def a_runpath_that_turns_off_an_rpath(top: Path) -> tuple[Path, World, str]:
    elves.make(top / "lib" / "libx.so")
    app = elves.make(top / "app", ["libx.so"], rpath="$ORIGIN/lib", runpath="/nowhere")
    return app, World(), f"by the rpath of {top}/app, which the runpath of {top}/app turns off"


def an_origin_that_make_has_eaten(top: Path) -> tuple[Path, World, str]:
    return elves.make(top / "app", ["libx.so"], runpath="RIGIN/lib"), World(), "was $ORIGIN/lib meant?"


def another_version_of_the_library(top: Path) -> tuple[Path, World, str]:
    """`libssl.so.1.1` on a system with libssl.so.3, here with a library that every system has."""
    cached()
    return elves.make(top / "app", ["libc.so.5"]), World(), "this machine has libc.so.6"


def a_library_of_32_bits(top: Path) -> tuple[Path, World, str]:
    """`wrong ELF class: ELFCLASS32`."""
    (top / "lib").mkdir()
    (top / "lib" / "libx.so").write_bytes(library(Forged(bits=32, machine=3)).file())
    app = elves.make(top / "app", ["libx.so"], runpath="$ORIGIN/lib")
    return app, World(), f"{top}/lib/libx.so is of another class or machine, and is passed over"


def a_linker_script_in_place_of_a_library(top: Path) -> tuple[Path, World, str]:
    """`invalid ELF header`."""
    (top / "libx.so").write_text("INPUT(-lx)\n")
    app = elves.make(top / "app", ["libx.so"], runpath="$ORIGIN")
    return app, World(), f"the loader stops at {top}/libx.so"


def a_link_to_nowhere(top: Path) -> tuple[Path, World, str]:
    (top / "libx.so.1").symlink_to("libx.so.1.2.3")
    app = elves.make(top / "app", ["libx.so.1"], runpath="$ORIGIN")
    return app, World(), f"{top}/libx.so.1 is a symbolic link to what is not there"


def a_program_of_musl_on_glibc(top: Path) -> tuple[Path, World, str]:
    """`No such file or directory` for a program that is there."""
    app = compiled(top / "app", "int main(void) { return 0; }", "-pie", "-Wl,--dynamic-linker=/lib/ld-musl-none.so.1")
    return app, World(), "/lib/ld-musl-none.so.1 NOT FOUND"


def an_older_library_first_in_the_environment(top: Path) -> tuple[Path, World, str]:
    """`version GLIBCXX_3.4.30 not found`: another libstdc++ shadows the system's."""
    for name, versions in (("old", "ONE_1.0 { g; };"), ("new", "ONE_1.0 { g; }; ONE_1.1 { f; } ONE_1.0;")):
        (top / f"{name}.map").write_text(versions)
        code = "int f(void) { return 1; } int g(void) { return 1; }"
        script = f"-Wl,--version-script={top}/{name}.map"
        compiled(top / name / "libx.so", code, "-nostdlib", "-Wl,-soname,libx.so", script)
    use = "int f(void); int main(void) { return f(); }"
    app = compiled(top / "app", use, "-pie", f"-L{top}/new", "-lx", f"-Wl,--enable-new-dtags,-rpath,{top}/new")
    return app, World(env={"LD_LIBRARY_PATH": str(top / "old")}), "the newest there is ONE_1.0"


def a_library_that_was_not_linked(top: Path) -> tuple[Path, World, str]:
    """`undefined symbol: cos`."""
    cached()
    plugin = compiled(top / "plugin.so", "double cos(double); double f(double x) { return cos(x); }", "-fno-builtin")
    host = compiled(top / "host", "int main(void) { return 0; }", "-pie")
    return plugin, World(host=str(host)), "libm.so.6 has it, and nothing here needs that"


def a_host_that_does_not_export(top: Path) -> tuple[Path, World, str]:
    """`undefined symbol: PyExc_ImportError`: the host's symbols are not in its dynamic table, or it is another one."""
    plugin = compiled(top / "plugin.so", "int hook(void); int run(void) { return hook(); }")
    host = compiled(top / "host", "int hook(void) { return 1; } int main(void) { return hook(); }", "-pie")
    return plugin, World(host=str(host)), "hook NOT DEFINED, needed by plugin.so"


REPORTS: tuple[Report, ...] = (
    beside_without_a_run_path,
    a_runpath_of_the_application_only,
    a_runpath_that_turns_off_an_rpath,
    an_origin_that_make_has_eaten,
    another_version_of_the_library,
    a_library_of_32_bits,
    a_linker_script_in_place_of_a_library,
    a_link_to_nowhere,
    a_program_of_musl_on_glibc,
    an_older_library_first_in_the_environment,
    a_library_that_was_not_linked,
    a_host_that_does_not_export,
)


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.__name__)
def test_the_first_screen_names_the_cause_of(report: Report, tmp_path: Path) -> None:
    path, world, words = report(tmp_path)
    screen = " ".join(" ".join(list(tree_lines(elfworlds.inspect(path, world)))[:SCREEN]).split())
    assert words in screen


def test_lddtree_finds_what_neither_the_loader_nor_inspect_finds(tmp_path: Path, needs: Callable[[str], str]) -> None:
    """It is pax-utils' script, which needs pyelftools: the Python that runs this has it."""
    lddtree = needs("lddtree")
    app, _, _ = a_runpath_of_the_application_only(tmp_path)
    done = subprocess.run([sys.executable, lddtree, "-l", app], capture_output=True, text=True, check=True)
    assert f"{tmp_path}/lib/libleaf.so" in done.stdout.splitlines()
    loaded, _ = listed(app)
    assert loaded == {"libmid.so": f"{tmp_path}/lib/libmid.so", "libleaf.so": None}
    (lost,) = elfworlds.inspect(app).missing
    assert (lost.name, lost.needing) == ("libleaf.so", f"{tmp_path}/lib/libmid.so")
