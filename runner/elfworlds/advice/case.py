"""All that rules judge by: a file's closure, who serves whom in it, and the process that opens it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from elfworlds.advice.types import DLMOPEN
from elfworlds.inspection.loader import levels, processor
from elfworlds.inspection.symbols import USUAL
from elfworlds.resolve import MUSL, cache_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from elfworlds.advice.members import Member
    from elfworlds.advice.scope import Scope
    from elfworlds.advice.static_tls import Room
    from elfworlds.inspection import Inspection, Mapped


@dataclass(frozen=True, kw_only=True)
class Case:
    """A file and the process that would open it.

    Attributes:
        inspection: of the file, as that process opens it.
        way: `dlopen` or `dlmopen`.
        release: of glibc; (0, 0) where it cannot be told.
        scope: the objects that could be read.
        process: what the process was started with, in the order of loading.
        room: its static TLS.
        hosted: whether the process is one that was named.
        host_lacks: what that one needs and has not, in words.
        by_itself: inspects the file as a namespace of its own would have it; None where that is what the process does.
    """

    inspection: Inspection
    way: str
    release: tuple[int, int]
    scope: Scope
    process: tuple[Member, ...]
    room: Room
    hosted: bool
    host_lacks: tuple[str, ...] = ()
    by_itself: Callable[[], Inspection] | None = None

    @property
    def file(self) -> str:
        own = self.inspection.own
        return own.path if own else self.inspection.path

    @property
    def apart(self) -> bool:
        """Whether it gets a namespace of its own."""
        return self.way == DLMOPEN

    @property
    def musl(self) -> bool:
        return self.inspection.family == MUSL

    @property
    def executable_stack(self) -> bool:
        """Whether the process has one already."""
        return bool(self.process) and self.hosted and self.process[0].facts.execstack

    @cached_property
    def levels(self) -> frozenset[str]:
        """The x86-64 levels that this machine's processor has."""
        return frozenset(levels(processor()))

    @cached_property
    def new(self) -> tuple[Member, ...]:
        """The objects that are opened."""
        return tuple(self.scope.opened)

    @cached_property
    def needs(self) -> Mapping[str, frozenset[str]]:
        """Path of an object → the paths of what serves the names that it asks for."""
        served: dict[str, set[str]] = {}
        for need in self.inspection.needs:
            if need.path is not None:
                served.setdefault(need.needing, set()).add(need.path)
        return {path: frozenset(paths) for path, paths in served.items()}

    @cached_property
    def alone(self) -> Mapping[tuple[str, str], Mapped]:
        """The object that asks, and the name → what would serve it if nothing were loaded before."""
        if self.by_itself is None:
            return {}
        inspection = self.by_itself()
        objects = {mapped.path: mapped for mapped in inspection.objects}
        return {(need.needing, need.name): objects[need.path] for need in inspection.needs if need.path in objects}

    @cached_property
    def usual_names(self) -> frozenset[str]:
        """What the usual libraries of the system define; few undefined symbols are among them."""
        symbols = self.inspection.system.symbols
        paths = filter(None, (self.inspection.closure.world.cache.get(cache_key(name)) for name in USUAL))
        return frozenset(each.symbol for path in paths for each in symbols(path) or () if each.defined)

    @cached_property
    def storing(self) -> tuple[Member, ...]:
        """Opened objects whose constructors, or those of what needs them, use what a pthread key holds: GLib's slices.

        Whether the constructors of others do cannot be read from their symbols; of those that were tried none did.
        """
        return tuple(member for member in self.new if member.facts.soname == GLIB and has_slices(member))

    def calling(self, *names: str) -> dict[str, list[str]]:
        """Path of an opened object → which of these symbols it refers to; what every language brings does not count."""
        calls = {
            member.path: [name for name in names if name in member.by_name]
            for member in self.new
            if not is_of_libc(member) and member.facts.soname not in RUNTIMES
        }
        return {path: symbols for path, symbols in calls.items() if symbols}


GLIB, SLICES, SINCE_2_76 = "libglib-2.0.so.0", "g_slice_alloc", "g_string_free_and_steal"
RUNTIMES = frozenset({"libstdc++.so.6", "libgcc_s.so.1"})
LIBC_SONAMES = frozenset(
    {
        *("libc.so.6", "libpthread.so.0", "libdl.so.2", "libm.so.6", "librt.so.1", "libutil.so.1"),
        *("libanl.so.1", "libresolv.so.2", "libmvec.so.1", "libthread_db.so.1"),
    }
)


def is_of_libc(member: Member) -> bool:
    """Whether glibc brings it."""
    soname = member.facts.soname or ""
    return soname in LIBC_SONAMES or soname.startswith("ld-linux")


def has_slices(glib: Member) -> bool:
    """Whether it allocates by slices of a thread, as GLib did before 2.76; later ones only have the names."""
    exported = glib.definitions.by_name
    return SLICES in exported and SINCE_2_76 not in exported
