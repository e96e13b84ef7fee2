"""A trial's own directory by its name, so that what is recorded is the same wherever and whenever it was."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elfworlds.jsondata import Json
    from elfworlds.records.types import Bindings, LinkMapRecord, SearchRecord, TraceRecord

NAME = "${files.dir}"


@dataclass(frozen=True, slots=True)
class Directory:
    """What `${files.dir}` stood for in a trial; empty where it has no files: then nothing gets another name."""

    path: str

    def text(self, text: str) -> str:
        """A text in which the directory has its name. The loader may know it by the path without links."""
        if not self.path:
            return text
        return text.replace(self.path, NAME).replace(os.path.realpath(self.path), NAME)

    def maybe(self, text: str | None) -> str | None:
        return None if text is None else self.text(text)

    def json(self, data: Json) -> Json:
        """The same for every text in a piece of data."""
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, Mapping):
            return {name: self.json(value) for name, value in data.items()}
        return [self.json(item) for item in data] if isinstance(data, Sequence) else data

    def trace(self, trace: TraceRecord) -> TraceRecord:
        if not self.path:
            return trace
        return replace(
            trace,
            link_maps=tuple(map(self._link_map, trace.link_maps)),
            searches=tuple(map(self._search, trace.searches)),
            bindings=self._bindings(trace.bindings),
        )

    def _link_map(self, link_map: LinkMapRecord) -> LinkMapRecord:
        return replace(
            link_map,
            needed_by=self.maybe(link_map.needed_by),
            name=self.text(link_map.name),
            path=self.text(link_map.path),
        )

    def _search(self, search: SearchRecord) -> SearchRecord:
        return replace(
            search,
            needed_by=self.maybe(search.needed_by),
            name=self.text(search.name),
            tried=tuple((rule, self.text(path)) for rule, path in search.tried),
            found=self.maybe(search.found),
            predicted=self.maybe(search.predicted),
        )

    def _bindings(self, bindings: Bindings) -> Bindings:
        return replace(
            bindings,
            from_path=[self.text(path) for path in bindings.from_path],
            to_path=[self.text(path) for path in bindings.to_path],
            foretold=[self.maybe(path) for path in bindings.foretold],
        )
