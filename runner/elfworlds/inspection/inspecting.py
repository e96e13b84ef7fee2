"""A file in a world → an `Inspection`. Nothing is run: not the file, and no loader."""

from __future__ import annotations

import os
import posixpath
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from elfworlds import elf, resolve
from elfworlds.elf import ElfObject
from elfworlds.errors import InputError
from elfworlds.inspection.files import Files
from elfworlds.inspection.inspection import Inspection
from elfworlds.inspection.optional import optional_needs
from elfworlds.inspection.types import INTERP, Considered, Need
from elfworlds.inspection.versions import missing_versions
from elfworlds.inspection.walk import Closure
from elfworlds.inspection.world import BASE_NAMESPACE, NEW_NAMESPACE, System, World, loader_of, whole_tree
from elfworlds.reading import why_not
from elfworlds.resolve import Namespace

if TYPE_CHECKING:
    from elfworlds.toolchains import Toolchain

ROOT_HINT = "name a directory that holds a system: usr, etc, lib"


def system_of(world: World) -> System:
    """The files of a world; several inspections share what they read.

    Raises:
        InputError: its root is no directory that can be read, or no such toolchain is known.
        BuildFailedError: the toolchain cannot be had.
    """
    if world.root is not None and world.toolchain is not None:
        raise InputError("a root and a toolchain: a file is inspected in one of them")
    if world.namespace not in (BASE_NAMESPACE, NEW_NAMESPACE):
        raise InputError(f"a namespace is {BASE_NAMESPACE} or {NEW_NAMESPACE}, not `{world.namespace}`")
    if world.toolchain is not None:
        from elfworlds.inspection.rooted import provided  # noqa: PLC0415  # only roots need toolchains

        return system_in(world, provided(world.toolchain))
    if world.root is None:
        return System(world, Files())
    try:
        tree = whole_tree(os.path.realpath(world.root))
    except OSError as error:
        raise InputError(f"{world.root}: {error.strerror}", hint=ROOT_HINT) from None
    return System(world, Files(tree))


def system_in(world: World, toolchain: Toolchain) -> System:
    """The files of a toolchain that is here."""
    root = toolchain.world.root
    files = Files(replace(whole_tree(root.path), over=root.over) if root else None)
    return System(world, files, toolchain.interp if root else "")


def inspect(path: str | os.PathLike[str], world: World | System | None = None) -> Inspection:
    """What the dynamic loader would do with a file, and why; nothing is executed.

    Args:
        path: a program or a library: of this machine, whatever the world, or of the world's root.
        world: where it would be loaded; this machine with an empty environment where nothing is said. A `System`, of
            `system_of`, keeps what it reads, for the next file.

    Returns:
        Its objects in the order of loading, every needed name with what serves it and why, and all that is missing.

    Raises:
        InputError: it is no ELF file that a loader loads, or the host is none.
    """
    system = world if isinstance(world, System) else system_of(world or World())
    return _Inspecting(system).of(os.fspath(path))


class _Inspecting(NamedTuple):
    system: System

    def of(self, path: str) -> Inspection:
        inside, facts, head = self._file(path)
        host = self.system.world.host
        needs: list[Need] = []
        if host is None:
            interp = loader_of(facts, self.system.interp)
            surroundings = self.system.surroundings(facts, head, interp)
            application, space = resolve.begin(inside, facts, surroundings)
            closure = Closure(surroundings, space, application, common=self.system.common(surroundings))
            closure.start(() if self.system.world.namespace == NEW_NAMESPACE else self.system.world.preloads)
            needs += _interp(facts, closure)
        else:
            closure = self._opened(host, inside, facts)
            needs += _interp(closure.application.facts, closure)
        return Inspection(
            path=path,
            world=self.system.world.says,
            family=closure.world.family,
            interp=closure.world.interp,
            facts=facts,
            hosted=host is not None or self.system.world.namespace == NEW_NAMESPACE,
            objects=tuple(closure.objects),
            needs=(*needs, *closure.needs),
            versions=tuple(missing_versions(closure, self.system)),
            optional=tuple(optional_needs(closure, self.system.notes)),
            closure=closure,
            system=self.system,
        )

    def _opened(self, host: str, path: str, facts: ElfObject) -> Closure:
        """As the host would open the file."""
        inside, host_facts, head = self._file(host)
        surroundings = self.system.surroundings(host_facts, head, loader_of(host_facts, self.system.interp))
        application, begun = resolve.begin(inside, host_facts, surroundings)
        common = self.system.common(surroundings)
        closure = Closure(surroundings, begun, application, of_host=True, common=common)
        closure.start(self.system.world.preloads)
        space = closure.space  # the namespace as it is now: what the host was started with serves the file
        if self.system.world.namespace == NEW_NAMESPACE:  # it is empty: even ld.so comes there when it is needed
            space = Namespace()
            closure.objects, closure.in_order = [], set()
        closure.open(path, facts, space)
        return closure

    def _file(self, path: str) -> tuple[str, ElfObject, bytes]:
        """The path in the world of a file that is named, its facts and its first bytes."""
        inside, outside = self._places(path)
        if why := why_not(outside):
            raise InputError(f"{path}: {why}")
        looked = self.system.files.look(inside)
        try:
            facts = looked.facts or elf.read(Path(outside))
        except elf.NotElfError as error:
            raise InputError(error.message, hint=error.hint or _hint(outside)) from None
        if facts.type not in ("ET_EXEC", "ET_DYN"):
            raise InputError(f"{path}: of type {facts.type}, which no loader loads", hint=TYPES.get(facts.type))
        if looked.end > looked.size:
            raise InputError(f"{path}: it is cut off: it has {looked.size} bytes, and {looked.end} are to be mapped")
        return inside, facts, looked.head

    def _places(self, path: str) -> tuple[str, str]:
        """Where a file lies in the world, and where on this machine: one below the root is the root's."""
        files = self.system.files
        if files.tree is None:
            return path, path
        top, here = files.tree.path, os.path.abspath(path)  # noqa: PTH100  # links stay
        if here.startswith(f"{top}/"):
            inside = here.removeprefix(top)
            return inside, files.outside(inside)
        if os.path.lexists(here):
            real = os.path.realpath(here)
            files.beside = tuple(dict.fromkeys((*files.beside, here, real, *_beside(here), *_beside(real))))
            return here, here
        return here, files.outside(here)


TYPES = {
    "ET_REL": "an object file is linked first; inspect what becomes of it",
    "ET_CORE": "a core dump is the memory of a process; inspect its program",
}


def _beside(path: str) -> tuple[str, ...]:
    """The directory of what goes along with a file: beside its own, as lib beside bin; none of the system's."""
    directory = posixpath.dirname(path)
    above = posixpath.dirname(directory)
    if directory == "/" or directory.split("/")[1] in ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc"):
        return ()
    return (directory if above == "/" else above,)


def _interp(facts: ElfObject, closure: Closure) -> list[Need]:
    """The loader that a program names, where it is not there: the kernel starts nothing without it."""
    world, path = closure.world, facts.interp
    if not path or isinstance(world.read(path), ElfObject):
        return []
    tried = Considered(path=path, rule="path", holder=None, state="absent")
    return [Need(needing=closure.application.path, name=path, tag=INTERP, path=None, rule=None, considered=(tried,))]


def _hint(path: str) -> str | None:
    """What a file is that is no ELF file."""
    with open(path, "rb") as file:  # noqa: PTH123  # a string all the way
        head = file.read(256)
    if head.startswith(b"#!"):
        words = head[2:].split(b"\n")[0].split()
        program = words[0].decode("utf-8", "replace") if words else ""
        return f"it is a script; inspect what runs it: {program}"
    if head.startswith(b"!<arch>"):
        return "it is an archive of object files, which no loader loads"
    if b"GNU ld script" in head:
        return "it is a script of ld; inspect the libraries that it names"
    return None
