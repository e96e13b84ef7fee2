"""What is fuzzed: each reader with its recordings."""

from __future__ import annotations

import gzip
import json
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from conftest import ROOT
from elfworlds import elf
from elfworlds.errors import InputError
from elfworlds.inspection import World, inspect, rows, system_of
from elfworlds.inspection.document import document
from elfworlds.inspection.dot import dot_lines
from elfworlds.inspection.terminal import tree_lines
from elfworlds.records import forms
from elfworlds.records.lines import read_lines
from elfworlds.sources import SourceError, packages, store_paths
from elfworlds.spec import load
from elfworlds.toolchains.debian import lock
from elfworlds.toolchains.nixpkgs import pin
from elfworlds.toolchains.patched.recipe import find as recipe
from elfworlds.toolchains.rooted.pin import find as own_root
from elfworlds.traces import events, gdb_stops, ldcache, lddebug, memcheck, strace
from elfworlds.trees import TreeError, members, oci
from elfworlds.trees.deb import DebError
from elfworlds.trees.oci import INDEX
from elfworlds.yamltext import parse
from forging_elf import Forged, library
from fuzzing import Target, of_numbers, of_words
from layouts import image, index, layout, tarred

DATA = ROOT / "tests/data"
ELF_READERS: tuple[Callable[[Path], object], ...] = (
    *(elf.read, elf.symbols, elf.versions),
    *(elf.relocations, elf.layout, elf.notes),
)


def _elves(place: Path) -> Sequence[bytes]:
    """Small files of every kind: a library with versions, a program, an object, packed relocations, forged ones."""
    (place / "map").write_text("ONE { global: f; local: *; };\n")
    (place / "a.c").write_text(
        "static int x;\nint *all[] = {&x, &x};\n__thread int own;\nint f(void) { return own; }\n"
    )
    words = '\\n.long 4,12,0xcafe1a7e\\n.asciz \\"FDO\\"\\n.ascii \\"{\\\\\\"a\\\\\\":\\\\\\"b\\\\\\"}   \\"\\n'
    note = f'__asm__(".section .note.package,\\"a\\"{words}");\n'
    (place / "note.c").write_text(note + "int g;\n")
    kinds = {
        "l.so": ["-shared", "-fPIC", "-s", "-nostdlib", "-Wl,--version-script=map", "a.c"],
        "app": ["-s", "-nostdlib", "-Wl,-e,f", "a.c"],
        "a.o": ["-c", "a.c"],
        "packed.so": ["-shared", "-fPIC", "-s", "-nostdlib", "-Wl,-z,pack-relative-relocs,-z,x86-64-v3", "a.c"],
        "notes.so": ["-shared", "-fPIC", "-s", "-nostdlib", "-Wl,-z,noseparate-code", "note.c"],
    }
    for name, more in kinds.items():
        subprocess.run(["cc", "-o", name, *more], cwd=place, check=True, capture_output=True)
    made = [library(Forged(bits=32)).file(), library(Forged(order=">")).file(), library(Forged()).file()]
    return [*((place / name).read_bytes() for name in kinds), *made]


def _read_elf(_data: bytes, path: Path) -> None:
    wrong: elf.NotElfError | None = None
    for use in ELF_READERS:
        try:
            use(path)
        except elf.NotElfError as error:
            wrong = error
    if wrong is not None:
        raise wrong


def _loaded(place: Path) -> Sequence[bytes]:
    """What names other files: a program and a library with run paths, versions, needs and a loader."""
    (place / "map").write_text("ONE { global: f; local: *; }; TWO { global: g; } ONE;\n")
    (place / "v.c").write_text("int f(void) { return 1; } int g(void) { return 2; }\n")
    (place / "u.c").write_text("int f(void); int g(void); int main(void) { return f() + g(); }\n")
    library = ["-shared", "-fPIC", "-nostdlib", "-Wl,--version-script=map", "-o", "libv.so", "v.c"]
    program = ["-pie", "-o", "app", "u.c", "-L.", "-lv", "-Wl,-rpath,$ORIGIN:$ORIGIN/../lib"]
    for words in (library, program):
        subprocess.run(["cc", "-s", *words], cwd=place, check=True, capture_output=True)
    return [(place / name).read_bytes() for name in ("libv.so", "app")]


def _inspect(_data: bytes, path: Path) -> None:
    """All that `inspect` shows of a file, and of one that needs it."""
    system = system_of(World(root=str(path.parent), preload=(path.name, f"/{path.name}")))
    inspection = inspect(path, system)
    for line in tree_lines(inspection, symbols=True):
        assert len(line) < 1 << 17
    json.dumps(document([inspection], symbols=True), allow_nan=False)
    for name in rows.names():
        list(rows.rows(inspection, name))
    assert list(dot_lines([inspection, inspect(path, replace(system, world=World(host=str(path))))]))


def _experiments(_place: Path) -> Sequence[bytes]:
    return [file.read_bytes() for file in sorted((ROOT / "experiments").glob("*.yaml"))]


def _read_experiment(data: bytes, _path: Path) -> None:
    """All that `check` says of a file before it reads its sources."""
    text = data.decode("utf-8", "replace")
    load(parse(text, "x.yaml"), toolchains=["host", "debian/trixie", "musl/trixie"], roots=["debian/trixie"])


def _traces(_place: Path) -> Sequence[bytes]:
    return [file.read_bytes()[:20_000] for file in sorted((DATA / "traces/lddebug").rglob("*")) if file.is_file()]


def _recorded(tool: str, file: str) -> Callable[[Path], Sequence[bytes]]:
    return lambda _place: [at.read_bytes() for at in sorted((DATA / "traces/observed").glob(f"{tool}-*/*/{file}"))]


def _session(data: bytes, _path: Path) -> None:
    text = data.decode("utf-8", "replace")
    seen = gdb_stops.read(text, {"ld-debug.7": text, "ld-debug.None": text})
    json.dumps(seen.values, allow_nan=False)


def _pinning(pattern: str) -> Callable[[Path], Sequence[bytes]]:
    return lambda _place: [file.read_bytes() for file in sorted((ROOT / "toolchains").glob(pattern))]


def _own_text(read: Callable[[str], object]) -> Callable[[bytes, Path], object]:
    return lambda data, _path: read(data.decode("utf-8", "replace"))


def _bytes(read: Callable[[bytes], object]) -> Callable[[bytes, Path], object]:
    return lambda data, _path: read(data)


def _pins(_place: Path) -> Sequence[bytes]:
    locked = json.loads((ROOT / "flake.lock").read_bytes())["nodes"]["nixpkgs"]["locked"]
    url = f"https://github.com/NixOS/nixpkgs/archive/{locked['rev']}.tar.gz"
    return [json.dumps({**locked, "schema": 1, "release": "25.11", "url": url, "nix": "2.31.2"}).encode()]


def _read_pin(text: str) -> object:
    return pin.read(text, ROOT, "nixpkgs")


def _locked_packages(_place: Path) -> Sequence[bytes]:
    """One package with one file, its facts left out."""
    deb = {"name": "a", "version": "1", "architecture": "amd64", "path": "pool/a.deb", "size": 1, "sha256": "0" * 64}
    package = {"date": "2026-01-01T00:00:00Z", "debs": [deb], "tree": [["a", "file", "0" * 64, True, 3]], "objects": {}}
    path = {"kind": "nix", "text": "zlib", "out": f"/nix/store/{'0' * 32}-z", "sha256": "0" * 52, "locked": ""}
    nix = {"schema": 1, "paths": [{**path, "tree": [["a", "file", "0" * 64, True, 3]], "objects": {}}]}
    return [json.dumps(data).encode() for data in ({"schema": 1, "suites": {"debian/sid": {"a": package}}}, nix)]


def _read_locks(_data: bytes, path: Path) -> None:
    for read in (packages.read, store_paths.read):
        try:
            read(path, "x.yaml")
        except SourceError:
            continue


def _archives(place: Path) -> Sequence[bytes]:
    """A tar archive, one that is compressed, and a zip file."""
    (place / "f").write_bytes(b"x" * 3000)
    with tarfile.open(place / "a.tar", "w") as archive:
        archive.add(place / "f", "d/f")
    made = [(place / "a.tar").read_bytes(), gzip.compress((place / "a.tar").read_bytes())]
    with zipfile.ZipFile(place / "a.zip", "w") as zipped:
        zipped.write(place / "f", "d/f")
    return [*made, (place / "a.zip").read_bytes()]


def _unpack(data: bytes, path: Path) -> None:
    kind = ".zip" if data[:2] == b"PK" else ".tar.gz" if data[:2] == b"\x1f\x8b" else ".tar"
    named = path.with_name(f"a{kind}")
    named.write_bytes(data)
    with members.members(named, _no_zstd) as held:
        for member in held:
            if member.data is not None:
                member.data().read(1 << 20)


def _no_zstd(_path: Path, _stretch: tuple[int, int]) -> Path:
    raise DebError("no zstd")


def _caches(_place: Path) -> Sequence[bytes]:
    cache = Path("/etc/ld.so.cache")
    return [cache.read_bytes()[:20_000] if cache.is_file() else b"glibc-ld.so.cache1.1"]


def _records(_place: Path) -> Sequence[bytes]:
    point = {"libc": "host"}
    trial = {"trial": "s", "scenario": "s", "point": point, "observer": "plain", "repeat": 1, "outcome": "fine"}
    event = {"trial": "s", "event": "a", "value": 1}
    return [json.dumps(data).encode() + b"\n" for data in (trial, {**trial, "exit": 0, "signal": None}, event)]


def _read_records(_data: bytes, path: Path) -> None:
    for read in (forms.TRIAL.read, forms.TRACE.read, forms.event):
        try:
            read_lines(path, read)
        except InputError:
            continue


def _own_toolchains(_place: Path) -> Sequence[bytes]:
    """A root, a build over a base, and the recipes that come with the program."""
    recipes = [file.read_bytes() for file in sorted((ROOT / "toolchains").glob("glibc-*.yaml"))]
    archive = (
        b"base: host\nsource: {archive: a.tar, sha256: " + b"0" * 64 + b"}\nconfigure: [--x]\nheaders: {a.h: b/a.h}\n"
    )
    return [b"root: ../some/where\n", b"tree: /some/where\nbase: debian/trixie\n", archive, *recipes]


def _read_toolchain(data: bytes, path: Path) -> None:
    """A file as both kinds that it can be; each refuses in its own words."""
    place = path.with_name("toolchains")
    place.mkdir(exist_ok=True)
    for file, read in (("mine.yaml", own_root), ("glibc-mine.yaml", recipe)):
        (place / file).write_bytes(data)
        with suppress(InputError):
            read("mine" if read is own_root else "glibc/mine", [place])


def _layouts(place: Path) -> Sequence[bytes]:
    """Indices of images: of one alone, of several machines and names."""
    one, other = image(place, [tarred({"a": b"a"})]), image(place, [tarred({"b": b"b"})], "other", "arm64")
    return [(layout(place, images) / INDEX).read_bytes() for images in ([one], [one, other, index(place, [other])])]


def _read_layout(data: bytes, path: Path) -> None:
    (path.parent / INDEX).write_bytes(data)
    oci.image(path.parent, "x86_64")


TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target("elf", _elves, _read_elf, (elf.NotElfError,), of_numbers, needs_file=True),
        Target("inspect", _loaded, _inspect, (InputError,), of_numbers, needs_file=True),
        Target("experiments", _experiments, _read_experiment, (InputError,), of_words),
        Target("ld-debug", _traces, _own_text(lddebug.parse), (), of_words),
        Target("gdb", _recorded("gdb", "mi"), _session, (), of_words),
        Target("valgrind", _recorded("valgrind", "memcheck.xml"), _bytes(memcheck.parse), (), of_words),
        Target("strace", _recorded("strace", "strace"), _own_text(strace.parse), (), of_words),
        Target("events", lambda _place: [b'{"event": "a", "value": 1}\n' * 3], _bytes(events.parse), (), of_words),
        Target("locks", _pinning("debian-*.json"), _own_text(lock.read), (InputError,), of_words),
        Target("pins", _pins, _own_text(_read_pin), (InputError,), of_words),
        Target("locked trees", _locked_packages, _read_locks, (), of_words, needs_file=True),
        Target("toolchains", _own_toolchains, _read_toolchain, (InputError,), of_words, needs_file=True),
        Target("archives", _archives, _unpack, (TreeError,), of_numbers),
        Target("image layouts", _layouts, _read_layout, (TreeError,), of_words, needs_file=True),
        Target("ld.so.cache", _caches, lambda data, _: ldcache.library_cache(data, "x86_64"), (), of_numbers),
        Target("records", _records, _read_records, (), of_words, needs_file=True),
    )
}
