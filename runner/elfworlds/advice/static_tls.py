"""Static TLS: how much a process sets aside, and what each loaded object takes of it (glibc: elf/dl-tls.c); pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from elfworlds.advice.members import DESCRIPTORS, INITIAL_EXEC

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from elfworlds.advice.members import Member
    from elfworlds.advice.scope import Scope
    from elfworlds.elf import Layout

TCB_ALIGNMENT = 64
LIBC, OTHER, LEGACY = 160, 144, 96  # bytes: LIBC_IE_TLS, OTHER_IE_TLS, LEGACY_TLS
NNS, OPTIONAL, MOST_NNS = 4, 512, 16  # the tunables' defaults, and DL_NNS
RSEQ, RSEQ_SINCE = 32, (2, 41)  # bytes, also of alignment, and since when they lie behind the blocks
INITIAL, DESCRIPTOR = re.compile("(?<!D)TP(OFF|REL)"), re.compile("TLS_?DESC")


@dataclass(frozen=True, slots=True)
class Room:
    """What is left.

    Attributes:
        free: bytes.
        optional: how many of them those may take who can do without.
        alignment: the largest that can be had.
    """

    free: int
    optional: int
    alignment: int

    def less(self, layout: Layout, *, optional: bool = False) -> Room | None:
        """What is left after one block (_dl_try_allocate_static_tls); None where it does not fit."""
        align, size = max(1, layout.tls_alignment), layout.tls_size + layout.tls_first
        if align > self.alignment or size > self.free:
            return None
        use = self.free - (self.free - size) // align * align - layout.tls_first
        if optional and use > self.optional:
            return None
        return replace(self, free=self.free - use, optional=self.optional - use if optional else self.optional)


def room(initial: Iterable[Layout], release: tuple[int, int], tunables: str = "") -> Room:
    """What a process has left when it has started.

    Args:
        initial: of what it was started with, in the order of loading.
        release: of glibc.
        tunables: the text of GLIBC_TUNABLES.
    """
    nns = _tunable(tunables, "nns", NNS, range(1, MOST_NNS + 1))
    optional = _tunable(tunables, "optional_static_tls", OPTIONAL, range(2**32))
    surplus = (nns - 1) * LIBC + nns * OTHER + LEGACY + optional
    alignment, used = TCB_ALIGNMENT, 0
    for layout in initial:
        if layout.tls_size:
            align = max(1, layout.tls_alignment)
            first = -layout.tls_first % align
            alignment = max(alignment, align)
            used = _up(used + layout.tls_size - first, align) + first
    if release >= RSEQ_SINCE:
        used = _up(used + RSEQ, RSEQ)
    return Room(_up(used + surplus, alignment) - used, optional, alignment)


def _tunable(text: str, name: str, default: int, allowed: range) -> int:
    """The last number that is allowed; glibc passes over others (elf/dl-tunables.c, do_tunable_update_val)."""
    numbers = re.findall(rf"(?:^|:)glibc\.rtld\.{name}=(\d{{1,9}})(?=:|$)", text)
    return next((int(number) for number in reversed(numbers) if int(number) in allowed), default)


def _up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def takers(scope: Scope, kind: str) -> list[Member]:
    """The opened objects whose TLS must be static since a relocation of the scope points to it, each once.

    Args:
        scope: the objects.
        kind: `initial-exec`, or `descriptors`, which can do without.
    """
    return list(dict.fromkeys(member for member in _pointed_to(scope, kind) if member.path in scope.new))


def _pointed_to(scope: Scope, kind: str) -> Iterator[Member]:
    relocation = INITIAL if kind == INITIAL_EXEC else DESCRIPTOR
    for needing in reversed(list(scope.opened)):
        if kind not in needing.relocations.tls_models:
            continue
        names = [each.name for each in needing.relocations.of_symbols if relocation.search(each.kind)]
        looked_up = needing.by_name.keys() & set(names)
        total = sum(count for name, count in needing.relocations.counts if relocation.search(name))
        if total > sum(name in looked_up for name in names):
            yield needing
        for other, serves in scope.serving(needing):
            if any(wanted.name in looked_up for wanted in serves):
                yield other


def copies(left: Room, scope: Scope, most: int) -> tuple[int, int]:
    """How many copies fit, and the bytes that the first one takes.

    Args:
        left: of the process, before the first.
        scope: of each copy.
        most: where the count ends.
    """
    must, may = takers(scope, INITIAL_EXEC), takers(scope, DESCRIPTORS)
    taken = 0
    for count in range(most):
        after: Room | None = left
        for member in must:
            after = after.less(member.layout) if after else None
        if after is None:
            return count, taken or sum(member.layout.tls_size for member in must)
        for member in may:
            after = (after.less(member.layout, optional=True) or after) if member not in must else after
        taken = taken or left.free - after.free
        left = after
    return most, taken
