"""GNU symbol versioning: numbers, and the names that DT_VERDEF and DT_VERNEED give them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from elfworlds.elf.defined import DefinedVersion, NeededVersion, Versions
from elfworlds.elf.dynamic import Dynamic
from elfworlds.elf.reader import BrokenError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.elf.image import Image

HIDDEN = 0x8000
BASE, WEAK = 1, 2  # VER_FLG_BASE, VER_FLG_WEAK
MOST_RECORDS = 1 << 17  # a number of a version has 15 bits, and each takes two records; some stand in two chains


def names_of_versions(dynamic: Dynamic) -> dict[int, str]:
    """Number of a version → its name."""
    chains = _Chains(dynamic)
    defined = {number: parts[0] for number, _, parts in chains.definitions()}
    return defined | {number: name for _, number, _, name in chains.needs()}


def versions_of(image: Image) -> Versions:
    """The versions that it needs and defines, in their order.

    Raises:
        BrokenError: a table that is named is not there.
    """
    chains = _Chains(Dynamic(image))
    defined = [
        DefinedVersion(name=name, base=bool(flags & BASE), weak=bool(flags & WEAK), parents=tuple(parents))
        for _, flags, (name, *parents) in chains.definitions(whole=True)
    ]
    needed = [NeededVersion(name=name, file=file, weak=bool(flags & WEAK)) for file, _, flags, name in chains.needs()]
    return Versions(needed=tuple(needed), defined=tuple(defined))


class _Chains:
    """Records of which each says how far the next one is; in all not more than there may be."""

    def __init__(self, dynamic: Dynamic) -> None:
        self.dynamic = dynamic
        self.image = dynamic.image
        self.left = MOST_RECORDS

    def definitions(self, *, whole: bool = False) -> Iterator[tuple[int, int, list[str]]]:
        """Number, flags and name of each; `whole` with its parents' names."""
        structs = self.image.structs
        for place, record in self.records(self.dynamic.value("DT_VERDEF"), structs.Elf_Verdef, "vd_next"):
            parts = self.records(place + record["vd_aux"], structs.Elf_Verdaux, "vda_next")
            count = max(1, record["vd_cnt"]) if whole else 1
            names = [self.dynamic.text(part["vda_name"]) for _, part in islice(parts, count)]
            yield record["vd_ndx"], record["vd_flags"], names

    def needs(self) -> Iterator[tuple[str, int, int, str]]:
        """File, number, flags and name of each."""
        structs = self.image.structs
        for place, record in self.records(self.dynamic.value("DT_VERNEED"), structs.Elf_Verneed, "vn_next"):
            file = self.dynamic.text(record["vn_file"])
            for _, part in self.records(place + record["vn_aux"], structs.Elf_Vernaux, "vna_next"):
                yield file, part["vna_other"], part["vna_flags"], self.dynamic.text(part["vna_name"])

    def records(self, address: int | None, struct: Any, step: str) -> Iterator[tuple[int, Any]]:  # noqa: ANN401  # pyelftools'
        """The records from an address on, and their addresses.

        Raises:
            BrokenError: chains meet, so that there would be more records than numbers for them.
        """
        while address is not None:
            self.left -= 1
            if self.left < 0:
                raise BrokenError("its tables of versions lie over each other")
            offset, room = self.image.place(address)
            if room < struct.sizeof():
                raise BrokenError("its table of versions is cut off")
            record = self.image.parse(struct, offset)
            yield address, record
            address = address + record[step] if record[step] else None
