"""What advice says: values, frozen."""

from __future__ import annotations

from dataclasses import dataclass

DLOPEN, DLMOPEN = "dlopen", "dlmopen"
WAYS = (DLMOPEN, DLOPEN)
NAMESPACES, STATIC_TLS, REFUSED, SHARED, KEYS = "namespaces", "static TLS", "refused", "one copy for all", "keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """Something that may go wrong.

    Attributes:
        rule: its name, which is a section of docs/advise.md.
        object: the path of the object that brings it.
        evidence: what of the object shows it: a symbol, a flag, a number.
        releases: of which libc it is true, in words.
        remedy: what to do.
    """

    rule: str
    object: str
    evidence: str
    releases: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is foretold of a file, with all of it bound at once (RTLD_NOW).

    Attributes:
        refusals: why the loader refuses it, in the order in which it would say so; none where it loads.
        kept_by: what keeps it after dlclose, as a sentence; None where it is gone.
        copies: how many are loaded, a namespace each, until one is refused or is not safe to load.
        limit: what ends that: `namespaces`, `static TLS`, `refused` (the first), `one copy for all` (dlopen), `keys`:
            the constructors of another copy would read what the first one has stored under pthread keys.
        static_tls: bytes that one more copy takes.
        room: bytes of static TLS that the process has left for what is opened.
        host_starts: whether all that a named host is started with is there.
    """

    refusals: tuple[str, ...]
    kept_by: str | None
    copies: int
    limit: str
    static_tls: int
    room: int
    host_starts: bool = True

    @property
    def loads(self) -> bool:
        return not self.refusals

    @property
    def gone(self) -> bool:
        """Whether dlclose takes it out of memory."""
        return self.loads and self.kept_by is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What is said of a file.

    Attributes:
        path: as it was named.
        world: where, in words.
        libc: family and release: `glibc 2.36`, `musl`.
        way: `dlopen` or `dlmopen`.
        hazards: in the order of harm.
    """

    path: str
    world: str
    libc: str
    way: str
    forecast: Forecast
    hazards: tuple[Hazard, ...]
