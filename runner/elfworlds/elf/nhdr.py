"""Notes: an owner, a number that says what it is to that owner, and some bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.elf.details import AbiTag, Dlopened, Notes, OtherNote, Properties
from elfworlds.elf.reader import BrokenError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from elfworlds.elf.image import Image, Segment
    from elfworlds.jsondata import Json, JsonObject

GNU, FDO = "GNU", "FDO"
ABI_TAG, BUILD_ID, PROPERTIES = (GNU, 1), (GNU, 3), (GNU, 5)
DLOPEN, PACKAGE = (FDO, 0x407C0C0A), (FDO, 0xCAFE1A7E)
MOST_NOTES = 1 << 13
MOST_TEXT = 1 << 20  # bytes of all JSON
MOST_PROPERTIES = 1 << 10
LONGEST_OWNER = 64
WIDE = 8  # bytes to which some notes are aligned; all others to 4
HEAD = 12  # bytes: three words
OSES = {0: "linux", 1: "hurd", 2: "solaris", 3: "freebsd", 4: "netbsd", 5: "syllable", 6: "nacl"}
X86, AARCH64, RISCV = ("EM_X86_64", "EM_386"), ("EM_AARCH64",), ("EM_RISCV",)
ISA = {1: "x86-64-baseline", 2: "x86-64-v2", 4: "x86-64-v3", 8: "x86-64-v4"}
FEATURES = (
    (X86, 0xC0000002, {1: "IBT", 2: "SHSTK", 4: "LAM_U48", 8: "LAM_U57"}),
    (AARCH64, 0xC0000000, {1: "BTI", 2: "PAC", 4: "GCS"}),
    (RISCV, 0xC0000000, {1: "CFI_LP_UNLABELED", 2: "CFI_SS"}),
    ((), 0xB0008000, {1: "indirect-extern-access"}),
)
"""The machines, or all; GNU_PROPERTY_…_FEATURE_1_AND, GNU_PROPERTY_1_NEEDED; its bits."""
NO_COPY_ON_PROTECTED, ISA_NEEDED, ISA_USED = 2, 0xC0008002, 0xC0010002
MULTIPLES = {32: 4, 64: 8}  # bytes of which a property's data are a multiple, by the file's bits


@dataclass(frozen=True, slots=True)
class Note:
    """A note; its data lies at an offset of the file."""

    owner: str
    type: int
    offset: int
    size: int

    @property
    def kind(self) -> tuple[str, int]:
        return self.owner, self.type


def build_id_of(image: Image) -> str | None:
    """The first build ID, as hexadecimal digits."""
    for note in walk(image, image.of("PT_NOTE")):
        if note.kind == BUILD_ID:
            return image.data.at(note.offset, note.size).hex()
    return None


def notes_of(image: Image) -> Notes:
    """All of its notes, each once.

    Raises:
        BrokenError: a note is longer than the file, or there are too many.
    """
    segments = [*image.of("PT_GNU_PROPERTY"), *image.of("PT_NOTE")]
    notes = tuple(dict.fromkeys(walk(image, segments)))
    read = _Reading(image)
    tags = [tag for note in notes if note.kind == ABI_TAG and (tag := read.abi_tag(note))]
    properties = [note for note in notes if note.kind == PROPERTIES]
    packages = [(note, package) for note in notes if note.kind == PACKAGE and (package := read.package(note))]
    entries = [(note, dlopened) for note in notes if note.kind == DLOPEN and (dlopened := read.dlopened(note))]
    known = {note for note, _ in (*packages, *entries)}
    return Notes(
        build_id=build_id_of(image),
        abi_tag=tags[0] if tags else None,
        properties=read.properties(properties[0]) if properties else None,
        dlopen=tuple(entry for _, dlopened in entries for entry in dlopened),
        package=packages[0][1] if packages else None,
        other=tuple(
            OtherNote(owner=note.owner, type=note.type, size=note.size)
            for note in notes
            if note not in known and note.kind not in (ABI_TAG, BUILD_ID, PROPERTIES)
        ),
    )


def walk(image: Image, segments: Iterable[Segment]) -> Iterator[Note]:
    """The notes of segments, in their order.

    Raises:
        BrokenError: there are too many.
    """
    count = 0
    for segment in segments:
        align = WIDE if segment.align == WIDE else 4
        at, end = segment.offset, min(segment.offset + segment.filesz, image.data.size)
        while at + HEAD <= end:
            if count == MOST_NOTES:
                raise BrokenError(f"more than {MOST_NOTES} notes")
            count += 1
            length, size, kind = image.words(at, 3)
            place = _aligned(at + HEAD + length, segment.offset, align)
            yield Note(_owner(image, at + HEAD, length), kind, place, size)
            at = _aligned(place + size, segment.offset, align)


def _owner(image: Image, at: int, length: int) -> str:
    """Its name up to the zero that ends it; nobody has one that is very long."""
    if length > LONGEST_OWNER or at + length > image.data.size:
        return ""
    return image.data.at(at, length).split(b"\0")[0].decode("utf-8", "replace")


def _aligned(at: int, start: int, align: int) -> int:
    """The next place that lies a multiple of the alignment behind the start."""
    return start + (at - start + align - 1) // align * align


class _Reading:
    """What the notes of a file say; of all JSON in it as much as anybody would write."""

    def __init__(self, image: Image) -> None:
        self.image = image
        self.left = MOST_TEXT

    def abi_tag(self, note: Note) -> AbiTag | None:
        if note.size < 16:  # noqa: PLR2004  # four words
            return None
        system, *version = self.image.words(note.offset, 4)
        return AbiTag(os=OSES.get(system, str(system)), version=".".join(map(str, version)))

    def properties(self, note: Note) -> Properties:
        """The bits of the properties that are known here."""
        values = dict(self._properties(note))
        machine = self.image.machine
        features = [
            name
            for machines, kind, names in FEATURES
            if machine in (machines or (machine,))
            for name in _bits(values.get(kind, 0), names)
        ]
        features += ["no-copy-on-protected"] if NO_COPY_ON_PROTECTED in values else []
        isa = ISA if machine in X86 else {}
        return Properties(
            features=tuple(features),
            isa_needed=_levels(values.get(ISA_NEEDED, 0), isa),
            isa_used=_bits(values.get(ISA_USED, 0), isa),
        )

    def _properties(self, note: Note) -> Iterator[tuple[int, int]]:
        """The kind of each, and its first word; 0 where it has none."""
        multiple = MULTIPLES[self.image.bits]
        at, end = note.offset, note.offset + note.size
        for _ in range(MOST_PROPERTIES):
            if at + 8 > end:
                return
            kind, size = self.image.words(at, 2)
            yield kind, self.image.words(at + 8, 1)[0] if size >= 4 else 0  # noqa: PLR2004  # bytes of a word
            at += 8 + (size + multiple - 1) // multiple * multiple
        raise BrokenError(f"more than {MOST_PROPERTIES} properties")

    def dlopened(self, note: Note) -> tuple[Dlopened, ...]:
        """What a note declares; nothing where it is not as it should be."""
        data = self._json(note)
        entries = data if isinstance(data, list) else [data]
        return tuple(_dlopened(entry) for entry in entries if isinstance(entry, dict))

    def package(self, note: Note) -> dict[str, str]:
        data = self._json(note)
        fields = data if isinstance(data, dict) else {}
        return {name: value for name, value in fields.items() if isinstance(value, str)}

    def _json(self, note: Note) -> Json:
        self.left -= note.size
        if self.left < 0:
            raise BrokenError(f"more than {MOST_TEXT} bytes of JSON in its notes")
        text = self.image.data.at(note.offset, note.size).rstrip(b"\0").decode("utf-8", "replace")
        try:
            data: Json = json.loads(text)
            return _printable(data)
        except (ValueError, RecursionError):
            return None


def _printable(data: Json) -> Json:
    """The same, without halves of characters, which JSON can hold and no file."""
    if isinstance(data, str):
        return data.encode("utf-8", "replace").decode()
    if isinstance(data, dict):
        return {str(_printable(name)): _printable(value) for name, value in data.items()}
    return [_printable(item) for item in data] if isinstance(data, list) else data


def _dlopened(entry: JsonObject) -> Dlopened:
    sonames = entry.get("soname")
    return Dlopened(
        soname=tuple(name for name in (sonames if isinstance(sonames, list) else [sonames]) if isinstance(name, str)),
        feature=_text(entry, "feature"),
        description=_text(entry, "description"),
        priority=_text(entry, "priority"),
    )


def _text(entry: JsonObject, name: str) -> str | None:
    value = entry.get(name)
    return value if isinstance(value, str) else None


def _levels(value: int, names: dict[int, str]) -> tuple[str, ...]:
    """Levels by their names; the bits of those that have none yet, as one number."""
    unknown = value & ~sum(names) if names else 0
    return (*_bits(value, names), *([hex(unknown)] if unknown else []))


def _bits(value: int, names: dict[int, str]) -> tuple[str, ...]:
    return tuple(name for bit, name in names.items() if value & bit)
