"""Lock files: what they hold, how they are found, and how apt makes one."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT, World
from debs import DATE, make_deb, pin
from elfworlds.errors import BuildFailedError, InputError
from elfworlds.process import Pool
from elfworlds.toolchains.debian import lock as locks
from elfworlds.toolchains.debian.lock import PARTS, Lock, Pinned, find, read, suites, with_base, write
from elfworlds.toolchains.debian.solve import Apt, installed, solve
from elfworlds.toolchains.pinning import places

SHIPPED = (ROOT / "toolchains",)
ONE = Pinned("libc6", "2.36-9+deb12u1", "amd64", "pool/main/g/glibc/libc6_2.36-9+deb12u1_amd64.deb", 7, "0" * 64)
TEXT = write(Lock("tiny", DATE, "amd64", {"base": (ONE,)}))

names = st.from_regex(r"[a-z0-9][a-z0-9+.-]{1,20}", fullmatch=True)
pins = st.builds(
    Pinned,
    name=names,
    version=st.from_regex(r"[0-9][0-9a-zA-Z.+:~-]{0,20}", fullmatch=True),
    architecture=st.sampled_from(["amd64", "all"]),
    path=names.map(lambda name: f"pool/main/{name[0]}/x{name}_1.deb"),
    size=st.integers(0, 1 << 40),
    sha256=st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
)


@given(st.lists(pins, max_size=4), st.lists(pins, max_size=2))
def test_a_lock_is_read_as_it_was_written(base: list[Pinned], more: list[Pinned]) -> None:
    lock = Lock("trixie", DATE, "amd64", {"base": tuple(base), "rustc": tuple(more)})
    assert read(write(lock)) == lock
    assert write(read(write(lock))) == write(lock)


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_what_is_no_lock_is_told(text: str) -> None:
    with pytest.raises(InputError):
        read(text)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("sha256", "../../../etc/passwd"),
        ("path", "pool/../../etc/passwd.deb"),
        ("path", "http://elsewhere/x.deb"),
        ("path", "pool/main/x.deb?y"),
        ("name", "a b"),
        ("version", "1\n2"),
        ("size", -1),
        ("size", True),
        ("size", "7"),
    ],
)
def test_a_lock_that_would_lead_elsewhere_is_refused(key: str, value: object) -> None:
    data = json.loads(TEXT)
    data["parts"]["base"][0][key] = value
    with pytest.raises(InputError, match="not a lock file"):
        read(json.dumps(data))


def test_a_day_that_never_was_is_refused() -> None:
    with pytest.raises(InputError, match="not a lock file"):
        read(TEXT.replace("2026-01-02", "2026-02-31"))


def test_a_lock_of_another_schema_is_told_as_such() -> None:
    with pytest.raises(InputError, match="another elfworlds"):
        read(TEXT.replace('"schema": 1', '"schema": 99'))


def test_a_digest_is_of_the_packages_and_not_of_the_day() -> None:
    lock = read(TEXT)
    assert replace(lock, date="2030-01-01T00:00:00Z").digest == lock.digest
    newer = replace(lock, parts={"base": (replace(ONE, sha256="1" * 64),)})
    assert newer.digest != lock.digest


def test_a_refreshed_part_leaves_the_roots_without_it_alone() -> None:
    lock = replace(read(TEXT), parts={"base": (ONE,), "rustc": (replace(ONE, name="rustc"),)})
    newer = replace(lock, parts={**lock.parts, "rustc": (replace(ONE, name="rustc", sha256="1" * 64),)})
    assert newer.digest_of(("base",)) == lock.digest_of(("base",))
    assert newer.digest_of(("base", "rustc")) != lock.digest_of(("base", "rustc"))


# gold is one of binutils' up to bookworm; mold is younger than bullseye
BUILDING = {*PARTS["glibc-source"]}  # of trixie alone
NOT_IN = {
    "bookworm": {"binutils-gold", *BUILDING},
    "bullseye": {"binutils-gold", "mold", *BUILDING},
    "sid": BUILDING,
}


def test_parts_have_one_order() -> None:
    assert with_base(["musl", "rustc"]) == with_base(["rustc", "musl", "base"]) == ("base", "rustc", "musl")


def test_the_suites_that_papers_speak_of_are_pinned() -> None:
    assert {"bullseye", "bookworm", "trixie"} <= set(suites(SHIPPED))


@pytest.mark.parametrize("suite", suites(SHIPPED))
def test_a_shipped_lock_pins_everything_that_a_root_is_for(suite: str) -> None:
    lock = find(suite, SHIPPED)
    lacked = {
        name for part, wanted in PARTS.items() for name in {*wanted} - {one.name for one in lock.parts.get(part, ())}
    }
    assert lacked == NOT_IN.get(suite, set())
    assert not {one.name for one in lock.parts["base"]} & {one.name for one in lock.parts["rustc"]}
    text = (SHIPPED[0] / locks.filename(suite)).read_text()
    assert text == write(lock)
    assert "://" not in text


def test_an_unknown_suite_gets_the_nearest_one(world: World) -> None:
    code, _, err = world.run("toolchain", "fetch", "bokworm")
    assert code == 4
    assert "did you mean `bookworm`?" in err


def test_an_unknown_part_gets_the_nearest_one(world: World) -> None:
    code, _, err = world.run("toolchain", "fetch", "bookworm", "--part", "rust")
    assert code == 4
    assert "did you mean `rustc`?" in err


def test_a_projects_own_lock_file_stands_before_the_shipped_one(tmp_path: Path) -> None:
    own = tmp_path / "toolchains"
    own.mkdir()
    lock = replace(read(TEXT), suite="bookworm")
    (own / locks.filename("bookworm")).write_text(write(lock))
    assert find("bookworm", places(tmp_path)) == lock
    assert "trixie" in suites(places(tmp_path))


def test_a_lock_file_that_was_renamed_is_refused(tmp_path: Path) -> None:
    (tmp_path / locks.filename("trixie")).write_text(TEXT)
    with pytest.raises(InputError, match="it pins tiny, not trixie"):
        find("trixie", (tmp_path,))


def test_what_apt_would_install_is_read() -> None:
    text = """Reading package lists...
Inst gcc-10-base (10.2.1-6 Debian:11.11/oldoldstable [amd64])
Inst libcrypt1 (1:4.4.18-4 Debian:11.11/oldoldstable [amd64]) []
Inst libc6:amd64 [2.30-1] (2.31-13+deb11u11 Debian:11.11/oldoldstable [amd64])
Conf libc6 (2.31-13+deb11u11 Debian:11.11/oldoldstable [amd64])
"""
    assert installed(text) == {("gcc-10-base", "10.2.1-6"), ("libcrypt1", "1:4.4.18-4"), ("libc6", "2.31-13+deb11u11")}


def test_pinning_without_apt_says_where_it_can_be_done(pool: Pool) -> None:
    with pytest.raises(BuildFailedError, match="only a Debian or Ubuntu system") as caught:
        solve("trixie", Apt(run=pool.run, environment={"PATH": "/nowhere"}, mirrors=()))
    assert caught.value.exit_code == 6


def repository(directory: Path, suite: str = "trixie") -> Path:
    """A mirror on disk: `one` needs `two`, and recommends what nobody has."""
    mirror = directory / "mirror"
    index = mirror / "dists" / suite / "main" / "binary-amd64"
    index.mkdir(parents=True)
    stanzas = []
    for name, more in (
        ("one", "Depends: two\nRecommends: three\n"),
        ("two", ""),
        ("three", ""),
        ("rusty", "Depends: one\n"),
    ):
        deb = make_deb(directory, name, {f"usr/share/{name}": b""}, compression="gzip")
        pinned = pin(deb, name)
        (mirror / pinned.path).parent.mkdir(parents=True)
        shutil.move(deb, mirror / pinned.path)
        head = f"Package: {name}\nVersion: 1.0-1\nArchitecture: amd64\nMaintainer: T <t@example.org>\n{more}"
        stanzas.append(f"{head}Filename: {pinned.path}\nSize: {pinned.size}\nSHA256: {pinned.sha256}\nDescription: x\n")
    (index / "Packages").write_text("\n".join(stanzas))
    data = (index / "Packages").read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    (index.parents[1] / "Release").write_text(
        f"Origin: Test\nSuite: {suite}\nCodename: {suite}\nDate: Fri, 02 Jan 2026 03:04:05 UTC\n"
        f"Architectures: amd64\nComponents: main\nSHA256:\n {digest} {len(data)} main/binary-amd64/Packages\n"
    )
    return mirror


def sign(mirror: Path, home: Path, suite: str = "trixie") -> Path:
    """Sign the mirror's Release with a key made for it; gives the keyring."""
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]
    release = mirror / "dists" / suite / "Release"
    subprocess.run([*gpg, "--quick-gen-key", "test@example.org", "ed25519", "sign"], check=True, capture_output=True)
    words = [*gpg, "--clearsign", "-o", str(release.with_name("InRelease")), str(release)]
    subprocess.run(words, check=True, capture_output=True)
    keyring = home / "keyring.gpg"
    subprocess.run([*gpg, "--export", "-o", str(keyring)], check=True, capture_output=True)
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=True)
    return keyring


PINNED = {"base": ("one",), "rustc": ("rusty",)}


@pytest.fixture
def signed(tmp_path: Path, needs: Callable[[str], str]) -> tuple[Path, Path]:
    for program in ("apt-get", "dpkg-deb", "gpg"):
        needs(program)
    mirror = repository(tmp_path)
    return mirror, sign(mirror, tmp_path / "gpg")


def apt(pool: Pool, mirror: Path, keyring: Path) -> Apt:
    return Apt(run=pool.run, environment=os.environ, mirrors=(f"file://{mirror}",), keyring=keyring)


def test_apt_pins_what_its_solver_chooses(signed: tuple[Path, Path], pool: Pool) -> None:
    lock = solve("trixie", apt(pool, *signed), PINNED)
    assert (lock.suite, lock.date, lock.architecture) == ("trixie", DATE, "amd64")
    assert {part: [one.name for one in packages] for part, packages in lock.parts.items()} == {
        "base": ["one", "two"],
        "rustc": ["rusty"],
    }
    for one in lock.packages(("base", "rustc")):
        assert (signed[0] / one.path).stat().st_size == one.size
    assert write(solve("trixie", apt(pool, *signed), PINNED)) == write(lock)


def test_a_mirror_that_was_changed_after_it_was_signed_is_refused(signed: tuple[Path, Path], pool: Pool) -> None:
    release = signed[0] / "dists/trixie/InRelease"
    release.write_text(release.read_text().replace("03:04:05", "03:04:06"))
    with pytest.raises(BuildFailedError, match="could not read the packages of trixie"):
        solve("trixie", apt(pool, *signed), PINNED)


def test_a_mirror_that_nobody_signed_is_refused(signed: tuple[Path, Path], pool: Pool) -> None:
    (signed[0] / "dists/trixie/InRelease").unlink()
    with pytest.raises(BuildFailedError, match="is not signed") as caught:
        solve("trixie", apt(pool, *signed), PINNED)
    assert caught.value.hint is not None
    assert "archive keys" in caught.value.hint


def test_a_suite_that_no_mirror_has_gets_the_nearest_one(signed: tuple[Path, Path], pool: Pool) -> None:
    with pytest.raises(InputError, match="no mirror has a suite `trixi`") as caught:
        solve("trixi", apt(pool, *signed), PINNED)
    assert caught.value.hint == "did you mean `trixie`?"


def test_a_suite_is_a_code_name(pool: Pool) -> None:
    with pytest.raises(InputError, match="no suite's code name"):
        solve("../x\nSigned-By: y", Apt(run=pool.run, environment=os.environ, mirrors=()))
