"""What types cannot say of `files` and `ld-so-conf`: what they name exists, and each key has an effect."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds.spec.checks.findings import Finding, conditions, references
from elfworlds.spec.expand import expand, items
from elfworlds.spec.leaves.layout import OF_DIRECTORIES, SET_ID, fault, object_named
from elfworlds.spec.model.layout import KINDS
from elfworlds.yamltext import closest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.spec.expand import Names
    from elfworlds.spec.leaves.layout import FilePath
    from elfworlds.spec.model.experiment import Experiment, Scenario
    from elfworlds.spec.model.layout import LaidOutFile
    from elfworlds.yamltext import Path

FILES = "files"
NOT_IN_CONF = "#=\n"


def check_files(scenario: Scenario, here: Path, known: Names) -> Iterator[Finding]:
    """Every problem of what lies in a scenario's directory. Two files in one place are found when it is planned."""
    for path, file in scenario.files.items():
        place: Path = (*here, FILES, path.text)
        there = known.where(file.when)
        yield from conditions(file.when, (*place, "when"), known)
        yield from _path(path, place, there)
        yield from _one_kind(file, place)
        yield from _object(file, (*place, "object"), there)
        for key in ("text", "link"):
            yield from references(getattr(file, key) or "", (*place, key), there)
        yield from _mode(file, place)


def check_ld_so_conf(scenario: Scenario, here: Path, known: Names) -> Iterator[Finding]:
    """Every problem of the directories that a trial's ld.so.conf names."""
    for index, template in enumerate(scenario.ld_so_conf):
        place: Path = (*here, "ld-so-conf", index)
        wrong = [*references(template, place, known)]
        yield from wrong
        for entry in () if wrong else items(template, known.axes):
            if not entry.startswith(("/", "${")) and entry not in known.objects:
                hint = closest(entry, known.objects) if "/" not in entry else "a directory of `files`: ${files.dir}/lib"
                yield Finding(place, f"`{entry}` is neither an absolute path nor an object", hint)
            elif set(entry) & set(NOT_IN_CONF):
                yield Finding(
                    place, f"`{entry}` cannot stand in ld.so.conf", "it has no quotes for a `#`, a `=` or a line's end"
                )
            elif entry[2:-1] in known.objects:
                yield Finding(place, f"`{entry}` is a file, and a directory is meant", f"write {entry[2:-1]}")


def check_no_object_is_called_files(experiment: Experiment) -> Iterator[Finding]:
    """`${files.dir}` would be that object's directory."""
    if FILES in experiment.objects and any(scenario.files for scenario in experiment.scenarios.values()):
        message = "no object can be called `files` where a scenario has `files`"
        yield Finding(("objects", FILES), message, "`${files.dir}` is the trial's directory", at_key=True)


def _path(path: FilePath, place: Path, known: Names) -> Iterator[Finding]:
    wrong = [replace(finding, at_key=True) for finding in references(path.template, place, known)]
    yield from wrong
    if wrong or path.template.literal is not None:
        return
    for text in expand(path.template, known.axes):
        problem = (f"holds `{text}`", "only an axis can be part of a path") if "${" in text else fault(text)
        if problem:
            yield Finding(place, f"`{text}` {problem[0]}", problem[1], at_key=True)


def _one_kind(file: LaidOutFile, place: Path) -> Iterator[Finding]:
    if len(file.kinds) > 1:
        message = f"what lies here is either `{file.kinds[0]}` or `{file.kinds[1]}`"
        yield Finding((*place, file.kinds[1]), message, "write one of them", at_key=True)
    elif not file.kinds:
        yield Finding(place, f"nothing says what lies here: `{'`, `'.join(KINDS)}`", "write one of them", at_key=True)


def _object(file: LaidOutFile, place: Path, known: Names) -> Iterator[Finding]:
    if file.object is None:
        return
    wrong = [*references(file.object, place, known)]
    yield from wrong
    for text in () if wrong else expand(file.object, known.axes):
        if object_named(text) not in known.objects:
            yield Finding(place, f"no object `{object_named(text)}`", closest(object_named(text), known.objects))


def _mode(file: LaidOutFile, place: Path) -> Iterator[Finding]:
    """A mode or an owner that would do nothing, or more than it may."""
    if file.mode is not None and file.link is not None:
        yield Finding((*place, "mode"), "a symbolic link has no mode", "remove it", at_key=True)
    elif file.set_id and file.object is None:
        yield Finding((*place, "mode"), "only an object can be set-user-ID or set-group-ID", "0755 is without")
    elif file.directory and file.mode is not None and file.mode & OF_DIRECTORIES != OF_DIRECTORIES:
        hint = "its owner needs to read, write and search it: 0700 at least"
        yield Finding((*place, "mode"), "nobody could remove such a directory", hint)
    if file.set_id and file.object is not None and file.owner is None:
        message = "a set-user-ID file of the user who starts it changes nothing"
        yield Finding((*place, "mode"), message, "say whose it is: `owner: 65534` is nobody", at_key=True)
    elif file.owner is not None and not file.set_id:
        hint = f"`owner` stands beside a set-user-ID `mode`: {0o755 | SET_ID & 0o4000:05o}"
        yield Finding((*place, "owner"), "another owner makes no difference here", hint, at_key=True)
