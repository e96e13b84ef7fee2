"""What a Debian package says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.toolchains.debian.mirror import paragraphs
from elfworlds.trees.deb import DebError, tar

if TYPE_CHECKING:
    from pathlib import Path

    from elfworlds.trees.deb import Unzstd

CONTROL_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Control:
    """What a package says of itself."""

    name: str
    version: str
    architecture: str


def control(path: Path, unzstd: Unzstd) -> Control:
    """What a package says of itself."""
    with tar(path, "control", unzstd) as archive:
        for member in archive:
            if member.name.removeprefix("./") == "control" and member.isreg():
                file = archive.extractfile(member)
                text = (file.read(CONTROL_BYTES) if file else b"").decode("utf-8", "replace")
                fields = next(paragraphs(text), {})
                return Control(*(fields.get(name, "") for name in ("package", "version", "architecture")))
    raise DebError("it has no control file")
