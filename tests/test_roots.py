"""Roots in the cache: complete or absent, whatever happens while they are made."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import ROOT, World
from debs import Mirror, Tiny, forge_deb, member, pin, serve, tiny
from elfworlds.errors import BuildFailedError
from elfworlds.install import installing
from elfworlds.process import Command, Completed, Pool
from elfworlds.sandbox import availability
from elfworlds.toolchains import Package
from elfworlds.toolchains.debian import Means, ensure, found
from elfworlds.toolchains.debian.fetch import Download, fetch
from elfworlds.toolchains.debian.lock import filename, find, write
from elfworlds.toolchains.debian.mirror import mirrors
from elfworlds.toolchains.debian.revisions import revisions
from elfworlds.toolchains.debian.root import is_of
from elfworlds.toolchains.debian.tree import RootLayout
from elfworlds.toolchains.debian.unpack import unpack
from waiting import AGES, heed_signals, wait_until

PACKAGE = ROOT / "runner"


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serve() as one:
        yield one


@pytest.fixture
def suite(tmp_path: Path, mirror: Mirror, needs: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> Tiny:
    needs("dpkg-deb")
    if not Path("/sbin/ldconfig").exists():
        pytest.skip("no /sbin/ldconfig")
    with Pool() as one:
        try:
            availability.found(one.run, os.environ)
        except BuildFailedError as error:
            pytest.skip(error.message)
    monkeypatch.setenv("ELFWORLDS_DEBIAN_MIRROR", mirror.url)
    monkeypatch.delenv("ELFWORLDS_DEBIAN_SNAPSHOT", raising=False)
    return tiny(tmp_path / "debs", mirror)


@pytest.fixture
def means(pool: Pool) -> Means:
    return Means(run=pool.run, environment=os.environ)


def names(cache: Path) -> list[str]:
    """What is in the cache but for packages and locks."""
    return sorted(path.name for path in (cache / "roots").glob("*")) if (cache / "roots").exists() else []


def never(_command: Command) -> Completed:
    raise AssertionError


def command(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "elfworlds", *map(str, words)]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PACKAGE), **more}


def test_a_root_is_made_once(suite: Tiny, means: Means, tmp_path: Path) -> None:
    root = ensure(suite.lock, (), tmp_path, means)
    assert (root.suite, root.parts) == ("tiny", ("base",))
    assert root.packages == (Package("libc-bin", "1.0-1"), Package("libone", "1.0-1"))
    asked = len(suite.mirror.asked)
    shutil.rmtree(tmp_path / "debs", ignore_errors=True)
    nothing = Means(run=never, environment={})
    assert ensure(suite.lock, (), tmp_path, nothing) == root == found(suite.lock, (), tmp_path)
    assert len(suite.mirror.asked) == asked


def test_a_part_is_a_root_of_its_own(suite: Tiny, means: Means, tmp_path: Path) -> None:
    base = ensure(suite.lock, (), tmp_path, means)
    more = ensure(suite.lock, ("rustc",), tmp_path, means)
    assert not (base.path / "usr/bin/rustc").exists()
    assert (more.path / "usr/bin/rustc").exists()
    assert more.path.parent.name.endswith("+rustc")
    assert suite.mirror.count(suite.pinned("libone").path) == 1


def test_a_root_with_a_part_that_only_another_suite_has_is_nothing_to_a_suite(
    suite: Tiny, means: Means, tmp_path: Path
) -> None:
    root = ensure(suite.lock, ("rustc",), tmp_path, means)
    without = replace(suite.lock, parts={name: part for name, part in suite.lock.parts.items() if name != "rustc"})
    assert is_of(root, suite.lock)
    assert not is_of(root, without)
    assert not is_of(root, replace(without, suite="another"))


def test_its_dynamic_loader_has_a_cache_of_its_own_libraries(suite: Tiny, means: Means, tmp_path: Path) -> None:
    root = ensure(suite.lock, (), tmp_path, means)
    words = ["/sbin/ldconfig", "-p", "-C", str(root.path / "etc/ld.so.cache")]
    shown = subprocess.run(words, capture_output=True, check=True)
    assert b"0 libs found" in shown.stdout
    assert not (root.path / "opt").exists()


def test_what_is_in_a_root_is_what_the_packages_say(suite: Tiny, means: Means, tmp_path: Path) -> None:
    """A lock that says another revision than the package's own control file is refused."""
    lying = replace(suite.pinned("libone"), version="2.0-1")
    lock = replace(suite.lock, parts={"base": (suite.pinned("libc-bin"), lying)})
    with pytest.raises(BuildFailedError, match=r"libone 2\.0-1 is pinned, and its file holds libone 1\.0-1"):
        ensure(lock, (), tmp_path / "cache", means)
    assert names(tmp_path / "cache") == []


def test_a_package_that_was_changed_in_the_cache_is_refused_named_and_fetched_again(
    suite: Tiny, means: Means, tmp_path: Path
) -> None:
    told: list[str] = []
    cache = tmp_path / "cache"
    deb = cache / "debs" / f"{suite.pinned('libone').sha256}.deb"
    deb.parent.mkdir(parents=True)
    forge_deb(deb, [member("etc/evil", size=1)])
    root = ensure(suite.lock, (), cache, replace(means, tell=told.append))
    assert told == ["debian/tiny: libone in the cache was not what is pinned: refused, and fetched again"]
    assert not (root.path / "etc/evil").exists()


def test_a_hostile_package_leaves_nothing(suite: Tiny, means: Means, tmp_path: Path) -> None:
    deb = forge_deb(tmp_path / "forged.deb", [member("etc/x", size=9), member("../../../x")])
    one = pin(deb, "forged")
    suite.mirror.put(deb, one)
    lock = replace(suite.lock, parts={"base": (one, *suite.lock.parts["base"])})
    with pytest.raises(BuildFailedError, match="outside of its root"):
        ensure(lock, (), tmp_path / "cache", means)
    assert names(tmp_path / "cache") == []


def test_a_lock_for_another_machine_is_told(suite: Tiny, means: Means, tmp_path: Path) -> None:
    with pytest.raises(BuildFailedError, match="is pinned for s390x"):
        ensure(replace(suite.lock, architecture="s390x"), (), tmp_path, means)


@pytest.mark.parametrize("words", ["", "#!/bin/sh\necho no permission to create a new namespace >&2\nexit 1\n"])
def test_without_a_bubblewrap_that_works_nothing_is_fetched(
    suite: Tiny, means: Means, tmp_path: Path, words: str
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    if words:
        (programs / "bwrap").write_text(words)
        (programs / "bwrap").chmod(0o755)
    lacking = replace(means, environment={**os.environ, "PATH": str(programs)})
    with pytest.raises(BuildFailedError, match="new namespace" if words else "bwrap") as caught:
        ensure(suite.lock, (), tmp_path / "cache", lacking)
    assert caught.value.hint is not None
    assert (
        "namespace" in caught.value.message
        if words
        else f"is not in PATH: {installing('bwrap')}" in caught.value.message
    )
    assert names(tmp_path / "cache") == []
    assert suite.mirror.asked == []


def test_two_processes_share_a_root(world: World, suite: Tiny) -> None:
    suite.write(world.path)
    suite.mirror.hold.clear()
    runs = [
        subprocess.Popen(
            command("toolchain", "fetch", "tiny"), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]
    assert suite.mirror.waiting.wait(60)
    suite.mirror.hold.set()
    ended = [(*run.communicate(timeout=AGES), run.returncode) for run in runs]
    assert [(err, code) for _, err, code in ended] == [(b"", 0)] * 3
    assert len({out for out, _, _ in ended}) == 1
    assert [suite.mirror.count(one.path) for one in suite.lock.parts["base"]] == [1, 1]
    assert len(names(world.store)) == 1


def kill(process: subprocess.Popen[bytes]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def test_kill_9_while_packages_come_leaves_what_the_next_run_goes_on_from(world: World, suite: Tiny) -> None:
    suite.write(world.path)
    suite.mirror.hold.clear()
    one = suite.pinned("libone")
    with subprocess.Popen(command("toolchain", "fetch", "tiny"), env=environment()) as process:
        assert suite.mirror.waiting.wait(60)
        kill(process)
    suite.mirror.hold.set()
    assert names(world.store) == []
    part = world.store / "debs" / f"{one.sha256}.part"
    part.write_bytes(suite.debs["libone"].read_bytes()[:77])
    code, out, _ = world.run("toolchain", "fetch", "tiny")
    assert code == 0
    assert "debian/tiny: 2 packages" in out
    assert (one.path, "bytes=77-") in suite.mirror.asked
    assert not list((world.store / "debs").glob("*.part"))


def test_kill_9_while_it_is_unpacked_leaves_nothing_with_a_name(world: World, suite: Tiny, tmp_path: Path) -> None:
    suite.write(world.path)
    programs = tmp_path / "bin"
    programs.mkdir()
    reached = tmp_path / "reached"
    bwrap = shutil.which("bwrap")
    (programs / "bwrap").write_text(
        "#!/bin/sh\nPATH=/usr/bin:/bin\n"
        f'case "$*" in *ldconfig*) touch {reached}; sleep 600;; *) exec {bwrap} "$@";; esac\n'
    )
    (programs / "bwrap").chmod(0o755)
    slow = environment(PATH=f"{programs}:{os.environ['PATH']}")
    with subprocess.Popen(command("toolchain", "fetch", "tiny"), env=slow) as process:
        wait_until(lambda: reached.exists() or process.poll() is not None)
        assert process.poll() is None
        kill(process)
    (half,) = names(world.store)
    assert half.startswith(".tiny-")
    assert found(suite.lock, (), world.store) is None
    assert world.run("toolchain", "fetch", "tiny")[0] == 0
    assert names(world.store) == [half[1:].rpartition(".")[0]]


def test_an_interrupt_ends_a_fetch_and_leaves_no_half_root(world: World, suite: Tiny) -> None:
    suite.write(world.path)
    suite.mirror.hold.clear()
    with subprocess.Popen(
        command("toolchain", "fetch", "tiny"), env=environment(), stderr=subprocess.PIPE, preexec_fn=heed_signals
    ) as process:
        assert suite.mirror.waiting.wait(60)
        process.send_signal(signal.SIGINT)
        suite.mirror.hold.set()
        _, err = process.communicate(timeout=AGES)
    assert process.returncode == 2
    assert b"Traceback" not in err
    assert names(world.store) == []


def confined(*mounts: str | Path, words: list[str]) -> subprocess.CompletedProcess[str]:
    """A command on this machine with other mounts."""
    whole = ["bwrap", "--dev-bind", "/", "/", *map(str, mounts), *words]
    return subprocess.run(whole, env=environment(), capture_output=True, text=True, check=False)


def test_a_full_disk_is_told_and_leaves_nothing(world: World, suite: Tiny) -> None:
    suite.write(world.path)
    world.store.mkdir(parents=True)
    script = f"{sys.executable} -m elfworlds toolchain fetch tiny; echo $?; find {world.store}/roots -mindepth 1"
    done = confined("--size", "400000", "--tmpfs", world.store, words=["sh", "-c", script])
    assert done.stdout.strip() == "6", done
    assert "No space left on device" in done.stderr
    assert "hint: make room" in done.stderr


def test_a_limit_of_a_files_size_is_told_and_leaves_nothing(world: World, suite: Tiny) -> None:
    suite.write(world.path)
    script = f"ulimit -f 100; exec {sys.executable} -m elfworlds toolchain fetch tiny"
    done = subprocess.run(["sh", "-c", script], env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 6, done
    assert "File too large" in done.stderr
    assert names(world.store) == []


def test_a_cache_that_cannot_be_written_is_read(world: World, suite: Tiny) -> None:
    suite.write(world.path)
    world.store.mkdir(parents=True)
    fetch_tiny = command("toolchain", "fetch", "tiny")
    done = confined("--ro-bind", world.store, world.store, words=fetch_tiny)
    assert done.returncode == 6
    assert "Read-only file system" in done.stderr
    assert "XDG_CACHE_HOME" in done.stderr
    assert world.run("toolchain", "fetch", "tiny")[0] == 0
    assert confined("--ro-bind", world.store, world.store, words=fetch_tiny).returncode == 0


def test_a_root_without_its_record_is_made_anew(suite: Tiny, means: Means, tmp_path: Path) -> None:
    root = ensure(suite.lock, (), tmp_path, means)
    (root.path.parent / "root.json").write_text("{}")
    (root.path / "left-over").touch()
    assert ensure(suite.lock, (), tmp_path, means) == root
    assert not (root.path / "left-over").exists()
    assert names(tmp_path) == [root.path.parent.name]


def test_a_root_may_be_read_by_all_and_written_by_its_owner(suite: Tiny, means: Means, tmp_path: Path) -> None:
    root = ensure(suite.lock, (), tmp_path, means)
    assert stat.S_IMODE((root.path / "usr/sbin/ldconfig").stat().st_mode) == 0o755


def test_what_is_pinned_and_what_is_here_are_listed(world: World, suite: Tiny) -> None:
    suite.write(world.path)
    world.run("toolchain", "fetch", "tiny", "--part", "rustc")
    code, out, _ = world.run("toolchain", "list")
    assert code == 0
    first, makers = ({line.split()[0]: line for line in part.splitlines()} for part in out.split("\n\n"))
    rows = {name: line + makers.get(name, "") for name, line in first.items()}
    assert "base+rustc" in rows["debian/tiny"]
    assert "2026-01-02" in rows["debian/tiny"]
    pinned = find("trixie", (ROOT / "toolchains",))
    for name in ("libc6", "gdb", "rustc", r"gcc-\d+", "binutils", "binutils-gold", r"lld-\d+", "mold", r"clang-\d+"):
        assert pinned.version(name) in rows["debian/trixie"]
    _, out, _ = world.run("doctor")
    assert "debian/tiny+rustc" in out
    assert "bwrap, works" in out


def test_a_root_of_an_older_lock_file_is_listed_as_such(world: World, suite: Tiny) -> None:
    suite.write(world.path)
    world.run("toolchain", "fetch", "tiny")
    newer = replace(suite.lock, parts={**suite.lock.parts, "base": suite.lock.parts["base"][:1]})
    (world.path / "toolchains" / filename("tiny")).write_text(write(newer))
    assert "(of an older lock file)" in world.run("toolchain", "list")[1]


def test_removing_a_root_removes_its_packages(world: World, suite: Tiny) -> None:
    suite.write(world.path)
    world.run("toolchain", "fetch", "tiny")
    assert world.run("toolchain", "remove", "tinny")[0] == 4
    code, out, _ = world.run("toolchain", "remove", "tiny")
    assert code == 0
    assert "removed" in out
    assert names(world.store) == []
    assert list((world.store / "debs").iterdir()) == []


def test_removing_one_root_keeps_the_packages_of_another(world: World, suite: Tiny, tmp_path: Path) -> None:
    suite.write(world.path)
    other = tiny(tmp_path / "others", suite.mirror, "other")
    other.write(world.path)
    world.run("toolchain", "fetch", "tiny", "other", "debian/tiny")
    world.run("toolchain", "remove", "debian/tiny")
    assert {path.stem for path in (world.store / "debs").iterdir()} == {one.sha256 for one in other.lock.parts["base"]}
    assert len(names(world.store)) == 1


def test_a_package_that_is_gone_ends_with_the_verb_that_mends_it(world: World, suite: Tiny) -> None:
    suite.write(world.path)
    del suite.mirror.files[suite.pinned("libone").path]
    code, _, err = world.run("toolchain", "fetch", "tiny")
    assert code == 6
    assert "libone 1.0-1: 404" in err
    assert "elfworlds toolchain lock tiny" in err


def test_the_files_of_this_machine_say_the_revisions_that_dpkg_does() -> None:
    query = shutil.which("dpkg-query")
    if query is None or not Path("/etc/debian_version").exists() or not revisions(Path("/")).get("libc6"):
        pytest.skip("this is no Debian system")
    said = revisions(Path("/"))
    words = [query, "-W", "-f", "${Package} ${Version}\n", "libc6"]
    shown = subprocess.run(words, capture_output=True, text=True, check=True)
    assert f"libc6 {said['libc6']}" in shown.stdout.splitlines()


def test_real_packages_hold_the_revisions_that_are_pinned(tmp_path: Path) -> None:
    """The lock, the packages' control files and the programs' own words agree; what is unpacked is Debian's."""
    lock = find("bookworm", (ROOT / "toolchains",))
    wanted = [one for one in lock.packages(("base",)) if one.name in ("libc6", "gdb", "gcc", "gcc-12")]
    how = Download(cache=tmp_path / "debs", mirrors=lambda: mirrors(os.environ))
    try:
        fetch(lock, wanted, how, lambda: None)
    except BuildFailedError as error:
        if "toolchain lock" in (error.hint or ""):
            raise
        pytest.skip(f"needs a network: {error.message}")
    debs = [how.place(one) for one in wanted]
    unpacked = unpack(debs, tmp_path / "tree", RootLayout.of("bookworm"), lambda path, _: path, 2, lambda: None)
    said = revisions(tmp_path / "tree")
    pinned = {one.name: one.version for one in wanted}
    assert {one.control.name: one.control.version for one in unpacked} == pinned
    assert said == {"libc6": pinned["libc6"], "gdb": pinned["gdb"], "gcc": pinned["gcc-12"]}


def test_the_record_of_a_root_names_its_lock(suite: Tiny, means: Means, tmp_path: Path) -> None:
    root = ensure(suite.lock, ("rustc",), tmp_path, means)
    record = json.loads((root.path.parent / "root.json").read_text())
    assert record["digest"] == suite.lock.digest_of(("base", "rustc"))
    assert record["date"] == suite.lock.date
