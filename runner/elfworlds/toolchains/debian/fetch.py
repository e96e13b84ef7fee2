"""Pinned packages over HTTP into a cache by digest: whole and verified, or a part that the next try goes on from.

debs/<sha256>.deb     verified when it got its name
debs/<sha256>.part    what has come so far; held (flock(2)) by the process that adds to it
"""

from __future__ import annotations

import hashlib
import http.client
import os
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, BinaryIO

from elfworlds.errors import BuildFailedError
from elfworlds.locking import PATIENT_SECONDS, announced, nobody
from elfworlds.locking import lock as lock_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path
    from urllib.response import addinfourl

    from elfworlds.toolchains.debian.lock import Lock, Pinned
    from elfworlds.toolchains.debian.mirror import Mirrors

ATTEMPTS = 4  # at one URL, each of which goes on where the one before ended
CHUNK = 1 << 17
SLOWEST = 100  # bytes a second; less is no answer
DEBS = "debs"  # below the cache
NOT_THERE = (403, 404, 410)


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """How files are fetched.

    Attributes:
        cache: the directory of what was fetched.
        mirrors: where from.
        jobs: connections at once.
        patience: seconds without a byte, or with few of them, after which a connection is given up.
        quiet: seconds of waiting before it is told what for.
        pause: seconds between two attempts, times the number of attempts so far.
        tell: is told what is waited for.
    """

    cache: Path
    mirrors: Callable[[], Mirrors]
    jobs: int = 8
    patience: float = 30.0
    quiet: float = PATIENT_SECONDS
    pause: float = 0.5
    tell: Callable[[str], None] = nobody
    stop: threading.Event = field(default_factory=threading.Event)

    def place(self, pinned: Pinned) -> Path:
        return self.cache / f"{pinned.sha256}.deb"


class GoneError(Exception):
    """A mirror answers, and does not have the file, or another one of its name."""


class UnreachableError(Exception):
    """No answer, or one that broke off each time."""


class BrokenOffError(Exception):
    """One attempt ended before its file did."""


def is_verified(path: Path, pinned: Pinned) -> bool | None:
    """Whether a file holds what is pinned, now; None where there is no file."""
    try:
        with path.open("rb") as file:
            return _digest(file) == pinned.sha256
    except FileNotFoundError:
        return None


def _digest(file: BinaryIO) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # typeshed asks for more than is used


def fetch(lock: Lock, wanted: Sequence[Pinned], download: Download, report: Callable[[], None]) -> tuple[str, ...]:
    """Fetch every package that the cache lacks. A package in the cache is used only if its digest is the pinned one.

    Args:
        lock: whose packages they are.
        wanted: the packages.
        download: how.
        report: called as each one is there.

    Returns:
        The names of those in the cache that were not what is pinned; they were fetched again.

    Raises:
        BuildFailedError: some cannot be had, all of them named.
        OSError: the cache cannot be written.
    """
    refused = []
    missing: list[Pinned] = []
    with ThreadPoolExecutor(download.jobs) as executor:
        for pinned, here in zip(
            wanted, executor.map(lambda pinned: is_verified(download.place(pinned), pinned), wanted), strict=True
        ):
            if here:
                report()
                continue
            missing.append(pinned)
            refused += [pinned.name] if here is False else []
    _fetch_all(lock, missing, download, report)
    return tuple(refused)


def _fetch_all(lock: Lock, missing: Sequence[Pinned], download: Download, report: Callable[[], None]) -> None:
    if not missing:
        return
    download = replace(download, stop=threading.Event())
    mirrors = download.mirrors()
    download.cache.mkdir(parents=True, exist_ok=True)
    gone: dict[str, str] = {}

    def provide(pinned: Pinned) -> None:
        try:
            _provide(pinned, tuple(mirrors.urls(pinned.path, lock.date)), download)
            report()
        except GoneError as error:
            gone[pinned.name] = str(error)

    executor = ThreadPoolExecutor(download.jobs)
    try:
        for _ in executor.map(provide, missing):
            pass
    except UnreachableError as error:
        raise _unreachable(lock, error) from None
    finally:
        download.stop.set()
        executor.shutdown(cancel_futures=True)
    if gone:
        raise _gone(lock, gone, [pinned for pinned in missing if pinned.name in gone])


def _unreachable(lock: Lock, error: UnreachableError) -> BuildFailedError:
    return BuildFailedError(
        f"the packages of debian/{lock.suite} could not be fetched: {error}",
        hint="what came so far is kept, and the next try goes on from there; "
        "ELFWORLDS_DEBIAN_MIRROR names another mirror",
    )


def _gone(lock: Lock, gone: dict[str, str], packages: Iterable[Pinned]) -> BuildFailedError:
    lines = [f"  {package.name} {package.version}: {gone[package.name]}" for package in packages]
    return BuildFailedError(
        "\n".join([f"debian/{lock.suite}: packages that are pinned are not on the mirror:", *lines]),
        hint=f"`elfworlds toolchain lock {lock.suite}` pins what the mirror has now; "
        f"or ELFWORLDS_DEBIAN_SNAPSHOT names an archive that keeps old packages",
    )


def _provide(pinned: Pinned, urls: Sequence[str], download: Download) -> None:
    """Fetch a file from the first URL that has it. Other processes wait for it, and then use it."""
    place = download.place(pinned)
    part = place.with_suffix(".part")
    with _held(part, download.stop) as file:
        if is_verified(place, pinned):
            return
        trouble: list[Exception] = []
        for url in urls:
            try:
                _fetch_from(url, pinned, file, download)
            except (GoneError, UnreachableError) as error:
                trouble.append(error)
            else:
                part.replace(place)
                return
        reasons = "; ".join(map(str, trouble))
        raise (
            GoneError(reasons) if all(isinstance(error, GoneError) for error in trouble) else UnreachableError(reasons)
        )


def _held(part: Path, stop: threading.Event) -> BinaryIO:
    """The part's file, locked; `stop` ends the wait for it."""
    while True:
        file = part.open("a+b")
        try:
            lock_file(file, lambda seconds: _pause(seconds, stop))
        except BaseException:
            file.close()
            raise
        if _is(part, file):
            return file
        file.close()  # its holder gave it its name meanwhile


def _is(path: Path, file: BinaryIO) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _pause(seconds: float, stop: threading.Event) -> None:
    if stop.wait(seconds):
        raise UnreachableError("interrupted")


def _fetch_from(url: str, pinned: Pinned, file: BinaryIO, download: Download) -> None:
    """Continue a download until the file is complete. If its digest is wrong, fetch it once more from the start."""
    for fresh in (False, True):
        if fresh:
            file.truncate(0)
        _complete(url, pinned, file, download)
        file.seek(0)
        if _digest(file) == pinned.sha256:
            file.flush()
            return
    file.truncate(0)
    raise GoneError(f"the file there is not the one that is pinned (its sha256 differs): {url}")


def _complete(url: str, pinned: Pinned, file: BinaryIO, download: Download) -> None:
    why = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            download.tell(f"{why}: {url} is asked again ({attempt + 1} of {ATTEMPTS})")
            _pause(download.pause * attempt, download.stop)
        try:
            if _go_on(url, pinned, file, download):
                return
            why = "the connection ended early"
        except BrokenOffError as error:
            why = str(error)
    raise UnreachableError(f"{why}: {url}")


def _go_on(url: str, pinned: Pinned, file: BinaryIO, download: Download) -> bool:
    """One request for what is missing; whether the file is as long as it should be."""
    have = file.seek(0, os.SEEK_END)
    if have > pinned.size:
        have = file.truncate(0)
    if have == pinned.size:
        return True
    waiting = announced(f"{url}, {have} of {pinned.size} bytes so far", download.tell, download.quiet)
    with waiting, _ask(url, have, download) as answer:
        if have and answer.status != http.client.PARTIAL_CONTENT:
            have = file.truncate(0)
        for piece in _pieces(answer, download):
            have += file.write(piece)
            if have > pinned.size:
                file.truncate(0)
                raise GoneError(f"the file there is longer than the one that is pinned: {url}")
    return have == pinned.size


def _ask(url: str, have: int, download: Download) -> addinfourl:
    headers = {"Range": f"bytes={have}-"} if have else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  # its scheme is known
    try:
        return urllib.request.build_opener().open(request, timeout=download.patience)  # type: ignore[no-any-return]
    except urllib.error.HTTPError as error:
        error.close()
        reason = f"{error.code} {error.reason}"
        if error.code in NOT_THERE:
            raise GoneError(f"{reason}: {url}") from None
    except urllib.error.URLError as error:
        if isinstance(error.reason, FileNotFoundError):
            raise GoneError(f"no such file: {url}") from None
        reason = str(error.reason)
    except (http.client.HTTPException, OSError) as error:
        reason = str(error) or type(error).__name__
    raise BrokenOffError(reason)


def _pieces(answer: addinfourl, download: Download) -> Iterator[bytes]:
    """What comes, as it comes, unless so little comes for so long that it would never end."""
    since, size = time.monotonic(), 0
    while True:
        try:
            piece = answer.read1(CHUNK)
        except (http.client.HTTPException, OSError) as error:
            raise BrokenOffError(str(error) or type(error).__name__) from None
        if download.stop.is_set():
            raise UnreachableError("interrupted")
        if not piece:
            return
        yield piece
        size += len(piece)
        seconds = time.monotonic() - since
        if seconds > download.patience:
            if size < SLOWEST * seconds:
                raise BrokenOffError(f"{size} bytes in {seconds:.0f} s")
            since, size = time.monotonic(), 0
