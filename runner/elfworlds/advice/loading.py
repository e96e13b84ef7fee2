"""Why a loader would refuse a file; pure."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from elfworlds.advice import static_tls
from elfworlds.advice.members import INITIAL_EXEC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.advice.case import Case

PIE_REFUSED, LEVELS_ASKED, PACKED_KNOWN, STACKS_REFUSED = (2, 30), (2, 33), (2, 36), (2, 41)


PACKED_VERSION = "GLIBC_ABI_DT_RELR"
UNDEFINED = "undefined symbol: "


def refusals(case: Case) -> Iterator[str]:
    """Each reason as a sentence, in the order in which the loader would meet it."""
    if case.musl and case.apart:
        yield "musl has no dlmopen"
    yield from (f"the host does not start: {why}" for why in case.host_lacks)
    yield from itself(case)
    for need in case.inspection.missing:
        yield f"{need.name} is not found, which {posixpath.basename(need.needing)} needs"
    for version in case.inspection.missing_versions:
        yield f"{version.version} is not in {version.path}, which {posixpath.basename(version.needing)} needs"
    yield from _of_parts(case)
    for member in case.new:
        for wanted in case.scope.undefined(member)[:1]:
            yield f"{UNDEFINED}{wanted.name}, of {posixpath.basename(member.path)}"
    yield from _static_tls(case)


def itself(case: Case) -> Iterator[str]:
    """What of the file itself makes it no library."""
    facts = case.inspection.facts
    if case.musl:
        return
    if facts.type == "ET_EXEC":
        yield "it is a program (ET_EXEC)"
    elif "DF_1_PIE" in facts.flags and case.release >= PIE_REFUSED:
        yield "it is a program (DF_1_PIE)"
    elif "DF_1_NOOPEN" in facts.flags:
        yield "it may not be opened (DF_1_NOOPEN)"


def _of_parts(case: Case) -> Iterator[str]:
    for member in () if case.musl else case.new:
        name = posixpath.basename(member.path)
        if member.facts.execstack and case.release >= STACKS_REFUSED and not case.executable_stack:
            yield f"{name} asks for an executable stack"
        lacking = [level for level in member.isa_needed if level not in case.levels]
        if lacking and case.release >= LEVELS_ASKED:
            yield f"{name} needs a processor of {lacking[-1]}"
        if member.relocations.packed and case.release < PACKED_KNOWN:
            yield f"{name} has DT_RELR, of which this loader knows nothing"
        elif member.relocations.packed and member.of_libc and PACKED_VERSION not in member.of_libc:
            yield f"{name} has DT_RELR and needs no {PACKED_VERSION}"  # elf/dl-version.c


def _static_tls(case: Case) -> Iterator[str]:
    takers = static_tls.takers(case.scope, INITIAL_EXEC)
    if case.musl:
        for member in takers:
            yield f"{posixpath.basename(member.path)} has initial-exec TLS, which musl refuses"
    elif static_tls.copies(case.room, case.scope, 1)[0] == 0:
        yield f"its static TLS does not fit: {', '.join(posixpath.basename(each.path) for each in takers)}"
