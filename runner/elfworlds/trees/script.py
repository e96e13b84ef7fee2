"""A tree → shell lines that put it at a place; pure. Its bytes are too many for a script: they lie beside it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from elfworlds.trees.members import DEBS, ZIPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from elfworlds.trees.shelf import StorePath, Tree

DIGITS = 12


def place(key: str) -> str:
    """Where a script has the tree of a key."""
    return f"trees/{key[:DIGITS]}"


def lines(tree: Tree, files: Iterable[str]) -> Iterator[str]:
    """Lines that need the tree, or its archive, in the current directory; `files` are checked."""
    if tree.stored is not None:
        yield from _store_path(tree, tree.stored, files)
        return
    name, target = shlex.quote(f"./{tree.name}"), place(tree.key)
    kind, test = ("archive", "-f") if tree.archive else ("directory", "-d")
    yield commented(f"the {kind} {tree.told}; it is not in this script")
    missing = shlex.quote(f"the {kind} {tree.name} has to lie in this directory{_how(tree)}")
    yield f"[ {test} {name} ] || {{ echo {missing} >&2; exit 1; }}"
    yield f"mkdir -p {target}"
    if tree.archive:
        yield f"echo {shlex.quote(f'{tree.archive}  ./{tree.name}')} | sha256sum -c --quiet -"
    yield _copy(tree, name, target)
    yield from _checks(tree, target, files)


def commented(text: str) -> str:
    """A comment of a script: one line, whatever the text holds."""
    return f"# {' '.join(text.split())}"


def _checks(tree: Tree, target: str, files: Iterable[str]) -> Iterator[str]:
    for path in files:
        digest = tree.manifest.entries[tree.manifest.real(path) or path].content
        yield f"echo {shlex.quote(f'{digest}  {target}/{path}')} | sha256sum -c --quiet -"
    yield ""


def _store_path(tree: Tree, stored: StorePath, files: Iterable[str]) -> Iterator[str]:
    """A store path is used where it is: what it refers to lies there too."""
    made = f"{stored.kind} {stored.locked or stored.text}"
    yield commented(f"{tree.told}: the Nix store has it ({made})")
    missing = shlex.quote(f"{stored.out} has to be in the Nix store")
    out = shlex.quote(stored.out)
    yield f"[ -d {out} ] || {{ echo {missing} >&2; exit 1; }}"
    yield f"mkdir -p {place('')}"
    yield f"ln -sfn {out} {place(tree.key)}"
    yield from _checks(tree, place(tree.key), files)


def _how(tree: Tree) -> str:
    """How packages become a directory."""
    if tree.packages is None:
        return ""
    named = (f"{deb['name']} {deb['version']}" for deb in tree.packages.debs if isinstance(deb, dict))
    return f"; dpkg-deb -x makes it of {', '.join(named)}"


def _copy(tree: Tree, name: str, target: str) -> str:
    lower = tree.name.lower()
    if not tree.archive:
        return f"cp -a {name}/. {target}/"
    if lower.endswith(ZIPS):
        return f"unzip -qo {name} -d {target}"
    if lower.endswith(DEBS):
        return f"dpkg-deb -x {name} {target}"
    return f"tar -xf {name} -C {target}"
