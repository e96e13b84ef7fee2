"""Packages that tests make, and a mirror of them on this machine."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from elfworlds.toolchains.debian.lock import Lock, Pinned, filename, write

DATE = "2026-01-02T03:04:05Z"
File = bytes | Path


def make_deb(
    directory: Path,
    name: str,
    files: Mapping[str, File],
    *,
    links: Mapping[str, str] | None = None,
    version: str = "1.0-1",
    compression: str = "xz",
) -> Path:
    """A package as dpkg-deb makes it; a file that is given as a path is copied and can be executed."""
    tree = directory / f"{name}.tree"
    (tree / "DEBIAN").mkdir(parents=True)
    control = f"Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: T <t@example.org>\n"
    (tree / "DEBIAN" / "control").write_text(f"{control}Description: a test\n of packages\n")
    for place, content in files.items():
        (tree / place).parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copy(content, tree / place)
            (tree / place).chmod(0o755)
        else:
            (tree / place).write_bytes(content)
    for place, target in (links or {}).items():
        (tree / place).parent.mkdir(parents=True, exist_ok=True)
        (tree / place).symlink_to(target)
    deb = directory / f"{name}_{version}_amd64.deb"
    words = ["dpkg-deb", "--root-owner-group", f"-Z{compression}", "--build", str(tree), str(deb)]
    subprocess.run(words, check=True, capture_output=True)
    shutil.rmtree(tree)
    return deb


def forge_deb(path: Path, members: Sequence[tarfile.TarInfo], name: str = "forged") -> Path:
    """A package with whatever members, such as no tool would make; files hold zeros."""
    control = f"Package: {name}\nVersion: 1.0-1\nArchitecture: amd64\n".encode()
    described = tarfile.TarInfo("./control")
    described.size = len(control)
    parts = {
        "debian-binary": b"2.0\n",
        "control.tar.xz": _tar([(described, control)]),
        "data.tar.xz": _tar([(one, bytes(one.size)) for one in members]),
    }
    path.write_bytes(b"!<arch>\n" + b"".join(_ar(name, data) for name, data in parts.items()))
    return path


def _tar(members: Sequence[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:xz") as archive:
        for member, content in members:
            archive.addfile(member, io.BytesIO(content))
    return data.getvalue()


def _ar(name: str, data: bytes) -> bytes:
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
    return header + data + b"\n" * (len(data) % 2)


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", size: int = 0) -> tarfile.TarInfo:
    one = tarfile.TarInfo(name)
    one.type, one.linkname, one.size, one.mode = kind, target, size, 0o755
    return one


def ldconfig() -> Path:
    """This machine's own, which is linked statically."""
    places = [
        Path(f"{directory}/{name}") for name in ("ldconfig.real", "ldconfig") for directory in ("/sbin", "/usr/sbin")
    ]
    return next(one for one in places if one.exists())


def pin(deb: Path, name: str, version: str = "1.0-1") -> Pinned:
    data = deb.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return Pinned(name, version, "amd64", f"pool/main/{digest[:8]}/{name}/{deb.name}", len(data), digest)


@dataclass
class Mirror:
    """What a mirror serves, how it misbehaves, and what it was asked.

    Attributes:
        files: path below its base → content.
        cut: path → bytes after which the first answer breaks off.
        hold: answers wait for it.
        asked: (path, Range header) of each request.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    ranges: bool = True
    hold: threading.Event = field(default_factory=threading.Event)
    waiting: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def put(self, deb: Path, one: Pinned) -> None:
        self.files[one.path] = deb.read_bytes()

    def count(self, path: str) -> int:
        return sum(asked == path for asked, _ in self.asked)


@contextmanager
def serve() -> Iterator[Mirror]:
    """A mirror on this machine, in a thread."""
    mirror = Mirror()
    mirror.hold.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self, mirror)

        def log_message(self, *_words: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        mirror.url = f"http://127.0.0.1:{server.server_port}/debian"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield mirror
        finally:
            mirror.hold.set()
            server.shutdown()
            thread.join()


def answer(request: BaseHTTPRequestHandler, mirror: Mirror) -> None:
    path = request.path.removeprefix("/debian/").replace("%2B", "+")
    wanted = request.headers.get("Range", "")
    mirror.asked.append((path, wanted))
    data = mirror.files.get(path)
    if data is None:
        request.send_error(404)
        return
    start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and mirror.ranges else 0
    if start and start >= len(data):
        request.send_error(416)
        return
    request.send_response(206 if start else 200)
    request.send_header("Content-Length", str(len(data) - start))
    request.end_headers()
    if not mirror.hold.is_set():
        request.wfile.write(data[start : start + 1])
        start += 1
        mirror.waiting.set()
        mirror.hold.wait()
    end = mirror.cut.pop(path, None)
    try:
        request.wfile.write(data[start:end])
    except OSError:
        return
    request.close_connection = True


@dataclass(frozen=True)
class Tiny:
    """A suite of a few small packages, with its lock."""

    lock: Lock
    debs: Mapping[str, Path]
    mirror: Mirror

    def pinned(self, name: str) -> Pinned:
        return next(one for part in self.lock.parts.values() for one in part if one.name == name)

    def write(self, project: Path) -> None:
        """The lock file in a project."""
        (project / "toolchains").mkdir(exist_ok=True)
        (project / "toolchains" / filename(self.lock.suite)).write_text(write(self.lock))


def tiny(directory: Path, mirror: Mirror, suite: str = "tiny") -> Tiny:
    """libc-bin with a real ldconfig, a library, a shell's name; and one package more in the part rustc."""
    directory.mkdir(exist_ok=True)
    debs = {
        "libc-bin": make_deb(
            directory, "libc-bin", {"sbin/ldconfig": ldconfig(), "etc/ld.so.conf": b"/opt/libraries\n"}
        ),
        "libone": make_deb(
            directory,
            "libone",
            {"usr/lib/x86_64-linux-gnu/libone.so.1.0": os.urandom(200_000), "lib64/file": b"x"},
            links={"usr/lib/x86_64-linux-gnu/libone.so.1": "libone.so.1.0", "lib/absolute": "/lib64/file"},
        ),
        "rustc": make_deb(directory, "rustc", {"usr/bin/rustc": b"#!/bin/sh\n"}),
    }
    pinned = {name: pin(deb, name) for name, deb in debs.items()}
    for name, deb in debs.items():
        mirror.put(deb, pinned[name])
    base = tuple(pinned[name] for name in ("libc-bin", "libone"))
    return Tiny(Lock(suite, DATE, "amd64", {"base": base, "rustc": (pinned["rustc"],)}), debs, mirror)
