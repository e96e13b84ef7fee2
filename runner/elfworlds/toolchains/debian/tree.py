"""Where what packages hold goes in a root: nothing leads out of it, whatever a package says; pure."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.trees.deb import DebError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MERGED = ("bin", "lib", "lib32", "lib64", "libo32", "libx32", "sbin")
ALWAYS = ("bin", "lib", "lib64", "sbin")
UNMERGED_SUITES = ("stretch", "buster", "bullseye")
UNREAD = tuple(f"usr/share/{name}/" for name in ("doc", "info", "lintian", "locale", "man"))
DIRECTORIES = ("dev", "etc", "home", "proc", "root", "run", "sys", "tmp", "usr/bin", "var/tmp")
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
}
# what maintainer scripts would make
ALTERNATIVES = {"/bin/sh": "dash", "/usr/bin/cc": "gcc", "/usr/bin/c++": "g++", "/usr/bin/awk": "gawk"}
OF_FEW = frozenset({"gawk"})  # targets that most roots do not have


@dataclass(frozen=True, slots=True)
class RootLayout:
    """A suite's file system.

    Attributes:
        merged: whether /bin and its like are links into /usr.
    """

    merged: bool

    @staticmethod
    def of(suite: str) -> RootLayout:
        return RootLayout(suite not in UNMERGED_SUITES)

    def place(self, name: str) -> str:
        """Where a package's file goes, relative to the root; empty for the root itself.

        Raises:
            DebError: the name leads out.
        """
        parts = [step for step in name.split("/") if step not in ("", ".")]
        if ".." in parts or "\0" in name:
            raise DebError(f"it holds a file outside of its root: {name!r:.200}")
        if self.merged and parts and parts[0] in MERGED:
            parts.insert(0, "usr")
        return "/".join(parts)

    def target(self, name: str, target: str) -> str:
        """What a symbolic link of a package becomes: the same file, told relative to the link's own directory."""
        if not target or "\0" in target:
            raise DebError(f"it holds a link to nothing: {name!r:.200}")
        seen = posixpath.normpath(posixpath.join("/", posixpath.dirname(name), target))
        return posixpath.relpath(f"/{self.place(seen)}", f"/{posixpath.dirname(self.place(name))}")

    def directories(self) -> tuple[str, ...]:
        """The directories that every root has."""
        return tuple(sorted({*DIRECTORIES, *(self.place(name) for name in ALWAYS)}))

    def links(self, taken: Iterable[str]) -> dict[str, str]:
        """The links that no package brings: those of a merged /usr, and those that maintainer scripts would make."""
        made = {name: f"usr/{name}" for name in ALWAYS} if self.merged else {}
        for name, target in ALTERNATIVES.items():
            made[self.place(name)] = target
        known = set(taken)
        return {place: target for place, target in made.items() if place not in known}


def unread(place: str) -> bool:
    """Whether no program reads it: manuals, translations, and the like."""
    return f"{place}/".startswith(UNREAD)


def settled(links: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Links of all packages: place → target, in order of the places.

    Raises:
        DebError: two of them disagree, or one lies behind another, which no place in a root should.
    """
    targets: dict[str, str] = {}
    for place, target in sorted(links):
        if targets.setdefault(place, target) != target:
            raise DebError(f"two packages have different links {place!r:.200}")
    for place in targets:
        behind = next((parent for parent in _parents(place) if parent in targets), None)
        if behind is not None:
            raise DebError(f"it reaches {place!r:.200} through the link {behind!r:.200}")
    return targets


def _parents(place: str) -> Iterable[str]:
    parts = place.split("/")
    return ("/".join(parts[:count]) for count in range(1, len(parts)))
