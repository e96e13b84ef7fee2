"""toolchains.host: identified by what its files hold, remembered while they are the same."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from elfworlds.errors import BuildFailedError
from elfworlds.process import Command, Completed, Pool
from elfworlds.toolchains import Toolchain
from elfworlds.toolchains.host import Prober, probe


def test_the_identity_names_what_decides_a_build(toolchain: Toolchain) -> None:
    assert {"cc", "cc1", "as", "ld", "crt1.o", "libc.so.6", "cc --version", "machine"} <= set(toolchain.identity)
    assert len(toolchain.identity["ld"]) == 64


def test_libc_has_a_version_and_its_distributions_revision(toolchain: Toolchain, pool: Pool) -> None:
    done = pool.run(Command(argv=("/usr/bin/getconf", "GNU_LIBC_VERSION"), env={}, cwd="/", timeout=20))
    assert f"glibc {toolchain.versions['libc']}" == done.text.strip()
    assert toolchain.versions["libc"] in toolchain.versions["libc-revision"]


def test_packages_are_told_with_their_revision(toolchain: Toolchain, pool: Pool) -> None:
    if not Path("/var/lib/dpkg/status").exists():
        assert toolchain.packages == ()
        return
    argv = ("/usr/bin/dpkg-query", "-W", "-f=${Version}", "libc6")
    done = pool.run(Command(argv=argv, env={}, cwd="/", timeout=20))
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
