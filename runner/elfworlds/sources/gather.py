"""Every file that an experiment's objects may read, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from elfworlds.sources import packages, store_paths
from elfworlds.sources.files import Reader, SourceError
from elfworlds.sources.prebuilt import PACKAGE, Prebuilts
from elfworlds.spec.expand import items, together
from elfworlds.spec.languages import inline_path
from elfworlds.spec.leaves.languages import of_source
from elfworlds.spec.model.objects import NIX
from elfworlds.yamltext import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from elfworlds.sources.files import File, Project
    from elfworlds.sources.prebuilt import At, Bundled, Prebuilt
    from elfworlds.spec import Spec
    from elfworlds.spec.leaves.forms import Axis
    from elfworlds.spec.model.objects import Object
    from elfworlds.trees import Shelf


BESIDE_IT = ("file", "tree", "archive")  # keys of `prebuilt` that hold a path


@dataclass(frozen=True, slots=True)
class Sources:
    """Every file that an experiment's objects may read.

    Attributes:
        files: logical path → file.
        reads: logical path of a source, or name of an object with inline code → all that it includes,
            directly or not, itself first.
        prebuilt: where the experiment says that a file is → what lies there.
    """

    files: Mapping[str, File]
    reads: Mapping[str, tuple[str, ...]]
    prebuilt: Mapping[At, Prebuilt | Bundled] = field(default_factory=dict)

    def places(self, project: Project) -> tuple[Path, ...]:
        """Where files of them may lie on this machine; what a lock file pins by its digest is none of them."""
        beside = (file if key == "file" else place for key, place, file in self.prebuilt if key in BESIDE_IT)
        named = (directory / path for path in self.files for directory in project.places)
        return tuple(dict.fromkeys((*named, *(project.beside / path for path in beside))))


def gather(spec: Spec, project: Project, shelf: Shelf | None = None) -> tuple[Sources, list[Problem]]:
    """All sources of all points, and what is wrong with them.

    Args:
        spec: the experiment.
        project: where they are looked up.
        shelf: where archives are unpacked; default: the store that the environment names.
    """
    reader, prebuilts = Reader(project), Prebuilts(project, shelf)
    reads: dict[str, tuple[str, ...]] = {}
    problems: list[Problem] = []
    axes = spec.experiment.matrix.axes
    for name, definition in spec.experiment.objects.items():
        problems += _prebuilt(name, definition, axes, prebuilts, spec)
        for place, path in _wanted(definition, axes):
            try:
                rust = definition.language == "rust" or of_source(path) == "rust"
                reads[path or name] = (
                    reader.closure(path, rust=rust)
                    if path
                    else reader.inline(inline_path(definition), definition.code or "")
                )
            except SourceError as error:
                problems.append(Problem(spec.document.mark(("objects", name, *place)), str(error), error.hint))
    return Sources(reader.files, reads, prebuilts.found), problems


def _prebuilt(
    name: str, definition: Object, axes: Mapping[str, Axis], prebuilts: Prebuilts, spec: Spec
) -> Iterator[Problem]:
    """Find an object's file for every point; what is wrong with it."""
    if definition.prebuilt is None:
        return
    key, origin = definition.prebuilt.origin
    for place, file in together((origin, definition.prebuilt.file), axes):
        try:
            if key == PACKAGE:
                lock = prebuilts.project.beside / packages.filename(spec.name)
                prebuilts.pinned(place, file, lock, spec.document.name)
            elif key in NIX:
                lock = prebuilts.project.beside / store_paths.filename(spec.name)
                prebuilts.stored((key, place, file), lock, spec.document.name)
            else:
                prebuilts.find((key, place, file), edited=bool(definition.after))
        except SourceError as error:
            at = error.key or key
            yield Problem(spec.document.mark(("objects", name, "prebuilt", at)), str(error), error.hint)


def _wanted(definition: Object, axes: Mapping[str, Axis]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Places in the object and the logical paths that they name; an empty path stands for inline code."""
    if definition.code is not None:
        yield ("code",), ""
    for index, template in enumerate(definition.sources):
        for path in items(template, axes):
            if "${matrix." not in path:  # an axis that is wrong itself
                yield ("sources", index), path
    for index, path in enumerate(definition.headers):
        yield ("headers", index), path
