"""What binding has made so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.sources import File

if TYPE_CHECKING:
    from collections.abc import Iterable

    from elfworlds.plan.bind import Binder
    from elfworlds.plan.reads import Reads
    from elfworlds.plan.types import BuildRequest, Point


class Known:
    """Build requests made so far, and the inline sources: one of each distinct kind over all points."""

    def __init__(self, reads: Reads) -> None:
        self.reads = reads
        self.requests: dict[str, BuildRequest] = {}
        self.files: dict[str, bytes] = {}
        self._at: dict[tuple[str, Point], BuildRequest] = {}

    def request(self, name: str, binder: Binder) -> BuildRequest:
        read = self.reads.object(name)
        at = (name, tuple((axis, label) for axis, label in binder.point.items() if axis in read))
        if at not in self._at:
            made = binder.request(name)
            self._at[at] = made
            self.requests.setdefault(made.key, made)
        return self._at[at]

    def inline(self, path: str, code: str) -> str:
        file = File.of(path, code.encode())
        self.files[file.sha256] = file.data
        return file.sha256

    def closure(self, keys: Iterable[str]) -> tuple[str, ...]:
        found = dict.fromkeys(keys)
        for key in tuple(found):
            found |= dict.fromkeys(self.requests[key].needs)
        return tuple(found)
