"""GNU symbol versioning: numbers, and the names that DT_VERDEF and DT_VERNEED give them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from elfworlds.elf.reader import BrokenError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.elf.dynamic import Dynamic

HIDDEN = 0x8000
MOST_RECORDS = 1 << 17  # a number of a version has 15 bits, and each takes two records; some stand in two chains


def names_of_versions(dynamic: Dynamic) -> dict[int, str]:
    """Number of a version → its name."""
    return dict(_Chains(dynamic).names())


class _Chains:
    """Records of which each says how far the next one is; in all not more than there may be."""

    def __init__(self, dynamic: Dynamic) -> None:
        self.dynamic = dynamic
        self.image = dynamic.image
        self.left = MOST_RECORDS

    def names(self) -> Iterator[tuple[int, str]]:
        structs = self.image.structs
        for place, record in self.records(self.dynamic.value("DT_VERDEF"), structs.Elf_Verdef, "vd_next"):
            _, name = next(self.records(place + record["vd_aux"], structs.Elf_Verdaux, "vda_next"))
            yield record["vd_ndx"], self.dynamic.text(name["vda_name"])
        for place, record in self.records(self.dynamic.value("DT_VERNEED"), structs.Elf_Verneed, "vn_next"):
            for _, part in self.records(place + record["vn_aux"], structs.Elf_Vernaux, "vna_next"):
                yield part["vna_other"], self.dynamic.text(part["vna_name"])

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
