"""A file in a world → what is foretold of it, and its hazards."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from elfworlds.advice import keeping, loading, static_tls
from elfworlds.advice.case import Case
from elfworlds.advice.members import Member, Members
from elfworlds.advice.rules import RULES
from elfworlds.advice.scope import Scope
from elfworlds.advice.types import (
    DLMOPEN,
    KEYS,
    NAMESPACES,
    REFUSED,
    SHARED,
    STATIC_TLS,
    WAYS,
    Advice,
    Forecast,
)
from elfworlds.elf import NotElfError
from elfworlds.errors import InputError
from elfworlds.inspection import BASE_NAMESPACE, NEW_NAMESPACE, System, World, inspect, system_of
from elfworlds.resolve import cache_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from elfworlds.inspection import Inspection, Mapped

RELEASE = re.compile(rb"release version (\d{1,3})\.(\d{1,4})")
LARGEST_LIBC = 1 << 24  # bytes
MOST_COPIES = 15  # DL_NNS - 1, the application's own (glibc: include/link.h)
LIBC, UNKNOWN = "libc.so.6", (0, 0)


def advise(path: str | os.PathLike[str], world: World | None = None, way: str = DLMOPEN) -> Advice:
    """What is foretold of a file that is loaded as a plugin, and its hazards; nothing is executed.

    Args:
        path: a library.
        world: where it would be loaded, and by which host; without one by a plain program in C.
        way: `dlopen` or `dlmopen`, which opens a new namespace.

    Raises:
        InputError: it is no ELF file that a loader loads, the host is none, or there is no such way.
    """
    return Adviser.of(world or World(), way).advise(path)


def _opened(world: World, way: str) -> World:
    """The world with the namespace into which a way opens."""
    return replace(world, namespace=NEW_NAMESPACE if way == DLMOPEN else BASE_NAMESPACE)


@dataclass(frozen=True)
class Adviser:
    """Advises on many files of one system, which it reads once each."""

    system: System
    way: str
    members: Members
    releases: dict[str, tuple[int, int]] = field(default_factory=dict)

    @staticmethod
    def of(world: World, way: str = DLMOPEN) -> Adviser:
        """For a world and a way.

        Raises:
            InputError: there is no such way or world.
        """
        if way not in WAYS:
            raise InputError(f"--way is {' or '.join(WAYS)}, not `{way}`")
        return Adviser.within(system_of(_opened(world, way)), way)

    @staticmethod
    def within(system: System, way: str) -> Adviser:
        """For a system, and a way that fits its world's namespace."""
        return Adviser(system, way, Members(system))

    def elsewhere(self, world: World, way: str) -> Adviser:
        """For another host, environment or way in the same system; what was read of its files stays."""
        own = replace(self.system, world=_opened(world, way), searches={})
        return replace(self, system=own, way=way)

    def advise(self, path: str | os.PathLike[str]) -> Advice:
        """On one file.

        Raises:
            InputError: it is no ELF file that a loader loads.
        """
        case = self.case(path)
        return Advice(
            path=os.fspath(path),
            world=case.inspection.world,
            libc="musl" if case.musl else "glibc " + ".".join(map(str, case.release)),
            way=self.way,
            forecast=forecast(case),
            hazards=tuple(hazard for rule in RULES for hazard in rule.hazards(case)),
        )

    def case(self, path: str | os.PathLike[str]) -> Case:
        """What rules judge by.

        Raises:
            InputError: as above.
        """
        inspection = inspect(path, self.system)
        process = self._host or self._plain(inspection)
        started = {member.path for member in process} if self.way != DLMOPEN else set()
        opened = [mapped for mapped in inspection.objects if not mapped.of_host and mapped.path not in started]
        before = process if self.way != DLMOPEN else ()
        release = self._release(inspection, process)
        new = tuple(self._members(opened))
        return Case(
            inspection=inspection,
            way=self.way,
            release=release,
            scope=Scope(self.members, (*before, *new), frozenset(member.path for member in new)),
            process=process,
            room=static_tls.room(
                (member.layout for member in process), release, self.system.world.env.get("GLIBC_TUNABLES", "")
            ),
            hosted=self._host is not None,
            host_lacks=self._host_lacks,
            by_itself=partial(self._by_itself, path) if self._host and self.way != DLMOPEN else None,
        )

    def _by_itself(self, path: str | os.PathLike[str]) -> Inspection:
        world = replace(self.system.world, host=None, namespace=NEW_NAMESPACE)
        return inspect(path, replace(self.system, world=world))

    @cached_property
    def _inspected_host(self) -> Inspection | None:
        host = self.system.world.host
        if host is None:
            return None
        plain = replace(self.system.world, host=None, namespace=BASE_NAMESPACE)
        return inspect(host, replace(self.system, world=plain))

    @cached_property
    def _host(self) -> tuple[Member, ...] | None:
        """What a named host is started with."""
        return None if self._inspected_host is None else tuple(self._members(self._inspected_host.objects))

    @cached_property
    def _host_lacks(self) -> tuple[str, ...]:
        if self._inspected_host is None:
            return ()
        missing = [f"{need.name} is not found" for need in self._inspected_host.missing]
        return (*missing, *(f"{each.version} is not in {each.path}" for each in self._inspected_host.missing_versions))

    def _plain(self, inspection: Inspection) -> tuple[Member, ...]:
        """What a plain program in C is started with, that is not named."""
        path = inspection.closure.world.cache.get(cache_key(LIBC))
        facts = self.system.files.look(path).facts if path else None
        listed = [self.members.of(path, facts)] if path and facts else []
        interp = self.system.files.look(inspection.interp).facts if inspection.interp else None
        return tuple(listed + ([self.members.of(inspection.interp, interp)] if interp else []))

    def _members(self, objects: Iterable[Mapped]) -> Iterator[Member]:
        for mapped in objects:
            try:
                yield self.members.of(mapped.path, mapped.facts)
            except NotElfError as error:
                raise InputError(error.message, hint=error.hint) from None

    def _release(self, inspection: Inspection, process: tuple[Member, ...]) -> tuple[int, int]:
        """The release of glibc, as its libc.so.6 would say."""
        named = [member.path for member in process if member.facts.soname == LIBC]
        paths = named or [mapped.path for mapped in inspection.objects if mapped.facts.soname == LIBC]
        if not paths:
            return UNKNOWN
        if paths[0] not in self.releases:
            match = RELEASE.search(self.system.files.bytes(paths[0], LARGEST_LIBC))
            self.releases[paths[0]] = (int(match[1]), int(match[2])) if match else UNKNOWN
        return self.releases[paths[0]]


def forecast(case: Case) -> Forecast:
    """The three foretellings."""
    refused = tuple(loading.refusals(case))
    kept = None if case.musl else keeping.kept_by(case.scope, case.file, case.needs)
    count, taken = static_tls.copies(case.room, case.scope, MOST_COPIES)
    copies, limit = _copies(case, count, refused=bool(refused))
    return Forecast(
        refusals=refused,
        kept_by="musl unloads nothing" if case.musl else kept,
        copies=copies,
        limit=limit,
        static_tls=taken,
        room=case.room.free,
        host_starts=not case.host_lacks,
    )


def _copies(case: Case, count: int, *, refused: bool) -> tuple[int, str]:
    if refused:
        return 0, REFUSED
    if not case.apart:
        return 1, SHARED
    if case.storing and count > 1:
        return 1, KEYS
    return count, NAMESPACES if count == MOST_COPIES else STATIC_TLS
