"""A scenario's `files` at a point: what lies where in the trial's directory; and its `ld-so-conf`."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from elfworlds.errors import InputError
from elfworlds.planning.types import LaidFile, directory_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from elfworlds.planning.bind import Binder
    from elfworlds.spec.model.experiment import Scenario
    from elfworlds.spec.model.layout import LaidOutFile

MODES = {"object": 0o755, "text": 0o644, "link": 0, "directory": 0o755}


class ClashError(InputError):
    """Two files of a scenario cannot lie in one directory; `written` is the path of one as the file has it."""

    def __init__(self, scenario: str, written: str, message: str) -> None:
        self.scenario, self.written = scenario, written
        super().__init__(message, hint="`when` says at which points a file is there")


def files(binder: Binder, name: str, scenario: Scenario) -> tuple[LaidFile, ...]:
    """What lies in the scenario's directory at the binder's point, in order of paths.

    Raises:
        ClashError: two of them have one path, or one lies below a file.
    """
    laid: dict[str, LaidFile] = {}
    written: dict[str, str] = {}
    for path, file in scenario.files.items():
        if binder.applies(file.when):
            place = binder.text(path.template)
            if place in laid:
                raise ClashError(name, path.text, f"`{place}` is the path of two files")
            laid[place], written[place] = _laid(binder, place, file), path.text
    for place, parent in _below(laid):
        if laid[parent].kind != "directory":
            raise ClashError(name, written[place], f"`{place}` lies below `{parent}`, which is no directory")
    return tuple(laid[place] for place in sorted(laid))


def ld_so_conf(binder: Binder, scenario: Scenario) -> tuple[str, ...]:
    """The directories that a scenario's ld.so.conf names; an object's name stands for its directory."""
    objects = binder.experiment.objects
    entries = binder.words(scenario.ld_so_conf)
    return tuple(binder.object(entry).directory if entry in objects else entry for entry in entries)


def _laid(binder: Binder, place: str, file: LaidOutFile) -> LaidFile:
    kind = file.kinds[0]
    mode = MODES[kind] if file.mode is None else file.mode
    held = file.object or file.text or file.link
    holds = binder.text(held) if held else ""
    if holds in binder.experiment.objects and file.object:
        built = binder.object(holds)
        holds = f"{directory_of(built.key)}/{built.filename}"
    return LaidFile(place, kind, holds, mode, file.owner or 0)


def _below(places: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each path with the paths above it that are there too."""
    places = set(places)
    for place in sorted(places):
        above = posixpath.dirname(place)
        while above:
            if above in places:
                yield place, above
            above = posixpath.dirname(above)
