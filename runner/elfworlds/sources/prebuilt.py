"""Files that somebody else built: alone, or in a tree with the neighbours that they need."""

from __future__ import annotations

import errno
import os
import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from elfworlds import elf, paths, reading
from elfworlds.errors import InputError
from elfworlds.sources import lockfile, packages, store_paths
from elfworlds.sources.files import File, SourceError
from elfworlds.trees import Packages, Shelf, Tree, TreeError
from elfworlds.yamltext import closest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.elf import ElfObject
    from elfworlds.sources.files import Project
    from elfworlds.sources.packages import Pins
    from elfworlds.sources.store_paths import LockedPaths
    from elfworlds.trees import Manifest

# Which key names the place, the place, and the path of the file in it.
At: TypeAlias = tuple[str, str, str]
BESIDE = "beside the experiment, or by its absolute path"
OTHER_NAME = "give the file, or a link to it, another name"
NIX_STORE = "/nix/store"
MOST_BYTES = 512 << 20
PACKAGE = "package"
TOKENS = ("$ORIGIN", "${ORIGIN}")


@dataclass(frozen=True, slots=True)
class Prebuilt:
    """A file that somebody else built, under its own name.

    Attributes:
        origin: its path in the Nix store, where it lies there; empty elsewhere.
    """

    file: File
    facts: ElfObject
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Bundled:
    """A file of a tree that somebody else made; `path` is its own, there."""

    tree: Tree
    path: str
    facts: ElfObject


class Prebuilts:
    """Each file and each tree is read once."""

    def __init__(self, project: Project, shelf: Shelf | None) -> None:
        self.project = project
        self.shelf = shelf
        self.found: dict[At, Prebuilt | Bundled] = {}
        self.pins: Pins | None = None
        self.locked: LockedPaths | None = None
        self.trees: dict[tuple[str, str], Tree | SourceError] = {}

    def find(self, at: At, *, edited: bool) -> None:
        """Find what an experiment names.

        Args:
            at: where it is.
            edited: whether its copy is edited, so that its run path may be another one then.

        Raises:
            SourceError: it cannot be used.
        """
        key, place, file = at
        if at not in self.found:
            self.found[at] = _alone(file, self.project) if key == "file" else _bundled(self.tree(key, place), file)
        if key == "file" and not edited:
            _refuse_left_behind(self.project.beside / file, self.found[at].facts, self.project)

    def pinned(self, name: str, file: str, lock: Path, experiment: str) -> None:
        """Find a file of a package in every suite for which the lock file of an experiment's file pins it.

        Raises:
            SourceError: it pins it for none.
        """
        self.pins = packages.read(lock, experiment) if self.pins is None else self.pins
        suites = [suite for (suite, other), pin in self.pins.items() if other == name and file in pin.objects]
        if not suites:
            raise SourceError(
                f"{lock.name} pins no `{file}` of `{name}`", f"`{lockfile.command(experiment)}` writes it"
            )
        for suite in suites:
            pin = self.pins[suite, name]
            made_of = Packages(suite, pin.date, pin.debs)
            tree = Tree(name, pin.manifest, self.store().tree(pin.manifest.key), packages=made_of)
            self.found[PACKAGE, in_suite(suite, name), file] = Bundled(tree, file, pin.objects[file])

    def stored(self, at: At, lock: Path, experiment: str) -> None:
        """Find a file of a path of the Nix store, as the lock file of an experiment's file has it.

        Raises:
            SourceError: it has it not.
        """
        key, text, file = at
        self.locked = store_paths.read(lock, experiment) if self.locked is None else self.locked
        path = self.locked.get((key, text))
        if path is None or file not in path.objects:
            what = f"`{file}` of `{text}`"
            raise SourceError(f"{lock.name} locks no {what}", f"`{lockfile.command(experiment)}` writes it")
        self.found[at] = Bundled(path.tree, file, path.objects[file])

    def store(self) -> Shelf:
        return self.shelf or Shelf(paths.store(os.environ), os.environ)

    def tree(self, key: str, place: str) -> Tree:
        """The tree that a key names; one that cannot be used is tried once."""
        if (key, place) not in self.trees:
            try:
                self.trees[key, place] = self._tree(key, place)
            except SourceError as error:
                self.trees[key, place] = error
        tree = self.trees[key, place]
        if isinstance(tree, SourceError):
            raise tree
        return tree

    def _tree(self, key: str, name: str) -> Tree:
        place = self.project.beside / name
        try:
            shelf = self.store()
            if key == "archive":
                if why := paths.why_unreadable(place):
                    raise SourceError(f"{why}: {place}", f"name an archive {BESIDE}")
                return shelf.unpacked(place)
            if not paths.is_directory(place):
                raise SourceError(f"no directory: {place}", _instead_of_a_tree(place))
            return shelf.taken(Path(os.path.realpath(place)))
        except (TreeError, InputError) as error:
            raise SourceError(f"{place}: {error.args[0]}", error.hint) from None
        except OSError as error:
            raise SourceError(f"{error.filename or place}: {error.strerror}") from None


def in_suite(suite: str, name: str) -> str:
    """The place of a package: which suite's it is, and which."""
    return f"{suite} {name}"


def _instead_of_a_tree(place: Path) -> str:
    if place.is_file():
        return "an archive is unpacked: write `archive:` instead of `tree:`"
    return f"name a directory {BESIDE}"


def _bundled(tree: Tree, path: str) -> Bundled:
    if why := _no_path(path):
        raise SourceError(f"`{path}` {why}", "it is the file's path in the tree", key="file")
    if why := paths.why_no_object(path):
        raise SourceError(why, OTHER_NAME, key="file")
    real = tree.manifest.real(path)
    if real is None:
        raise SourceError(f"{tree.name} holds no file `{path}`", _meant(path, tree.manifest), key="file")
    try:
        return Bundled(tree, path, elf.read(tree.place / real))
    except elf.NotElfError as error:
        raise SourceError(error.message, error.hint, key="file") from None
    except OSError as error:
        raise SourceError(f"{tree.place / real}: {error.strerror}", key="file") from None


def _no_path(path: str) -> str:
    """Why a text is no path in a tree; empty where it is one."""
    if path.startswith("/"):
        return "is an absolute path"
    return "is no plain path" if not path or path != posixpath.normpath(path) or path.startswith("..") else ""


def _meant(path: str, manifest: Manifest) -> str | None:
    """The files of this name, wherever they are in the tree; else those whose paths are alike."""
    name = posixpath.basename(path)
    files = [other for other in manifest.entries if manifest.real(other)]
    same = [other for other in files if posixpath.basename(other) == name]
    libraries = [other for other in files if ".so" in other]
    return f"did you mean `{same[0]}`?" if same else closest(path, libraries or files)


def _alone(path: str, project: Project) -> Prebuilt:
    """An absolute path is taken as it is; another lies beside the experiment."""
    place = project.beside / path
    if why := paths.why_no_object(place.name):
        raise SourceError(why, OTHER_NAME)
    if why := paths.why_unreadable(place):
        raise SourceError(f"{why}: {place}", f"name an ELF file {BESIDE}")
    try:
        real = place.resolve()
        origin = str(real) if real.is_relative_to(NIX_STORE) else ""
        return Prebuilt(File.of(place.name, reading.read(place, MOST_BYTES)), elf.read(place), origin)
    except elf.NotElfError as error:
        raise SourceError(error.message, error.hint) from None
    except OSError as error:
        hint = f"take it where it lies: prebuilt: {{tree: {place.parent}, file: {place.name}}}"
        raise SourceError(f"{place}: {error.strerror}", hint if error.errno == errno.EFBIG else None) from None


def _refuse_left_behind(place: Path, facts: ElfObject, project: Project) -> None:
    """A file whose neighbours it finds by `$ORIGIN` would be another one without them."""
    for name in facts.needed:
        neighbour = _neighbour(place, facts, name)
        if neighbour is None:
            continue
        here = Path(os.path.realpath(place.parent), place.name)
        tree = Path(os.path.commonpath([here.parent, neighbour.parent]))
        shown = tree.relative_to(project.beside) if tree.is_relative_to(project.beside) else tree
        raise SourceError(
            f"{place.name} needs {name}, which it finds beside itself, by $ORIGIN: taken alone it would not",
            f"take both: prebuilt: {{tree: {shown}, file: {here.relative_to(tree)}}}",
        )


def _neighbour(place: Path, facts: ElfObject, name: str) -> Path | None:
    """The file that a needed name leads to by the object's own `$ORIGIN`, where an earlier entry has none."""
    if "/" in name:
        return None
    for entry in _entries(facts):
        for origin in dict.fromkeys((place.parent, Path(os.path.realpath(place)).parent)):
            directory = Path(os.path.realpath(_with_origin(entry, str(origin))))
            if directory.joinpath(name).is_file():
                return directory / name if any(token in entry for token in TOKENS) else None
    return None


def _entries(facts: ElfObject) -> Iterator[str]:
    """The search path that the object itself brings: DT_RPATH counts where there is no DT_RUNPATH."""
    yield from (facts.rpath or ()) if facts.runpath is None else facts.runpath


def _with_origin(entry: str, directory: str) -> str:
    for token in TOKENS:
        entry = entry.replace(token, directory)
    return entry
