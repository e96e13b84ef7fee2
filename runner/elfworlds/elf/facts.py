"""What the dynamic loader reads of a file: program headers, the dynamic section, notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elftools.elf.enums import ENUM_DT_FLAGS, ENUM_DT_FLAGS_1  # noqa: TID251  # the door

from elfworlds.elf.dynamic import DT_GNU_FLAGS_1, TAGS, Dynamic
from elfworlds.elf.image import PF_X
from elfworlds.elf.nhdr import build_id_of
from elfworlds.elf.types import DT_AUXILIARY, DT_FILTER, DT_NEEDED, ElfObject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.elf.image import Image

DF_GNU_1 = {"DF_GNU_1_UNIQUE": 1}  # glibc's; pyelftools has no name for it
FLAG_TAGS = ("BIND_NOW", "SYMBOLIC", "TEXTREL")  # gABI: each tag means the same as its bit in DT_FLAGS
FLAGS = (
    (TAGS["DT_FLAGS"], ENUM_DT_FLAGS),
    (TAGS["DT_FLAGS_1"], ENUM_DT_FLAGS_1),
    (DT_GNU_FLAGS_1, DF_GNU_1),
)
LONGEST_INTERP = 4096  # PATH_MAX: Linux starts no program whose PT_INTERP is longer


def facts(image: Image) -> ElfObject:
    """The facts.

    Raises:
        BrokenError: something that is named is not there.
    """
    dynamic = Dynamic(image)
    stack = image.of("PT_GNU_STACK")
    return ElfObject(
        type=image.type,
        machine=image.machine,
        interp=_interp(image),
        soname=dynamic.named("DT_SONAME"),
        needed=tuple(map(dynamic.text, dynamic.all("DT_NEEDED"))),
        rpath=_entries(dynamic.named("DT_RPATH")),
        runpath=_entries(dynamic.named("DT_RUNPATH")),
        build_id=build_id_of(image),
        flags=_flags(dynamic),
        execstack=not stack or bool(stack[-1].flags & PF_X),
        filters=tuple(_filters(dynamic)),
    )


def _interp(image: Image) -> str | None:
    """The first PT_INTERP, as Linux takes it."""
    segments = image.of("PT_INTERP")
    if not segments:
        return None
    segment = segments[0]
    return image.data.text(segment.offset, min(segment.filesz, LONGEST_INTERP))


def _entries(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(text.split(":"))


def _filters(dynamic: Dynamic) -> Iterator[tuple[str, str, int]]:
    tags = {TAGS[tag]: tag for tag in (DT_AUXILIARY, DT_FILTER)}
    needed = 0
    for number, value in dynamic.entries:
        needed += number == TAGS[DT_NEEDED]
        if number in tags:
            yield tags[number], dynamic.text(value), needed


def _flags(dynamic: Dynamic) -> tuple[str, ...]:
    flags = []
    for tag, names in FLAGS:
        value = dynamic.values.get(tag, 0)
        flags += [name for name, bit in names.items() if isinstance(bit, int) and value & bit]
    flags += [f"DF_{name}" for name in FLAG_TAGS if dynamic.value(f"DT_{name}") is not None]
    return tuple(sorted(set(flags)))
