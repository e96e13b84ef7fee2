"""What has been bound so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.planning.document import build_document
from elfworlds.planning.weight import Weight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from elfworlds.planning.reads import AxesRead
    from elfworlds.planning.types import BuildRequest, Point
    from elfworlds.sources import File
    from elfworlds.trees import Tree


class Known:
    """Build requests made so far, and the inline sources: one of each distinct kind over all points."""

    def __init__(self, reads: AxesRead) -> None:
        self.reads = reads
        self.weight = Weight()
        self.requests: dict[str, BuildRequest] = {}
        self.files: dict[str, bytes] = {}
        self.trees: dict[str, Tree] = {}
        self._at: dict[tuple[str, Point], BuildRequest] = {}

    def request(self, name: str, point: Mapping[str, str], make: Callable[[str], BuildRequest]) -> BuildRequest:
        """An object's request at a point; `make` makes it where the axes that it reads have new labels."""
        read = self.reads.object(name)
        at = (name, tuple((axis, label) for axis, label in point.items() if axis in read))
        if at not in self._at:
            request = make(name)
            self.weight.add(("objects", name), build_document(request))
            self._at[at] = request
            self.requests.setdefault(request.key, request)
        return self._at[at]

    def add(self, request: BuildRequest) -> None:
        """A request for something that is no object of the experiment: a program of steps, a stub."""
        self.requests.setdefault(request.key, request)

    def keep(self, file: File) -> str:
        """The digest by which the plan has the file's bytes."""
        self.files[file.sha256] = file.data
        return file.sha256

    def shelve(self, tree: Tree) -> str:
        """The key by which the plan has the tree."""
        return self.trees.setdefault(tree.key, tree).key

    def closure(self, keys: Iterable[str]) -> tuple[str, ...]:
        """The objects, and all that they need; of a circle all of it, with the stubs that it is linked with."""
        closure = dict.fromkeys(keys)
        for key in tuple(closure):
            closure |= dict.fromkeys(self.requests[key].needs)
        for key in [key for key in closure if self.requests[key].circle]:
            closure |= dict.fromkeys((*self.requests[key].circle, *self.requests[key].needs))
        return tuple(closure)
