"""A toolchain as a value."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING

from elfworlds.sandbox import HOST, World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.jsondata import Json


PACKAGES_OF_AXES: Mapping[str, str] = {"libc": "libc6", "gdb": "gdb", "rustc": "rustc"}
UNKNOWN = "unknown"  # a version that there is, and that nobody can say yet


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package, with the revision that its distribution gave it."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolchain:
    """A compiler, its linker and libc, and the dynamic loader of what they make.

    Attributes:
        name: `host`, as the axis `libc` says it.
        identity: everything that decides what a build gives, by name: versions and digests.
        versions: what `when` compares, by axis: `libc` → `2.36`, or UNKNOWN; the libc's family is `libc-family`.
        packages: the packages that these files belong to, where the system knows.
        tools: tool → the words that start it.
        parts: language → what else decides what is built from it, by name; C has nothing else. A tool that edits
            files after the link → what decides what it does.
        run_path: language → directories without which its programs would not find the compiler's own libraries.
        lacking: tool that is not there → what to do about it.
        env: the environment of a build.
        interp: the path of its dynamic loader, as its programs name it; empty where it is not known.
        library_cache: ld.so.cache of its world, name → path, as `traces.ldcache` has it.
        default_paths: where its dynamic loader looks last.
        subdirectories: of each directory, those where its loader looks first on this processor, best first.
        tokens: what $LIB and $PLATFORM stand for; empty where it is not known.
        world: what a build and a trial see.
        built_by: the toolchain that builds what runs with this one; empty where it does so itself.
        unsupported: why nothing can be built or run with it here; empty where it can.
        packages_of_axes: axis → the package whose revision is behind its label, where no file says its own.
    """

    name: str
    identity: Mapping[str, str]
    versions: Mapping[str, str]
    packages: tuple[Package, ...]
    tools: Mapping[str, tuple[str, ...]]
    env: Mapping[str, str]
    parts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    run_path: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lacking: Mapping[str, str] = field(default_factory=dict)
    interp: str = ""
    library_cache: Mapping[str, str | None] = field(default_factory=dict)
    default_paths: tuple[str, ...] = ()
    subdirectories: tuple[str, ...] = ()
    tokens: Mapping[str, str] = field(default_factory=dict)
    world: World = HOST
    built_by: str = ""
    unsupported: str = ""
    packages_of_axes: Mapping[str, str] = field(default_factory=lambda: PACKAGES_OF_AXES)

    @property
    def digest(self) -> str:
        return _digest(self.identity)

    def digest_of(self, language: str, *editors: str) -> str:
        """The digest of what builds a language's objects, and of the tools that edit them then."""
        parts = (self.parts.get(part, {}) for part in (language, *editors))
        return _digest(reduce(lambda known, part: {**known, **part}, parts, self.identity))

    @property
    def family(self) -> str:
        """Whose rules its dynamic loader follows, `glibc` or `musl`."""
        return self.versions.get("libc-family", "glibc")

    def tool(self, name: str) -> tuple[str, ...]:
        return self.tools[name]

    def lack(self, tool: str) -> str | None:
        """Why a tool cannot be used, with what helps; None where it can."""
        return None if tool in self.tools else self.lacking.get(tool, f"the toolchain {self.name} has no {tool}")

    def record(self) -> dict[str, Json]:
        """What a run says of the toolchain that it used."""
        return {
            "name": self.name,
            "digest": self.digest,
            "versions": dict(sorted(self.versions.items())),
            "packages": {package.name: package.version for package in self.packages},
            "identity": dict(sorted(self.identity.items())),
            **(
                {"parts": {name: dict(sorted(identity.items())) for name, identity in self.parts.items()}}
                if self.parts
                else {}
            ),
        }


def _digest(identity: Mapping[str, str]) -> str:
    text = json.dumps(dict(sorted(identity.items())))
    return hashlib.sha256(text.encode()).hexdigest()
