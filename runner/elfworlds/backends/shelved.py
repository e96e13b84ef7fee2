"""Objects that are files of trees: the tree is put into the store, once for all of its files; nothing is run."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import elf
from elfworlds.backends.types import Again, Artifact, Failure
from elfworlds.trees import TreeError
from elfworlds.trees.shelf import is_right

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.planning import BuildRequest
    from elfworlds.trees import Shelf, Tree


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
            with self.lock:
                reused = self.reused.get(tree.key)
                if reused is None:
                    reused = self.reused[tree.key] = self.shelf.ensure(tree)
            return artifact(request, tree, str(self.shelf.tree(tree.key)), reused=reused)
        except (TreeError, elf.NotElfError) as error:
            return Failure(key=request.key, command="", output=str(error))
        except OSError as error:
            return Failure(key=request.key, command="", output=f"{error.filename}: {error.strerror}")


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
