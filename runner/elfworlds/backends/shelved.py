"""Objects that are files of trees: the tree is put into the store, once for all of its files; nothing is run."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import elf
from elfworlds.backends.types import Again, Artifact, Failure
from elfworlds.toolchains.families import seeing
from elfworlds.trees import TreeError
from elfworlds.trees.shelf import is_right

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.planning import BuildRequest, Plan
    from elfworlds.toolchains import Toolchain
    from elfworlds.trees import Shelf, Tree


STORE = "/nix/store"


@dataclass(frozen=True, slots=True)
class Shelved:
    """The trees of a plan, each looked after once."""

    shelf: Shelf
    trees: Mapping[str, Tree]
    reused: dict[str, bool] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def provide(self, request: BuildRequest) -> Artifact | Failure:
        """The artifact of a file; its tree is copied into the store where it is not there."""
        tree = self.trees[request.tree]
        try:
            if tree.stored is not None:
                return artifact(request, tree, tree.stored.out, reused=True)
            with self.lock:
                reused = self.reused.get(tree.key)
                if reused is None:
                    reused = self.reused[tree.key] = self.shelf.ensure(tree)
            return artifact(request, tree, str(self.shelf.tree(tree.key)), reused=reused)
        except (TreeError, elf.NotElfError) as error:
            return Failure(key=request.key, command="", output=str(error))
        except OSError as error:
            return Failure(key=request.key, command="", output=f"{error.filename}: {error.strerror}")


def seeing_store_paths(toolchains: Mapping[str, Toolchain], plan: Plan) -> Mapping[str, Toolchain]:
    """The toolchains; where objects are files of the Nix store, with worlds that see it, and so all they refer to."""
    if all(tree.stored is None for tree in plan.trees.values()):
        return toolchains
    return seeing(toolchains, STORE)


def artifact(request: BuildRequest, tree: Tree, directory: str, *, reused: bool) -> Artifact:
    """A file of a tree that lies in a directory.

    Raises:
        NotElfError: it is no ELF file.
    """
    real = tree.manifest.real(request.filename) or request.filename
    return Artifact(
        key=request.key,
        directory=directory,
        filename=request.filename,
        sha256=tree.manifest.entries[real].content,
        facts=elf.read(Path(directory, real)),
        output="",
        reused=reused,
    )


def read_again(artifact: Artifact, tree: Tree) -> Again:
    """Whether every file of a tree in a store is still what it was."""
    same = is_right(Path(artifact.directory), tree.manifest)
    return Again(key=artifact.key, identical=same, why="" if same else "its tree in the store has changed")
