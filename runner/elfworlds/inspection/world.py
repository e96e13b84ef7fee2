"""The system that a file is inspected in: this machine, a directory, or a toolchain's root; and its loaders."""

from __future__ import annotations

import os
import posixpath
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from elfworlds import elf, resolve
from elfworlds.inspection import loader
from elfworlds.inspection.files import Files, View
from elfworlds.inspection.walk import Common
from elfworlds.resolve import GLIBC, MUSL
from elfworlds.traces.ldcache import library_cache
from elfworlds.traces.ldsearch import SearchPaths

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from elfworlds.elf import ElfObject, NeededVersion, Notes, Symbol, Versions
    from elfworlds.resolve.types import Read
    from elfworlds.sandbox import Tree

Details = TypeVar("Details")
BASE_NAMESPACE, NEW_NAMESPACE = "base", "new"
ELSEWHERE = ("LD_AUDIT", "LD_HWCAP_MASK", "LD_INHIBIT_RPATH", "LD_ASSUME_KERNEL", "LD_PROFILE")
MUSL_LOADER = re.compile(r"ld-musl-([^/.]+)\.so\.1")
MUSL_LIBC = re.compile(r"libc\.musl-([^/.]+)\.so\.1")
MUSL_PATHS = ("/lib", "/usr/local/lib", "/usr/lib")  # ldso/dynlink.c, where no file says others
ABI = {"EM_X86_64": "x86_64", "EM_AARCH64": "aarch64"}  # as entries of ld.so.cache tell them apart
MOST_CACHE, MOST_PATH_FILE = 1 << 26, 1 << 16  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a file is inspected in; without anything this machine, with an empty environment.

    Attributes:
        root: a directory that holds another system.
        toolchain: whose root is meant, such as `debian/bullseye`; it is fetched where it is not here.
        env: of the program: LD_LIBRARY_PATH, LD_PRELOAD.
        preload: names that are preloaded after those of LD_PRELOAD.
        host: the application that would dlopen the file; without it the file is started, or listed as ldd does.
        namespace: `base`, or `new` as dlmopen makes one: nothing of the application is there.
    """

    root: str | None = None
    toolchain: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    preload: tuple[str, ...] = ()
    host: str | None = None
    namespace: str = BASE_NAMESPACE

    @property
    def says(self) -> str:
        """In words."""
        return self.toolchain or self.root or "this machine"

    @property
    def preloads(self) -> tuple[str, ...]:
        """Every name that is preloaded, in order (ld.so(8): spaces and colons part them)."""
        return (*filter(None, re.split("[ :]", self.env.get("LD_PRELOAD", ""))), *self.preload)


def whole_tree(path: str) -> Tree:
    """A directory with all that lies in it; links that a system may lack are those of a merged usr."""
    from elfworlds.sandbox.tree import BESIDE, Tree  # noqa: PLC0415  # this machine needs none

    names = sorted(entry.name for entry in os.scandir(path) if entry.is_dir(follow_symlinks=False))
    links = sorted((entry.name, str(Path(entry.path).readlink())) for entry in os.scandir(path) if entry.is_symlink())
    there = {*names, *(name for name, _ in links)}
    merged = [
        (name, f"usr/{name}")
        for name in BESIDE
        if name not in there and os.path.isdir(posixpath.join(path, "usr", name))  # noqa: PTH112
    ]
    return Tree(path, tuple(names), (*links, *merged))


@dataclass
class System:
    """A world's files, and what each of its loaders says of where it searches.

    Attributes:
        interp: the loader of libraries, which name none; empty for the usual one of their machine.
    """

    world: World
    files: Files
    interp: str = ""
    loaders: dict[tuple[str, str], SearchPaths] = field(default_factory=dict)
    views: dict[tuple[bytes, str], View] = field(default_factory=dict)
    caches: dict[tuple[str, str], Mapping[str, str | None]] = field(default_factory=dict)
    known_versions: dict[str, Versions | None] = field(default_factory=dict)
    searches: dict[tuple[str, Callable[[str], Read]], Common] = field(default_factory=dict)
    known_lacks: dict[tuple[str, str, str], tuple[NeededVersion, ...]] = field(default_factory=dict)
    known_defined: dict[str, frozenset[str] | None] = field(default_factory=dict)
    known_files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    known_notes: dict[str, Notes | None] = field(default_factory=dict)
    known_symbols: dict[str, tuple[Symbol, ...] | None] = field(default_factory=dict)

    def versions(self, path: str) -> Versions | None:
        """The versions of a file of the system; None, as below, where it cannot be read."""
        known = self.files.look(path).versions
        return known if known is not None else self._recalled(self.known_versions, path, elf.versions)

    def notes(self, path: str) -> Notes | None:
        """Its notes; None also where there are surely none that declare libraries."""
        if not self.files.look(path).declares:
            return None
        return self._recalled(self.known_notes, path, elf.notes)

    def lacking(self, needing: str, file: str, provider: str) -> tuple[NeededVersion, ...]:
        """The versions that one file needs under a name, and another one does not define."""
        key = (needing, file, provider)
        if key not in self.known_lacks:
            own, defined = self.versions(needing), self._defined(provider)
            listed = own.needed if own and defined is not None else ()
            self.known_lacks[key] = tuple(
                each for each in listed if each.file == file and each.name not in (defined or ())
            )
        return self.known_lacks[key]

    def _defined(self, path: str) -> frozenset[str] | None:
        if path not in self.known_defined:
            versions = self.versions(path)
            self.known_defined[path] = frozenset(each.name for each in versions.defined) if versions else None
        return self.known_defined[path]

    def files_of_versions(self, path: str) -> tuple[str, ...]:
        """The names of which a file needs versions."""
        if path not in self.known_files:
            versions = self.versions(path)
            self.known_files[path] = tuple(dict.fromkeys(each.file for each in versions.needed)) if versions else ()
        return self.known_files[path]

    def symbols(self, path: str) -> tuple[Symbol, ...] | None:
        """Its dynamic symbols."""
        return self._recalled(self.known_symbols, path, elf.symbols)

    def _recalled(self, known: dict[str, Details | None], path: str, read: Callable[[Path], Details]) -> Details | None:
        if path not in known:
            try:
                known[path] = read(Path(self.files.outside(path)))
            except elf.NotElfError:
                known[path] = None
        return known[path]

    @cached_property
    def known(self) -> bool:
        """Whether no variable makes the loader search otherwise than `resolve` says (ld.so(8))."""
        env = self.world.env
        return not any(env.get(name) for name in ELSEWHERE) and "hwcap" not in env.get("GLIBC_TUNABLES", "")

    def surroundings(self, facts: ElfObject, head: bytes, interp: str) -> resolve.Surroundings:
        """What a search depends on for a program of a loader.

        Args:
            facts: of the file that is started, or that nobody starts.
            head: its first bytes.
            interp: the path of the loader.
        """
        family = family_of(interp, facts)
        paths = self._search_paths(interp, facts.machine, family)
        view = self.views.setdefault((head[:20], family), View(self.files, head, family))
        return resolve.Surroundings(
            read=view.read,
            library_path=resolve.library_path(self.world.env.get("LD_LIBRARY_PATH", ""), family),
            cache={} if family == MUSL else self._cache(interp, facts.machine, paths.subdirectories),
            default_paths=paths.default_paths,
            tokens=paths.tokens,
            identity=view.identity,
            real=self.files.real,
            subdirectories=paths.subdirectories,
            family=family,
            interp=interp,
            known=self.known,
        )

    def common(self, surroundings: resolve.Surroundings) -> Common:
        """What is remembered of searches of objects without run paths, for the programs of one loader."""
        return self.searches.setdefault((surroundings.interp, surroundings.read), Common({}, {}))

    def _search_paths(self, interp: str, machine: str, family: str) -> SearchPaths:
        key = (interp, machine)
        if key not in self.loaders:
            self.loaders[key] = self._learn(interp, machine, family)
        return self.loaders[key]

    def _learn(self, interp: str, machine: str, family: str) -> SearchPaths:
        if family == MUSL:
            return SearchPaths(self._musl_paths(interp), (), {})
        return loader.search_paths(self.files.bytes(interp, loader.MOST), machine, loader.processor())

    def _musl_paths(self, interp: str) -> tuple[str, ...]:
        match = MUSL_LOADER.search(interp)
        data = self.files.bytes(f"/etc/ld-musl-{match[1]}.path", MOST_PATH_FILE) if match else b""
        return tuple(filter(None, re.split(r"[:\n]", data.decode("utf-8", "replace")))) or MUSL_PATHS

    def _cache(self, interp: str, machine: str, subdirectories: tuple[str, ...]) -> Mapping[str, str | None]:
        key = (interp, machine)
        if key not in self.caches:
            path = loader.cache_path(self.files.bytes(interp, loader.MOST))
            data = self.files.bytes(path, MOST_CACHE)
            self.caches[key] = library_cache(data, ABI.get(machine, ""), subdirectories)
        return self.caches[key]


def family_of(interp: str, facts: ElfObject) -> str:
    """Whose rules hold: of the loader that a program names, or of the libc that a library needs."""
    if MUSL_LOADER.search(interp) or any(MUSL_LIBC.fullmatch(name) for name in facts.needed):
        return MUSL
    return GLIBC


def loader_of(facts: ElfObject, usual: str) -> str:
    """The loader of a file; for a library the usual one, or the one that programs of its machine name."""
    if facts.interp:
        return facts.interp
    for name in facts.needed:
        match = MUSL_LIBC.fullmatch(name)
        if match:
            return f"/lib/ld-musl-{match[1]}.so.1"
    return usual or loader.DEFAULT_LOADERS.get(facts.machine, "")
