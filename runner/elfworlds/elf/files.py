"""A file at a path → its facts, its dynamic symbols, and its details."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, TypeVar

from elfworlds.elf.reader import BrokenError, Bytes
from elfworlds.errors import ElfworldsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from elfworlds.elf.defined import Versions
    from elfworlds.elf.details import Layout, Notes, Relocations
    from elfworlds.elf.image import Image
    from elfworlds.elf.symbol import Symbol
    from elfworlds.elf.types import ElfObject

Read = TypeVar("Read")


class NotElfError(ElfworldsError):
    """The file is no ELF file, or one so broken that a loader could not read it."""


class DebugFileError(NotElfError):
    """The file holds what debuggers want of another one, and nothing of that can be loaded."""


def read(path: Path) -> ElfObject:
    """The facts of the file at a path; `NotElfError` for whatever is no readable ELF file."""
    from elfworlds.elf.facts import facts  # noqa: PLC0415  # only builds and inspections pay for pyelftools

    return _opened(path, facts)


def symbols(path: Path) -> tuple[Symbol, ...]:
    """The dynamic symbols of the file at a path, in its order; none where it has no dynamic section."""
    from elfworlds.elf.dynsym import symbols_of  # noqa: PLC0415

    return _opened(path, symbols_of)


def versions(path: Path) -> Versions:
    """The versions that the file at a path needs and defines."""
    from elfworlds.elf.symver import versions_of  # noqa: PLC0415

    return _opened(path, versions_of)


def relocations(path: Path) -> Relocations:
    """The relocations of the file at a path; none where it has no dynamic section."""
    from elfworlds.elf.rela import relocations_of  # noqa: PLC0415

    return _opened(path, relocations_of)


def layout(path: Path) -> Layout:
    """The stack, RELRO, TLS and hash tables of the file at a path."""
    from elfworlds.elf.phdr import layout_of  # noqa: PLC0415

    return _opened(path, layout_of)


def notes(path: Path) -> Notes:
    """The notes of the file at a path."""
    from elfworlds.elf.nhdr import notes_of  # noqa: PLC0415

    return _opened(path, notes_of)


def _opened(path: Path, use: Callable[[Image], Read]) -> Read:
    from elfworlds.elf.image import Image  # noqa: PLC0415

    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # nobody waits for who writes to a FIFO
    except (OSError, ValueError) as error:
        raise NotElfError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise NotElfError(f"{path}: not a file, and so no ELF file")
        image = Image(Bytes(descriptor, about.st_size))
        if image.is_debug_file:
            raise _debug_file(path, image)
        return use(image)
    except BrokenError as error:
        raise NotElfError(f"{path}: not a readable ELF file ({error})") from None
    except OSError as error:
        raise NotElfError(f"{path}: {error.strerror}") from None
    finally:
        os.close(descriptor)


def _debug_file(path: Path, image: Image) -> DebugFileError:
    from elfworlds.elf.nhdr import build_id_of  # noqa: PLC0415

    message = f"{path}: a separate debug file: it names the segments of another file, and has no bytes of them"
    try:
        known = build_id_of(image)
    except BrokenError:
        known = None
    which = f", whose build ID is {known} too" if known else ""
    return DebugFileError(message, hint=f"name the program or library that it belongs to{which}")
