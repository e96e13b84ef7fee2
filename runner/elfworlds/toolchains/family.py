"""What a family of toolchains is: toolchains whose names begin alike and which are had in one way."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from elfworlds import paths
from elfworlds.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from elfworlds.process import Runner
    from elfworlds.toolchains.toolchain import Toolchain

NOBODY_LOOKS = "nobody looks for it"
Working = Callable[[str, int], AbstractContextManager[Callable[[], None]]]


def _silent(_what: str, _total: int) -> AbstractContextManager[Callable[[], None]]:
    return nullcontext(lambda: None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What it takes to have a toolchain.

    Attributes:
        run: starts programs.
        environment: PATH, XDG_CACHE_HOME, the compilers' variables.
        where: directories of the files that pin toolchains, best first.
        languages: what objects are written in, and the tools that edit them after the link.
        bwrap: bubblewrap's path.
        jobs: how much is done at once.
        base: what the toolchain is laid over, where it is.
        backend: whose libcs of recipes are taken, `local` or `nix`.
        sandbox: whether what a stranger's file names is done in the sandbox or not at all.
        working: called with what is done and with a number of pieces of work; called back after each piece.
        tell: says what a person should know of.
    """

    run: Runner
    environment: Mapping[str, str]
    where: Sequence[Path] = ()
    languages: Collection[str] = ()
    bwrap: str = "/usr/bin/bwrap"
    jobs: int = 2
    base: Toolchain | None = None
    backend: str = "local"
    sandbox: bool = False
    working: Working = _silent
    tell: Callable[[str], None] = lambda _text: None

    @property
    def cache(self) -> Path:
        """$XDG_CACHE_HOME/elfworlds."""
        return paths.store(self.environment)


@dataclass(frozen=True, slots=True)
class Source:
    """A file of which a toolchain is made: its name below the cache, where it is here, and its digest."""

    name: str
    path: Path
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A line of `toolchain list`.

    Attributes:
        release: the date of what is pinned, `2026-07-11`.
        versions: column → version or revision, where it is known.
        packages: how much is to be fetched, in words; empty where nobody knows.
        here: what of it is unpacked, in words; empty where nothing is.
    """

    name: str
    release: str
    versions: Mapping[str, str]
    packages: str = ""
    here: str = ""


@dataclass(frozen=True, slots=True)
class DoctorLine:
    """A line of `doctor`: a part, whether `run` cannot work without it, and what there is to say."""

    part: str
    here: bool
    needed: bool
    text: str

    @property
    def mark(self) -> str:
        if self.here:
            return "ok"
        return "MISSING" if self.needed else "missing"


class Family(Protocol):
    """A family of toolchains, a row of `families.FAMILIES`; what is no abstract method has an answer here.

    Attributes:
        prefix: what the names of its toolchains begin with, up to a slash: `debian`.
        own_root: whether its programs see a root of their own as `/`, and not this machine.
        seen_beside: whether a trial in another root may have its roots beside it (`sees`).
        compilers_from_environment: whether CC, CXX and RUSTC name its compilers.
        programs: program of this machine that it needs → what needs it, in words.
    """

    prefix: str
    own_root: bool = True
    seen_beside: bool = False
    compilers_from_environment: bool = False
    programs: Mapping[str, str] = MappingProxyType({})

    @abstractmethod
    def names(self, where: Sequence[Path]) -> tuple[str, ...]:
        """The names of its toolchains that are known, whole: `debian/bookworm`.

        Args:
            where: directories of the files that pin toolchains.
        """

    def base(self, name: str, where: Sequence[Path]) -> str:
        """The name of the toolchain that one of this family is laid over; empty where it stands by itself.

        Raises:
            InputError: no such toolchain is known.
        """
        del name, where
        return ""

    def named(self, name: str, where: Sequence[Path]) -> tuple[Path, ...]:
        """Files and directories of a person's own that a name leads to; none where packages and pins are digested.

        Raises:
            InputError: no such toolchain is known.
        """
        del name, where
        return ()

    @abstractmethod
    def stand_in(
        self, name: str, where: Sequence[Path], languages: Collection[str] = (), why: str = NOBODY_LOOKS
    ) -> Toolchain:
        """A toolchain that cannot run trials; `why` is the reason. Only the file that pins it is read."""

    @abstractmethod
    def foreseen(self, name: str, means: Means) -> Toolchain:
        """The toolchain for a plan that is not run: nothing is fetched, nothing is written."""

    @abstractmethod
    def provided(self, name: str, means: Means) -> Toolchain:
        """A toolchain that works, or one that says why it does not. It is fetched and made if it is not there.

        Raises:
            BuildFailedError: it cannot be had.
        """

    def libraries(self, name: str, sonames: Collection[str], where: Sequence[Path], cache: Path) -> Mapping[str, str]:
        """Where a toolchain of it has libraries of these DT_SONAMEs, as far as files tell; nothing is run or fetched.

        Args:
            name: the toolchain's.
            sonames: file names.
            where: directories of the files that pin toolchains.
            cache: where toolchains are kept.

        Returns:
            DT_SONAME → a path in its world; without those that it has not, or of which nobody can know yet.
        """
        del name, sonames, where, cache
        return {}

    def pins(self, name: str, where: Sequence[Path]) -> Mapping[str, str]:
        """The files that pin a toolchain: name in a directory of such files → text; none where nothing is pinned."""
        del name, where
        return {}

    def sources(self, name: str, means: Means) -> Sequence[Source]:
        """The files that another machine needs below its cache to make the toolchain; none where that is not all."""
        del name, means
        return ()

    def listed(self, where: Sequence[Path], cache: Path) -> Iterable[Listed]:
        """A line of `toolchain list` for each toolchain that is pinned."""
        del where, cache
        return ()

    def fetch(self, names: Sequence[str], parts: Sequence[str], means: Means) -> Iterator[str]:
        """Fetch toolchains; give a line for each. All names are checked before the first one is fetched.

        Raises:
            InputError: no such toolchain, or no such part.
            BuildFailedError: it cannot be had.
        """
        del parts, means
        raise InputError(f"{names[0]}: there is nothing to fetch")

    def remove(self, names: Sequence[str] | None, where: Sequence[Path], cache: Path) -> Iterator[str]:
        """Remove toolchains; give a line for each.

        Args:
            names: of the toolchains; None for all of them. With no name, only what no toolchain needs is removed.
            where: directories of the files that pin toolchains.
            cache: where toolchains are kept.

        Raises:
            InputError: it is not here.
        """
        del names, where, cache
        return iter(())

    def doctor(self, means: Means) -> Iterator[DoctorLine]:
        """What is here of it, and what is missing."""
        del means
        return iter(())
