"""What of a case shows hazards that lie in where libraries are found, and in what is there before them; pure."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from elfworlds.advice.case import is_of_libc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.advice.case import Case
    from elfworlds.inspection import Need

Evidence = tuple[str, str]  # the path of an object, and what shows it
OPEN_TO_ALL = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108  # named, not used
ALREADY_THERE = "loaded"


def older_first(case: Case) -> Iterator[Evidence]:
    """Libraries of the host that serve a name, and lack a version that the opened object needs."""
    served = {(need.needing, need.path): need for need in _by_the_host(case)}
    for version in case.inspection.missing_versions:
        need = served.get((version.needing, version.path))
        if need is not None:
            own = case.alone.get((need.needing, need.name))
            where = f"; its own would be {own.path}" if own else ""
            yield version.needing, f"{need.name} is the host's {need.path}, without {version.version}{where}"


def another_first(case: Case) -> Iterator[Evidence]:
    """Libraries of the host that serve a name in the place of another file, and lack no version."""
    lacking = {(version.needing, version.path) for version in case.inspection.missing_versions}
    builds = {member.path: member.facts.build_id for member in case.process}
    for need in _by_the_host(case):
        own = case.alone.get((need.needing, need.name))
        if own is None or own.path == need.path or (need.needing, need.path) in lacking:
            continue
        if own.facts.build_id is None or own.facts.build_id != builds.get(need.path or ""):  # else a link to it
            yield need.needing, f"{need.name} is the host's {need.path}, not {own.path}"


def _by_the_host(case: Case) -> Iterator[Need]:
    """Needs of opened objects that an object of the host serves; what belongs to libc is everybody's."""
    there = {member.path: member for member in case.process}
    for need in case.inspection.needs:
        serving = there.get(need.path or "") if need.rule == ALREADY_THERE else None
        if serving is not None and need.needing in case.scope.new and not is_of_libc(serving):
            yield need


def processor_directories(case: Case) -> Iterator[Evidence]:
    """Libraries that are taken for this processor's sake."""
    for need in case.inspection.needs:
        if need.level is not None and need.path is not None and need.needing in case.scope.new:
            yield need.path, f"{need.name} is taken from {need.level}"


def unsafe_run_paths(case: Case) -> Iterator[Evidence]:
    """Run paths into which others may write, or that begin where the program was started."""
    for member in case.new:
        facts = member.facts
        for tag, entries in (
            ("DT_RUNPATH", facts.runpath),
            ("DT_RPATH", facts.rpath if facts.runpath is None else None),
        ):
            for entry in entries or ():
                if why := _unsafe(entry):
                    yield member.path, f"{tag} has `{entry}`, {why}"


def _unsafe(entry: str) -> str | None:
    if not entry.startswith(("/", "$")):
        return "which begins at the working directory"
    clean = posixpath.normpath(entry)
    if any(clean == top or clean.startswith(f"{top}/") for top in OPEN_TO_ALL):
        return "below a directory where everybody may write"
    return None


def replaced_malloc(case: Case) -> Iterator[Evidence]:
    """The host's own allocator, which another namespace has not."""
    if not (case.apart and case.hosted):
        return
    for member in case.process:
        if not is_of_libc(member) and member.definitions.defining("malloc"):
            users = [each for each in case.new if "malloc" in each.by_name and not is_of_libc(each)]
            yield from ((user.path, f"refers to malloc, and that of {member.path} is not there") for user in users)
            return
