"""toolchains.host: identified by what its files hold, remembered while they are the same."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from elfworlds import elf
from elfworlds.errors import BuildFailedError
from elfworlds.process import Command, Completed, Pool
from elfworlds.toolchains import Toolchain
from elfworlds.toolchains.host import Prober, probe
from waiting import AGES


def test_the_identity_names_what_decides_a_build(toolchain: Toolchain) -> None:
    assert {"cc", "cc1", "as", "ld", "crt1.o", "libc.so.6", "cc --version", "machine"} <= set(toolchain.identity)
    assert len(toolchain.identity["ld"]) == 64


def test_libc_has_a_version_and_its_distributions_revision(toolchain: Toolchain, pool: Pool) -> None:
    done = pool.run(Command(argv=("/usr/bin/getconf", "GNU_LIBC_VERSION"), env={}, cwd="/", timeout=AGES))
    assert f"glibc {toolchain.versions['libc']}" == done.text.strip()
    assert toolchain.versions["libc"] in toolchain.versions["libc-revision"]


def test_packages_are_told_with_their_revision(toolchain: Toolchain, pool: Pool) -> None:
    if not Path("/var/lib/dpkg/status").exists():
        assert toolchain.packages == ()
        return
    argv = ("/usr/bin/dpkg-query", "-W", "-f=${Version}", "libc6")
    done = pool.run(Command(argv=argv, env={}, cwd="/", timeout=AGES))
    assert {one.name: one.version for one in toolchain.packages}["libc6"] == done.text


def test_what_was_learnt_is_used_again_without_starting_anything(pool: Pool, tmp_path: Path) -> None:
    first = probe(Prober(pool.run, os.environ["PATH"], "cc"), tmp_path)

    def refuse(command: Command) -> Completed:
        raise AssertionError(command)

    assert probe(Prober(refuse, os.environ["PATH"], "cc"), tmp_path) == first


def test_another_compiler_is_another_toolchain(pool: Pool, tmp_path: Path) -> None:
    wrapper = tmp_path / "bin" / "mycc"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\nexec {shutil.which("cc")} "$@"\n')
    wrapper.chmod(0o755)
    path = f"{wrapper.parent}:{os.environ['PATH']}"
    mine = probe(Prober(pool.run, path, "mycc -m64"), tmp_path / "cache")
    assert mine.tools["cc"] == (str(wrapper), "-m64")
    assert mine.digest != probe(Prober(pool.run, path, "cc"), tmp_path / "cache").digest
    wrapper.write_text(f'#!/bin/sh\n# changed\nexec {shutil.which("cc")} "$@"\n')
    assert probe(Prober(pool.run, path, "mycc -m64"), tmp_path / "cache").digest != mine.digest


def test_a_missing_compiler_says_what_to_install(pool: Pool) -> None:
    with pytest.raises(BuildFailedError, match="no C compiler") as caught:
        probe(Prober(pool.run, "/nowhere", "cc"), None)
    assert caught.value.hint is not None
    assert "gcc" in caught.value.hint


def test_a_compiler_without_a_c_library_is_refused(pool: Pool, tmp_path: Path) -> None:
    fake = tmp_path / "cc"
    fake.write_text("#!/bin/sh\necho nothing\n")
    fake.chmod(0o755)
    with pytest.raises(BuildFailedError, match=r"crt1\.o"):
        probe(Prober(pool.run, str(tmp_path), "cc"), None)


def test_without_a_memory_nothing_is_written(pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    probe(Prober(pool.run, os.environ["PATH"], "cc"), None)
    assert list(tmp_path.iterdir()) == []


def test_what_another_version_remembered_is_learnt_anew(pool: Pool, tmp_path: Path) -> None:
    prober = Prober(pool.run, os.environ["PATH"], "cc")
    first = probe(prober, tmp_path)
    (memory,) = tmp_path.glob("host-*.json")
    facts = json.loads(memory.read_text())
    del facts["default_paths"]
    memory.write_text(json.dumps(facts))
    assert probe(prober, tmp_path) == first


def only(directory: Path, *names: str) -> str:
    """A PATH with these programs and nothing else."""
    directory.mkdir()
    for name in names:
        found = shutil.which(name)
        if found:
            (directory / name).symlink_to(found)
    return str(directory)


COMPILER = ("cc", "as", "ld", "dpkg-query", "rpm", "sh", "env", "dd")
OBSERVERS = ("gdb", "valgrind", "strace")


def test_what_observes_a_program_is_there_or_absent_and_decides_no_build(pool: Pool, tmp_path: Path) -> None:
    without = probe(Prober(pool.run, only(tmp_path / "without", *COMPILER), "cc"), None)
    everything = probe(Prober(pool.run, os.environ["PATH"], "cc"), None)
    assert not {*OBSERVERS, "memcheck"} & set(without.tools)
    assert not {*OBSERVERS} & set(without.versions)
    for name in OBSERVERS:
        if shutil.which(name):
            assert everything.tools[name] == (shutil.which(name),)
            assert everything.versions[name][0].isdigit()
    assert everything.identity == without.identity
    assert {"sh", "env", "dd"} <= set(without.tools)


def test_a_tool_that_was_installed_since_is_found(pool: Pool, tmp_path: Path, needs: Callable[[str], str]) -> None:
    path = only(tmp_path / "bin", *COMPILER)
    assert "strace" not in probe(Prober(pool.run, path, "cc"), tmp_path / "cache").tools
    (tmp_path / "bin" / "strace").symlink_to(needs("strace"))
    again = probe(Prober(pool.run, path, "cc"), tmp_path / "cache")
    assert again.tools["strace"] == (f"{path}/strace",)
    (tmp_path / "bin" / "strace").unlink()
    assert "strace" not in probe(Prober(pool.run, path, "cc"), tmp_path / "cache").tools


def test_valgrind_without_its_memcheck_is_absent(pool: Pool, tmp_path: Path) -> None:
    path = only(tmp_path / "bin", *COMPILER)
    fake = tmp_path / "bin" / "valgrind"
    fake.write_text("#!/bin/sh\necho valgrind-9.9\n")
    fake.chmod(0o755)
    tools = probe(Prober(pool.run, path, "cc"), None).tools
    assert "valgrind" not in tools


def test_memcheck_is_linked_statically(toolchain: Toolchain) -> None:
    """Else what the experiment preloads would act on it."""
    if "memcheck" not in toolchain.tools:
        pytest.skip("valgrind is not installed")
    assert elf.read(Path(toolchain.tools["memcheck"][0])).interp is None
