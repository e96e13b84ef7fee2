"""What every backend gives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from elfworlds.planning import realise
from elfworlds.planning.types import FILES, directory_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from elfworlds.elf import ElfObject
    from elfworlds.planning import BuildRequest, Plan
    from elfworlds.toolchains import Toolchain


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """An object that exists.

    Attributes:
        directory: what `@<key>@` stands for: where it lies, for a file of a tree where the tree lies.
        output: what the compiler said while making it, warnings mostly.
        reused: whether it was there before.
        links: further names of the file there.
    """

    key: str
    directory: str
    filename: str
    sha256: str
    facts: ElfObject
    output: str
    reused: bool
    links: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        return f"{self.directory}/{self.filename}"

    @property
    def paths(self) -> tuple[str, ...]:
        """The path, and those of the links to it."""
        return tuple(f"{self.directory}/{name}" for name in (self.filename, *self.links))


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An object that could not be made.

    Attributes:
        command: the line to repeat by hand; empty where it was never tried.
        output: the compiler's words.
        exit: the compiler's exit status; None where it has none.
        missing: keys of needed objects that failed before it.
        step: which command of `after` failed; None where it was not one of these.
    """

    key: str
    command: str
    output: str
    exit: int | None = None
    missing: tuple[str, ...] = ()
    step: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """The result of making an object twice: whether every byte is the same, and if not, what differs."""

    key: str
    identical: bool
    why: str


@dataclass(frozen=True, slots=True)
class Build:
    """Which of a plan's objects exist, and why the others do not.

    Attributes:
        files: the directory of the trial whose texts are realised; empty where they are no trial's.
        farms: paths that keep the objects where a store deletes what nobody keeps.
    """

    artifacts: Mapping[str, Artifact]
    failures: Mapping[str, Failure]
    files: str = ""
    farms: tuple[str, ...] = ()

    def directory(self, key: str) -> str:
        if key == FILES:
            return self.files or directory_of(key)
        return self.artifacts[key].directory

    def within(self, directory: str) -> Build:
        """The same for a trial in a directory."""
        return replace(self, files=directory)

    def unexpected(self, allowed: frozenset[str]) -> Mapping[str, Failure]:
        """Failures that are not `allowed` as outcomes. A failure that only lacks allowed objects is allowed too."""
        return {
            key: failure
            for key, failure in self.failures.items()
            if key not in allowed and not (failure.missing and allowed.issuperset(failure.missing))
        }

    def realise(self, text: str) -> str:
        """A symbolic text of the plan with this build's directories."""
        return realise(text, self.directory)


@dataclass(frozen=True, slots=True)
class Order:
    """An object that the store lacks, and all that it is made of.

    Attributes:
        files: sha256 → bytes of its sources.
        seconds: those that the build may take; None for what the request says.
    """

    request: BuildRequest
    artifacts: Mapping[str, Artifact]
    files: Mapping[str, bytes]
    seconds: float | None


class Backend(Protocol):
    """Makes what a plan asks for.

    `keep_going` builds all that does not depend on a failure; `report` is told of each object as it is done.
    `verify` makes every object of a build once more. `where` says in words where objects are; `store` is the
    directory that all of them lie in, at the path that is in them. `keep` lets them live as long as a run's directory.
    """

    @property
    def name(self) -> str: ...

    @property
    def where(self) -> str: ...

    @property
    def store(self) -> str: ...

    def build(
        self,
        plan: Plan,
        toolchains: Mapping[str, Toolchain],
        *,
        keep_going: bool,
        report: Callable[[BuildRequest, Artifact | Failure], None],
    ) -> Build: ...

    def verify(self, plan: Plan, toolchains: Mapping[str, Toolchain], build: Build) -> dict[str, Again]: ...

    def keep(self, build: Build, run: Path) -> None: ...
