"""Fetching pinned packages: from a mirror on this machine that misbehaves."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from debs import DATE, Mirror, serve
from elfworlds.errors import BuildFailedError
from elfworlds.toolchains.debian.fetch import ATTEMPTS, Download, fetch
from elfworlds.toolchains.debian.lock import Lock, Pinned
from elfworlds.toolchains.debian.mirror import Mirrors

DATA = bytes(range(256)) * 2000


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serve() as one:
        yield one


def pinned(name: str = "gdb", data: bytes = DATA) -> Pinned:

    return Pinned(name, "1.0-1", "amd64", f"pool/main/{name}.deb", len(data), hashlib.sha256(data).hexdigest())


def lock_of(*packages: Pinned) -> Lock:
    return Lock("tiny", DATE, "amd64", {"base": packages})


def download(cache: Path, *bases: str, snapshot: str = "") -> Download:
    return Download(cache=cache, mirrors=lambda: Mirrors(bases, snapshot), patience=10.0, pause=0.01)


def have(packages: Sequence[Pinned], how: Download) -> tuple[str, ...]:
    return fetch(lock_of(*packages), packages, how, lambda: None)


def test_what_is_fetched_is_there_by_its_digest(mirror: Mirror, tmp_path: Path) -> None:
    one, how = pinned(), download(tmp_path, mirror.url)
    mirror.files[one.path] = DATA
    assert have([one], how) == ()
    assert [path.name for path in tmp_path.iterdir()] == [f"{one.sha256}.deb"]
    assert how.place(one).read_bytes() == DATA


def test_what_is_there_is_not_asked_for_again(mirror: Mirror, tmp_path: Path) -> None:
    one, how = pinned(), download(tmp_path, mirror.url)
    mirror.files[one.path] = DATA
    have([one], how)
    have([one], how)
    assert mirror.count(one.path) == 1


def test_nobody_looks_for_a_mirror_where_nothing_is_missing(mirror: Mirror, tmp_path: Path) -> None:
    one = pinned()
    mirror.files[one.path] = DATA
    have([one], download(tmp_path, mirror.url))

    def none() -> Mirrors:
        raise AssertionError

    have([one], Download(cache=tmp_path, mirrors=none))


def test_a_connection_that_breaks_off_goes_on_where_it_ended(mirror: Mirror, tmp_path: Path) -> None:
    one = pinned()
    mirror.files[one.path] = DATA
    mirror.cut[one.path] = 100_000
    have([one], download(tmp_path, mirror.url))
    assert mirror.asked == [(one.path, ""), (one.path, "bytes=100000-")]


def test_a_later_run_goes_on_where_an_earlier_one_ended(mirror: Mirror, tmp_path: Path) -> None:
    one = pinned()
    mirror.files[one.path] = DATA
    (tmp_path / f"{one.sha256}.part").write_bytes(DATA[:1234])
    have([one], download(tmp_path, mirror.url))
    assert mirror.asked == [(one.path, "bytes=1234-")]


def test_a_mirror_without_ranges_is_read_from_the_start(mirror: Mirror, tmp_path: Path) -> None:
    one, how = pinned(), download(tmp_path, mirror.url)
    mirror.files[one.path] = DATA
    mirror.ranges = False
    (tmp_path / f"{one.sha256}.part").write_bytes(DATA[:1234])
    have([one], how)
    assert how.place(one).read_bytes() == DATA


@pytest.mark.parametrize(
    "part", [b"x" * 1234, b"x" * len(DATA), b"x" * (len(DATA) + 7)], ids=["short", "whole", "long"]
)
def test_a_part_that_is_of_another_file_is_fetched_anew(mirror: Mirror, tmp_path: Path, part: bytes) -> None:
    one, how = pinned(), download(tmp_path, mirror.url)
    mirror.files[one.path] = DATA
    (tmp_path / f"{one.sha256}.part").write_bytes(part)
    have([one], how)
    assert how.place(one).read_bytes() == DATA


@pytest.mark.parametrize("wrong", [DATA[:-1] + b"!", DATA + b"!", b""], ids=["changed", "longer", "empty"])
def test_a_file_that_is_not_the_one_pinned_never_gets_its_name(mirror: Mirror, tmp_path: Path, wrong: bytes) -> None:
    one, how = pinned(), download(tmp_path, mirror.url)
    mirror.files[one.path] = wrong
    with pytest.raises(BuildFailedError, match=r"gdb 1.0-1|could not be fetched") as caught:
        have([one], how)
    assert caught.value.exit_code == 6
    assert not how.place(one).exists()
    mirror.files[one.path] = DATA
    have([one], how)
    assert how.place(one).read_bytes() == DATA


def test_a_package_in_the_cache_that_was_changed_is_named_and_fetched_again(mirror: Mirror, tmp_path: Path) -> None:
    one, other, how = pinned(), pinned("strace", DATA[1:]), download(tmp_path, mirror.url)
    mirror.files |= {one.path: DATA, other.path: DATA[1:]}
    have([one, other], how)
    how.place(one).write_bytes(DATA[:-1] + b"!")
    assert have([one, other], how) == ("gdb",)
    assert how.place(one).read_bytes() == DATA
    assert mirror.count(other.path) == 1


def test_all_packages_that_are_gone_are_named_with_the_verb_that_mends_it(mirror: Mirror, tmp_path: Path) -> None:
    packages = [pinned(name, name.encode() * 9) for name in ("binutils", "gdb", "strace")]
    mirror.files[packages[1].path] = b"gdb" * 9
    with pytest.raises(BuildFailedError) as caught:
        have(packages, download(tmp_path, mirror.url))
    assert "binutils 1.0-1: 404" in caught.value.message
    assert "strace 1.0-1: 404" in caught.value.message
    assert "gdb 1" not in caught.value.message
    assert caught.value.hint is not None
    assert "elfworlds toolchain lock tiny" in caught.value.hint
    assert "ELFWORLDS_DEBIAN_SNAPSHOT" in caught.value.hint


def test_a_second_mirror_has_what_the_first_one_lacks(mirror: Mirror, tmp_path: Path) -> None:
    one = pinned()
    mirror.files[one.path] = DATA
    have([one], download(tmp_path, f"{mirror.url}/nowhere", mirror.url))


@pytest.mark.parametrize("prefix", ["archive/20260103T030405Z/", "archive/"], ids=["by moment", "plain"])
def test_an_archive_of_snapshots_has_what_is_gone_from_the_mirror(mirror: Mirror, tmp_path: Path, prefix: str) -> None:
    one = pinned()
    mirror.files[prefix + one.path] = DATA
    have([one], download(tmp_path, mirror.url, snapshot=f"{mirror.url}/archive"))
    assert mirror.asked[0] == (one.path, "")


def test_a_mirror_that_does_not_answer_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BuildFailedError, match=r"could not be fetched.*refused.*gdb.deb") as caught:
        have([pinned()], download(tmp_path, "http://127.0.0.1:9/debian"))
    assert caught.value.hint is not None
    assert "ELFWORLDS_DEBIAN_MIRROR" in caught.value.hint


def test_a_directory_is_a_mirror_too(tmp_path: Path) -> None:
    one, how = pinned(), download(tmp_path / "cache", f"file://{tmp_path}/mirror")
    (tmp_path / "mirror/pool/main").mkdir(parents=True)
    (tmp_path / "mirror" / one.path).write_bytes(DATA)
    have([one], how)
    with pytest.raises(BuildFailedError, match="no such file"):
        have([pinned("strace", b"x")], how)


def test_two_at_once_fetch_a_file_once(mirror: Mirror, tmp_path: Path) -> None:
    one = pinned()
    mirror.files[one.path] = DATA
    mirror.hold.clear()
    with ThreadPoolExecutor(4) as executor:
        runs = [executor.submit(have, [one], download(tmp_path, mirror.url)) for _ in range(4)]
        mirror.waiting.wait(30)
        mirror.hold.set()
        assert [run.result() for run in runs] == [()] * 4
    assert mirror.count(one.path) == 1


def test_each_package_is_reported_once(mirror: Mirror, tmp_path: Path) -> None:
    packages = [pinned(name, name.encode() * 9) for name in ("binutils", "gdb", "strace")]
    mirror.files |= {one.path: one.name.encode() * 9 for one in packages}
    counted = threading.Semaphore(0)
    how = download(tmp_path, mirror.url)
    fetch(lock_of(*packages), packages[:1], how, counted.release)
    fetch(lock_of(*packages), packages, how, counted.release)
    assert sum(counted.acquire(blocking=False) for _ in range(9)) == 4


def test_a_proxy_of_the_environment_is_used(mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = pinned()
    mirror.files[f"http://mirror.invalid/debian/{one.path}"] = DATA
    monkeypatch.setenv("http_proxy", mirror.url.removesuffix("/debian"))
    have([one], download(tmp_path, "http://mirror.invalid/debian"))


def test_an_error_of_one_package_ends_the_others(mirror: Mirror, tmp_path: Path) -> None:
    good, bad = pinned(), pinned("strace", DATA[1:])
    mirror.files[good.path] = DATA
    (tmp_path / f"{bad.sha256}.part").mkdir()
    with pytest.raises(OSError, match="directory"):
        have([bad, good], download(tmp_path, mirror.url))


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a server that accepts every connection, in the kernel's queue, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/debian"


def test_a_mirror_that_never_answers_is_named_while_it_is_waited_for_and_given_up(silent: str, tmp_path: Path) -> None:
    told: list[str] = []
    how = replace(download(tmp_path, silent), patience=0.2, quiet=0.0, tell=told.append)
    with pytest.raises(BuildFailedError, match="debian/tiny could not be fetched: timed out: http://127") as caught:
        have([pinned()], how)
    url = f"{silent}/{pinned().path}"
    assert f"waiting for {url}, 0 of {len(DATA)} bytes so far" in told
    assert f"timed out: {url} is asked again ({ATTEMPTS} of {ATTEMPTS})" in told
    assert caught.value.hint
    assert "ELFWORLDS_DEBIAN_MIRROR names another mirror" in caught.value.hint
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]


def test_a_mirror_that_never_answers_does_not_keep_from_one_that_does(
    silent: str, mirror: Mirror, tmp_path: Path
) -> None:
    mirror.files[pinned().path] = DATA
    have([pinned()], replace(download(tmp_path, silent, mirror.url), patience=0.2))
    assert mirror.count(pinned().path) == 1


def test_a_mirror_that_answers_a_byte_now_and_then_is_given_up(tmp_path: Path) -> None:
    told: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_drip, args=(server,))
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/debian"
        try:
            with pytest.raises(BuildFailedError, match=r"could not be fetched: [0-9]+ bytes in [0-9]+ s: http"):
                have([pinned()], replace(download(tmp_path, url), patience=0.3, tell=told.append))
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
    assert len(told) == ATTEMPTS - 1


def _drip(server: socket.socket) -> None:
    """Answer each connection with a byte at a time, until the other end has enough of it; end with the server."""
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.recv(1 << 16)
                connection.sendall(f"HTTP/1.1 206 Partial Content\r\nContent-Length: {len(DATA)}\r\n\r\n".encode())
                while True:
                    connection.sendall(b"x")
                    threading.Event().wait(0.05)
