"""Layers of an image, one over the other, as one tree; pure.

Whiteouts take away what the layers below have (https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from elfworlds.trees.manifest import DIRECTORY, FILE, LINK, MOST_LINKS, TreeError
from elfworlds.trees.members import AGAIN, Rooted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from elfworlds.trees.members import Member

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
Source: TypeAlias = "tuple[int, int]"  # which layer, which member of it


@dataclass(slots=True)
class _Node:
    """What lies at a path.

    Attributes:
        kind: as a member's; never `again`.
        target: of a link, as it is written.
        source: the member that has it.
        below: of a directory, name → what lies there.
    """

    kind: str = DIRECTORY
    target: str = ""
    source: Source | None = None
    below: dict[str, _Node] = field(default_factory=dict)


def merged(layers: Iterable[Iterable[Member]]) -> dict[Source, tuple[str, ...]]:
    """Where members of layers lie in the tree that all layers make; those that nothing is left of have no place.

    Args:
        layers: the members of each, the lowest layer first.

    Returns:
        member → its paths, in their order: several where other names of its file are left.

    Raises:
        TreeError: a path lies behind a file, or an endless link, or a second name is one of no file.
    """
    root = _Node()
    for number, layer in enumerate(layers):
        members = list(enumerate(layer))
        for _, member in members:
            _take_away(root, member.path)
        for index, member in members:
            if member.path and not _is_whiteout(member.path):
                _put(root, member, (number, index))
    places: dict[Source, list[str]] = {}
    for path, node in _walk(root, ""):
        if node.source is not None:
            places.setdefault(node.source, []).append(path)
    return {source: tuple(paths) for source, paths in places.items()}


def placed(layer: int, members: Iterable[Member], places: Mapping[Source, Sequence[str]]) -> Iterator[Member]:
    """The members of a layer that are left, at the paths that `merged` has found for them."""
    layout = Rooted()
    for index, member in enumerate(members):
        first, *others = places.get((layer, index), ("",))
        if first and member.kind == LINK:
            names = (first, *others)
            yield from (replace(member, path=path, target=layout.target(path, member.target)) for path in names)
        elif first:
            yield replace(member, path=first)
            yield from (replace(member, path=path, kind=AGAIN, target=first) for path in others)


def _is_whiteout(path: str) -> bool:
    return path.rpartition("/")[2].startswith(WHITEOUT)


def _take_away(root: _Node, path: str) -> None:
    """What a whiteout says is gone; nothing, where it is none or there is nothing."""
    directory, _, name = path.rpartition("/")
    node = _directory(root, directory, make=False) if name.startswith(WHITEOUT) else None
    if node is None:
        return
    if name == OPAQUE:
        node.below.clear()
    else:
        node.below.pop(name.removeprefix(WHITEOUT), None)


def _put(root: _Node, member: Member, source: Source) -> None:
    directory, _, name = member.path.rpartition("/")
    node = _directory(root, directory, make=True)
    if node is None or node.kind != DIRECTORY:
        raise TreeError(f"files lie behind {directory!r:.200}, which is no directory")
    known = node.below.get(name)
    if member.kind == DIRECTORY and known is not None and known.kind == DIRECTORY:
        known.source = source
    else:
        node.below[name] = (
            _first_of(root, member) if member.kind == AGAIN else _Node(member.kind, member.target, source)
        )


def _first_of(root: _Node, member: Member) -> _Node:
    """What a second name is one of, as it is now: what comes over the first name later leaves the second."""
    directory, _, name = member.target.rpartition("/")
    node = _directory(root, directory, make=False)
    first = node.below.get(name) if node else None
    if first is None or first.kind not in (FILE, LINK):
        raise TreeError(f"it holds a second name of no file: {member.path!r:.200}")
    return _Node(first.kind, first.target, first.source)


def _directory(root: _Node, path: str, *, make: bool) -> _Node | None:
    """The directory at a path, through links that lower layers may have; None where there is none and none is made."""
    left, above = path.split("/"), [root]
    links = 0
    while left:
        step = left.pop(0)
        if step in ("", "."):
            continue
        if step == "..":
            above = above[:-1] or [root]
            continue
        node = above[-1].below.get(step)
        if node is None:
            if not make or above[-1].kind != DIRECTORY:
                return None
            node = above[-1].below[step] = _Node()
        if node.kind == LINK:
            links += 1
            if links > MOST_LINKS:
                raise TreeError(f"endless links lead to {path!r:.200}")
            above = [root] if node.target.startswith("/") else above
            left = [*node.target.split("/"), *left]
        else:
            above.append(node)
    return above[-1]


def _walk(node: _Node, path: str) -> Iterator[tuple[str, _Node]]:
    """All below, in the order of the names; a stack, since a path may have thousands of steps."""
    stack = [(path, node)]
    while stack:
        at, here = stack.pop()
        names = sorted(here.below, reverse=True)
        stack.extend((f"{at}/{name}" if at else name, here.below[name]) for name in names)
        if at:
            yield at, here
