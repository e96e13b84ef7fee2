"""What the loader complained of, said in the experiment's own words: which object misses which, and why."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds import resolve
from elfworlds.planning.types import keys_in
from elfworlds.traces import loader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from elfworlds.backends import Artifact, Build
    from elfworlds.jsondata import JsonObject
    from elfworlds.planning import Bound


def missing_objects(
    text: str,
    artifacts: Mapping[str, Artifact],
    names: Mapping[str, str],
    env: Mapping[str, str],
    family: str = resolve.GLIBC,
) -> Iterator[str]:
    """A sentence for each object that the loader could not find.

    Args:
        text: what the program and the loader wrote.
        artifacts: the objects of the trial by key, the application first; copies that were laid out by their path.
        names: key → the object's name in the experiment.
        env: the trial's environment.
        family: whose loader it is, `glibc` or `musl`.
    """
    world = resolve.Surroundings(
        read=lambda _path: None,
        library_path=resolve.library_path(env.get("LD_LIBRARY_PATH", ""), family),
        cache={},
        default_paths=(),
        tokens={},
        family=family,
    )
    for missing in loader.not_found(text):
        needing = [key for key, artifact in artifacts.items() if missing.name in artifact.facts.needed]
        yield from _sentences(missing.name, needing, artifacts, names, world) or [
            _without_a_search(missing.name, [names.get(key, key) for key in needing])
        ]


def _without_a_search(name: str, needing: list[str]) -> str:
    if needing:
        return f"{name}, which {' and '.join(needing)} need{'s' if len(needing) == 1 else ''}, was not found"
    return f"{name}, which no object of the experiment needs but the program asked for, was not found"


def _sentences(
    name: str,
    needing: Iterable[str],
    artifacts: Mapping[str, Artifact],
    names: Mapping[str, str],
    world: resolve.Surroundings,
) -> list[str]:
    """One for each needing object whose own search cannot lead to a file of that name."""
    sentences = []
    for key in needing:
        artifact = artifacts[key]
        edge = resolve.serve(
            resolve.LoadedObject(artifact.path, artifact.facts, None), name, resolve.Namespace(), world
        )
        serving = {
            posixpath.dirname(other.path)
            for other in artifacts.values()
            if name in map(posixpath.basename, other.paths)
        }
        if not serving & {place.directory for place in edge.searched}:
            sentence = resolve.why_not_found(names.get(key, key), edge)
            sentences.append(_named(sentence, artifacts, names))
    return sentences


def _named(sentence: str, artifacts: Mapping[str, Artifact], names: Mapping[str, str]) -> str:
    for key, artifact in artifacts.items():
        if key in names:
            sentence = sentence.replace(posixpath.dirname(artifact.path), f"${{{names[key]}.dir}}")
    return sentence


def artifacts_of(bound: Bound, build: Build) -> dict[str, Artifact]:
    """The objects of a trial where they lie: those that are laid out only there, by their path."""
    copies = [file for file in bound.files if file.kind == "object"]
    laid = {key for file in copies for key in keys_in(file.holds)}
    there = {key: build.artifacts[key] for key in bound.keys if key not in laid}
    for file in copies:
        (key,) = keys_in(file.holds)
        place, _, filename = f"{build.files}/{file.path}".rpartition("/")
        there[file.path] = replace(build.artifacts[key], directory=place, filename=filename, links=())
    return there


def missing_versions(
    text: str, artifacts: Iterable[Artifact], names: Mapping[str, str], builders: Mapping[str, str], here: str
) -> Iterator[str]:
    """A sentence for each version that an object of the trial requires and that a file of its world does not have.

    Args:
        text: what the program and the loader wrote.
        artifacts: the objects of the trial.
        names: key → the object's name in the experiment.
        builders: key → the toolchain that builds the object.
        here: the toolchain in whose world the trial is.
    """
    keys = {artifact.path: artifact.key for artifact in artifacts}
    for missing in loader.versions_not_found(text):
        key = keys.get(missing.required_by)
        if key is not None:
            builder = builders.get(key, here)
            built = "" if builder == here else f", which was built with {builder},"
            yield f"{names.get(key, key)}{built} needs {missing.version}, which {missing.file} of {here} does not have"


def gave_up(values: JsonObject) -> tuple[str, ...]:
    """The step at which the program ended, in the loader's own words."""
    return (f"the step `{values['failed-step']}` failed: {values['error']}",) if "failed-step" in values else ()
