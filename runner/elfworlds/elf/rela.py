"""The relocations that the dynamic loader processes, by the tags that it finds them by."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from elfworlds.elf.details import Packed, Relocations, SymbolRelocation
from elfworlds.elf.dynamic import Dynamic, unpacked
from elfworlds.elf.dynsym import Names
from elfworlds.elf.reader import BrokenError
from elfworlds.psabi import RELOCATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from elfworlds.elf.image import Image

    Split = Callable[[int], tuple[int, int]]

REL, RELA = 17, 7  # what DT_PLTREL says
FORMS = {(32, REL): "II", (32, RELA): "IIi", (64, REL): "QQ", (64, RELA): "QQq"}
SIZES = {(32, REL): 8, (32, RELA): 12, (64, REL): 16, (64, RELA): 24}
WORD = {32: "I", 64: "Q"}
MOST = 1 << 22  # relocations of one file; a browser in one file has half as many
PF_W = 2
MODELS = (
    ("global-dynamic", re.compile("DTPMOD"), True),
    ("local-dynamic", re.compile("DTPMOD"), False),
    ("initial-exec", re.compile("(?<!D)TP(OFF|REL)"), None),
    ("descriptors", re.compile("TLS_?DESC"), None),
)
"""Model, the kinds of relocation that it takes, whether with a symbol; None where either."""


def relocations_of(image: Image) -> Relocations:
    """Its relocations.

    Raises:
        BrokenError: a table that is named is not there, or there are too many.
    """
    dynamic = Dynamic(image)
    split, names, fixed = _split(image), RELOCATIONS.get(image.machine, {}), _not_writable(image)
    counts: Counter[tuple[int, bool]] = Counter()
    named: list[tuple[int, int]] = []
    in_read_only = 0
    for offset, info in _records(dynamic):
        symbol, kind = split(info)
        counts[kind, symbol != 0] += 1
        if symbol:
            named.append((symbol, kind))
        for start, end in fixed:  # as a loop, since a large library has half a million
            if start <= offset < end:
                in_read_only += 1
                break
    packed, of_packed = _packed(dynamic, fixed)
    kinds = {kind: names.get(kind, str(kind)) for kind, _ in counts}
    by_name: Counter[str] = Counter()
    for (kind, _), count in counts.items():
        by_name[kinds[kind]] += count
    return Relocations(
        counts=tuple(sorted(by_name.items())),
        packed=packed,
        in_read_only=in_read_only + of_packed,
        of_symbols=tuple(_of_symbols(dynamic, named, kinds)),
        tls_models=tuple(_models({(kinds[kind], has_symbol) for kind, has_symbol in counts})),
    )


def _records(dynamic: Dynamic) -> Iterator[tuple[int, int]]:
    """The offset and the info of each."""
    image = dynamic.image
    left = MOST
    for address, size, form in _tables(dynamic):
        if size == 0:
            continue
        each = SIZES[image.bits, form]
        left -= size // each
        if left < 0:
            raise BrokenError(f"more than {MOST} relocations")
        if image.place(address)[1] < size:
            raise BrokenError("its relocations are cut off")
        for offset, info, *_ in unpacked(image, FORMS[image.bits, form], address, size):
            yield offset, info


def _tables(dynamic: Dynamic) -> Iterator[tuple[int, int, int]]:
    """Address, size and form of each; DT_JMPREL may be the end of the one before it, and is counted once.

    So does glibc (elf/dynamic-link.h, _ELF_DYNAMIC_DO_RELOC).
    """
    jump, jump_size = dynamic.value("DT_JMPREL"), dynamic.value("DT_PLTRELSZ") or 0
    jump_form = dynamic.value("DT_PLTREL")
    for form, tag in ((REL, "DT_REL"), (RELA, "DT_RELA")):
        address, size = dynamic.value(tag), dynamic.value(f"{tag}SZ") or 0
        if address is None:
            continue
        if jump is not None and jump_form == form and address <= jump < address + size:
            size = jump - address
        yield address, size, form
    if jump is not None:
        yield jump, jump_size, REL if jump_form == REL else RELA


def _split(image: Image) -> Split:
    """How r_info holds the number of the symbol and that of the kind."""
    if image.bits == 32:  # noqa: PLR2004  # of two
        return lambda info: (info >> 8, info & 0xFF)
    if image.machine == "EM_MIPS" and image.little:
        return lambda info: (info & 0xFFFFFFFF, info >> 56)
    if image.machine in ("EM_MIPS", "EM_SPARCV9"):
        return lambda info: (info >> 32, info & 0xFF)
    return lambda info: (info >> 32, info & 0xFFFFFFFF)


def _not_writable(image: Image) -> tuple[tuple[int, int], ...]:
    return tuple((load.vaddr, load.vaddr + load.memsz) for load in image.of("PT_LOAD") if not load.flags & PF_W)


def _of_symbols(
    dynamic: Dynamic, named: Iterable[tuple[int, int]], kinds: dict[int, str]
) -> Iterator[SymbolRelocation]:
    names = Names(dynamic)
    for symbol, kind in named:
        name, version = names.of(symbol)
        if name:
            yield SymbolRelocation(name=name, version=version, kind=kinds[kind])


def _models(there: set[tuple[str, bool]]) -> Iterator[str]:
    for model, kinds, with_symbol in MODELS:
        if any(kinds.search(kind) and with_symbol in (None, has_symbol) for kind, has_symbol in there):
            yield model


def _packed(dynamic: Dynamic, fixed: tuple[tuple[int, int], ...]) -> tuple[Packed | None, int]:
    """DT_RELR, and how many of its relocations lie in segments that are not writable."""
    address, size = dynamic.value("DT_RELR"), dynamic.value("DT_RELRSZ") or 0
    if address is None:
        return None, 0
    image = dynamic.image
    word = image.bits // 8
    if size // word > MOST:
        raise BrokenError(f"more than {MOST} relocations")
    if size and image.place(address)[1] < size:
        raise BrokenError("its relocations are cut off")
    entries = relocations = in_read_only = place = 0
    for (entry,) in unpacked(image, WORD[image.bits], address, size):
        entries += 1
        if not entry & 1:
            relocations += 1
            in_read_only += _in((entry,), fixed)
            place = entry + word
            continue
        bits = entry >> 1
        relocations += bits.bit_count()
        window = place + word * (image.bits - 1)
        if any(start < window and place < end for start, end in fixed):
            in_read_only += _in((place + word * at for at in range(image.bits - 1) if bits >> at & 1), fixed)
        place = window
    return Packed(entries=entries, relocations=relocations), in_read_only


def _in(places: Iterable[int], ranges: tuple[tuple[int, int], ...]) -> int:
    return sum(any(start <= place < end for start, end in ranges) for place in places)
