"""Segments and tags that say how a file is mapped, and how its symbols are searched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.elf.details import Layout, Stack
from elfworlds.elf.dynamic import Dynamic

if TYPE_CHECKING:
    from elfworlds.elf.image import Image

LETTERS = (("R", 4), ("W", 2), ("E", 1))  # PF_R, PF_W, PF_X, as readelf shows them
HASHES = (("gnu", "DT_GNU_HASH"), ("sysv", "DT_HASH"))
DF_BIND_NOW, DF_1_NOW = 8, 1


def layout_of(image: Image) -> Layout:
    """How it is laid out; of a segment that stands twice the last one counts, as for glibc."""
    dynamic = Dynamic(image)
    tls = image.of("PT_TLS")
    return Layout(
        stack=_stack(image),
        relro=_relro(image, dynamic),
        hash_tables=tuple(name for name, tag in HASHES if dynamic.value(tag) is not None),
        tls_size=tls[-1].memsz if tls else 0,
        tls_alignment=tls[-1].align if tls else 0,
        tls_first=tls[-1].vaddr & (tls[-1].align - 1) if tls and tls[-1].align else 0,
    )


def _stack(image: Image) -> Stack | None:
    segments = image.of("PT_GNU_STACK")
    if not segments:
        return None
    flags = "".join(letter for letter, bit in LETTERS if segments[-1].flags & bit)
    return Stack(flags=flags, size=segments[-1].memsz)


def _relro(image: Image, dynamic: Dynamic) -> str:
    if not image.of("PT_GNU_RELRO"):
        return "none"
    now = (
        dynamic.value("DT_BIND_NOW") is not None
        or (dynamic.value("DT_FLAGS") or 0) & DF_BIND_NOW
        or (dynamic.value("DT_FLAGS_1") or 0) & DF_1_NOW
    )
    return "full" if now else "partial"
