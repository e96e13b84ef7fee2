"""A file that is there whole or not at all, whoever reads it meanwhile and whatever ends the writing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write(target: Path, data: str | bytes) -> None:
    """Through a temporary sibling and a rename; the directory is made where it is missing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.write_bytes(data.encode() if isinstance(data, str) else data)
    temporary.replace(target)
