"""The dynamic symbol table, without a section header that would tell its length."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING

from elftools.elf.enums import ENUM_ST_INFO_BIND, ENUM_ST_INFO_TYPE, ENUM_ST_VISIBILITY  # noqa: TID251  # the door

from elfworlds.elf.dynamic import Dynamic, unpacked
from elfworlds.elf.reader import BrokenError
from elfworlds.elf.symbol import Symbol
from elfworlds.elf.symver import HIDDEN, names_of_versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from elfworlds.elf.image import Image

ENTRY = {32: ("IIIBBH", 16), 64: ("IBBHQQ", 24)}  # and their sizes
GLOBAL = 1  # a symbol without a version; 0 is a local one
GNU = {10: "STB_GNU_UNIQUE"}, {10: "STT_GNU_IFUNC"}  # STB_LOOS and STT_LOOS
WIDE_HASH = ("EM_36902", "EM_S390")  # Alpha, whose number has no name, and S/390: of 64 bits their DT_HASH has as many
TABLES = (
    *("DT_STRTAB", "DT_HASH", "DT_GNU_HASH", "DT_VERSYM", "DT_VERDEF", "DT_VERNEED"),
    *("DT_RELA", "DT_REL", "DT_JMPREL", "DT_INIT_ARRAY", "DT_FINI_ARRAY", "DT_PLTGOT"),
)


def _numbered(names: Mapping[str, int | str]) -> dict[int, str]:
    return {number: name for name, number in names.items() if isinstance(number, int)}


BINDS = {**_numbered(ENUM_ST_INFO_BIND), **GNU[0]}
TYPES = {**_numbered(ENUM_ST_INFO_TYPE), **GNU[1]}
VISIBILITIES = _numbered(ENUM_ST_VISIBILITY)


def symbols_of(image: Image) -> tuple[Symbol, ...]:
    """Its entries that have a name, in their order.

    Raises:
        BrokenError: a table that is named is not there.
    """
    dynamic = Dynamic(image)
    address = dynamic.value("DT_SYMTAB")
    if address is None:
        return ()
    count = _count(dynamic, address)
    names = names_of_versions(dynamic)
    return tuple(
        _symbol(image.bits, fields, dynamic, version, names)
        for fields, version in zip(_fields(dynamic, address, count), _versions(dynamic, count), strict=False)
        if fields[0]
    )


def _fields(dynamic: Dynamic, address: int, count: int | None) -> Iterator[tuple[int, ...]]:
    """The entries; of a table whose length nobody tells, up to the first one that cannot be one."""
    form, size = ENTRY[dynamic.image.bits]
    if count is not None:
        yield from unpacked(dynamic.image, form, address, count * size)
        return
    most = dynamic.length
    for fields in unpacked(dynamic.image, form, address, _room(dynamic, address)):
        if fields[0] >= most:
            return
        yield fields


class Names:
    """Number of a symbol → its name and its version, each read where it is asked for."""

    def __init__(self, dynamic: Dynamic) -> None:
        self.dynamic = dynamic
        self.image = dynamic.image
        self.table, self.numbers = dynamic.value("DT_SYMTAB"), dynamic.value("DT_VERSYM")
        self.versions = names_of_versions(dynamic)
        self.known: dict[int, tuple[str, str | None]] = {}

    def of(self, number: int) -> tuple[str, str | None]:
        """Name and version.

        Raises:
            BrokenError: there is no such symbol.
        """
        if number not in self.known:
            self.known[number] = self._read(number)
        return self.known[number]

    def _read(self, number: int) -> tuple[str, str | None]:
        if self.table is None:
            raise BrokenError("a relocation names a symbol, and there are none")
        size = ENTRY[self.image.bits][1]
        name = next(unpacked(self.image, "I", self.table + number * size, 4), None)
        if name is None:
            raise BrokenError(f"a relocation names symbol {number}, which is not there")
        version = None
        if self.numbers is not None:
            known = next(unpacked(self.image, "H", self.numbers + 2 * number, 2), (GLOBAL,))
            version = self.versions.get(known[0] & ~HIDDEN) if known[0] > GLOBAL else None
        return self.dynamic.text(name[0]), version


def _symbol(bits: int, fields: tuple[int, ...], dynamic: Dynamic, number: int, names: Mapping[int, str]) -> Symbol:
    if bits == 32:  # noqa: PLR2004  # of two
        name, value, size, info, other, section = fields
    else:
        name, info, other, section, value, size = fields
    return Symbol(
        symbol=dynamic.text(name),
        version=names.get(number & ~HIDDEN) if number > GLOBAL else None,
        is_default=number > GLOBAL and not number & HIDDEN and section != 0,
        defined=section != 0,
        section=section,
        bind=BINDS.get(info >> 4, f"STB_{info >> 4}"),
        type=TYPES.get(info & 15, f"STT_{info & 15}"),
        visibility=VISIBILITIES.get(other & 7, f"STV_{other & 7}"),
        value=value,
        size=size,
    )


def _versions(dynamic: Dynamic, count: int | None) -> Iterator[int]:
    """What DT_VERSYM says of each symbol; that it is global, where it says nothing."""
    address = dynamic.value("DT_VERSYM")
    if address is None:
        return repeat(GLOBAL)
    size = _room(dynamic, address) if count is None else 2 * count
    numbers = (number for (number,) in unpacked(dynamic.image, "H", address, size))
    return numbers if count is None else chain(numbers, repeat(GLOBAL))


def _count(dynamic: Dynamic, address: int) -> int | None:
    """How many entries it has, by what the loader searches it with; None where that does not say."""
    size = ENTRY[dynamic.image.bits][1]
    most = dynamic.image.place(address)[1] // size
    count = _of_mips(dynamic)
    count = _hashed(dynamic) if count is None else count
    count = _gnu_hashed(dynamic, most) if count is None else count
    if count is not None and count > most:
        raise BrokenError(f"{count} symbols, and there is room for {most}")
    return count


def _of_mips(dynamic: Dynamic) -> int | None:
    return dynamic.values.get(0x70000011) if dynamic.image.machine == "EM_MIPS" else None  # DT_MIPS_SYMTABNO


def _hashed(dynamic: Dynamic) -> int | None:
    """DT_HASH has a chain of as many entries as the table."""
    address = dynamic.value("DT_HASH")
    if address is None:
        return None
    wide = dynamic.image.bits == 64 and dynamic.image.machine in WIDE_HASH  # noqa: PLR2004
    form, size = ("QQ", 16) if wide else ("II", 8)
    return next((chains for _, chains in unpacked(dynamic.image, form, address, size)), None)


def _gnu_hashed(dynamic: Dynamic, most: int) -> int | None:
    """DT_GNU_HASH has a chain for each symbol that others may bind to, and these stand last.

    Args:
        dynamic: the section.
        most: how many symbols there may be.
    """
    address = dynamic.value("DT_GNU_HASH")
    if address is None:
        return None
    head = next(unpacked(dynamic.image, "IIII", address, 16), None)
    if head is None:
        raise BrokenError("its DT_GNU_HASH is cut off")
    buckets, first, words, _ = head
    start = address + 16 + words * dynamic.image.bits // 8
    last = max((index for (index,) in unpacked(dynamic.image, "I", start, 4 * buckets)), default=0)
    if last < max(first, 1):
        return None  # nothing can be bound to, so undefined symbols are not counted either
    chains = start + 4 * buckets + 4 * (last - first)
    room = 4 * max(0, most - last)
    for number, (value,) in enumerate(unpacked(dynamic.image, "I", chains, room), start=last):
        if value & 1:
            return number + 1
    raise BrokenError("a chain of its DT_GNU_HASH has no end")


def _room(dynamic: Dynamic, address: int) -> int:
    """Bytes up to the next table: the best that is known of one whose length is nowhere.

    So does glibc (elf/dl-addr.c), which takes the string table for the next one.
    """
    others = [value for tag in TABLES if (value := dynamic.value(tag)) is not None and value > address]
    return min([dynamic.image.place(address)[1], *(value - address for value in others)])
