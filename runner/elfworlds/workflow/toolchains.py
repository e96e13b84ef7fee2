"""The toolchains that experiments are built and run with, whatever their families."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.errors import BuildFailedError, InputError
from elfworlds.planning.points import DEFAULT_LIBC, GDB, LIBC
from elfworlds.spec import builders
from elfworlds.spec.expand import expand
from elfworlds.spec.leaves.forms import Axis
from elfworlds.toolchains import families
from elfworlds.toolchains.family import Means
from elfworlds.toolchains.pinning import places
from elfworlds.toolchains.rooted.pin import define
from elfworlds.workflow.experiments import languages, load_all
from elfworlds.yamltext import Scalar, closest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from elfworlds.toolchains import Toolchain
    from elfworlds.workflow.experiments import LoadedExperiment
    from elfworlds.workflow.session import Session

AXES = (LIBC, GDB)


def load_chosen(
    named: Sequence[Path], cwd: Path, labels: Mapping[str, Sequence[str]]
) -> tuple[list[LoadedExperiment], dict[str, tuple[str, ...]]]:
    """Every experiment named, with the chosen toolchains, and the labels by name; errors as of `load_all`, `chosen`.

    Args:
        named: files and directories.
        cwd: what paths start from.
        labels: axis → labels; one may define a toolchain, `mine=tree:PATH@BASE`, and its name is the label then.
    """
    plain, defined = _defined(labels, cwd)
    return chosen(load_all(named, cwd), plain, defined), plain


def _defined(labels: Mapping[str, Sequence[str]], cwd: Path) -> tuple[dict[str, tuple[str, ...]], tuple[Path, ...]]:
    """The labels by name, and directories of files that define those of them that are not pinned."""
    cache = paths.store(os.environ)
    made = {word: define(word, cwd, cache) for words in labels.values() for word in words if "=" in word}
    directories = tuple(directory for _, directory in made.values())
    plain = {word: name for word, (name, _) in made.items()}
    return {axis: tuple(plain.get(word, word) for word in words) for axis, words in labels.items()}, directories


def chosen(
    experiments: Sequence[LoadedExperiment], labels: Mapping[str, Sequence[str]], defined: Sequence[Path] = ()
) -> list[LoadedExperiment]:
    """The experiments with the chosen values of `libc`, `gdb` and axes of builders, be they in the file or not.

    Args:
        experiments: valid ones.
        labels: axis → labels.
        defined: directories of files that define toolchains, before all others.

    Raises:
        InputError: no toolchain of that name is known.
    """
    if not labels:
        return list(experiments)
    named = [{axis: tuple(labels[axis]) for axis in labels if axis in _axes(loaded)} for loaded in experiments]
    known = families.known((*defined, *places(paths.here())))
    for axis, names in {axis: names for own in named for axis, names in own.items()}.items():
        for name in names:
            if name not in known:
                raise InputError(f"-S {axis}={name}: no toolchain `{name}` is known here", hint=closest(name, known))
    return [
        replace(_with_labels(loaded, own), defined=tuple(defined)) if own else loaded
        for loaded, own in zip(experiments, named, strict=True)
    ]


def _where(experiments: Iterable[LoadedExperiment]) -> tuple[Path, ...]:
    """The directories of files that define or pin toolchains, best first."""
    defined = (directory for loaded in experiments for directory in loaded.defined)
    return (*dict.fromkeys(defined), *places(paths.here()))


def _axes(loaded: LoadedExperiment) -> frozenset[str]:
    """The axes of an experiment whose labels are names of toolchains."""
    experiment = loaded.spec.experiment
    building = builders.by_axis(experiment.objects, experiment.matrix.axes)
    own = (axis for axis, found in building.items() if all(label == name for label, name in found.by_label.items()))
    seen = [template for scenario in experiment.scenarios.values() for template in scenario.sees]
    return frozenset({*AXES, *own, *builders.naming_themselves(seen, experiment.matrix.axes)})


def _with_labels(loaded_experiment: LoadedExperiment, labels: Mapping[str, tuple[str, ...]]) -> LoadedExperiment:
    experiment = loaded_experiment.spec.experiment
    axes = {axis: Axis(tuple((label, Scalar(label)) for label in named), listed=True) for axis, named in labels.items()}
    matrix = experiment.matrix.model_copy(update=axes)
    spec = replace(loaded_experiment.spec, experiment=experiment.model_copy(update={"matrix": matrix}))
    return replace(
        loaded_experiment, spec=spec, chosen=tuple(f"{axis}={','.join(named)}" for axis, named in labels.items())
    )


def wanted(experiments: Iterable[LoadedExperiment]) -> tuple[str, ...]:
    """The toolchains that some point of the experiments names, to run trials in or to build an object with."""
    listed = list(experiments)
    return tuple(dict.fromkeys((*_run_in(listed), *_built_with(listed))))


def _built_with(experiments: Iterable[LoadedExperiment]) -> Iterator[str]:
    """The toolchains that build objects wherever these are run."""
    for loaded in experiments:
        yield from builders.named(loaded.spec.experiment.objects, loaded.spec.experiment.matrix.axes)


def named(experiments: Sequence[LoadedExperiment]) -> Iterator[Path]:
    """Files and directories of a person's own that the toolchains of the experiments are made of.

    Raises:
        InputError: a file names no toolchain.
    """
    where = _where(experiments)
    for name in wanted(experiments):
        yield from families.family_of(name).named(name, where)


def _run_in(experiments: Iterable[LoadedExperiment]) -> dict[str, None]:
    """The toolchains whose loader, libc, gdb or files a trial has."""
    names: dict[str, None] = {}
    for loaded in experiments:
        axes = loaded.spec.experiment.matrix.axes
        names |= dict.fromkeys(axes[LIBC].labels if LIBC in axes else (DEFAULT_LIBC,))
        names |= dict.fromkeys(axes[GDB].labels if GDB in axes else ())
        if any(families.family_of(name).own_root for name in names):  # only a root has others beside it
            seen = (name for scenario in loaded.spec.experiment.scenarios.values() for name in scenario.sees)
            names |= dict.fromkeys(label for name in seen for label in expand(name, axes))
    return names


def means(session: Session, experiments: Iterable[LoadedExperiment] = ()) -> Means:
    """What it takes to have the toolchains of experiments here."""
    experiments = list(experiments)
    return Means(
        run=session.pool.run,
        environment=session.environment,
        where=_where(experiments),
        languages=languages(experiments),
        jobs=session.jobs,
        working=session.screen.working,
        tell=lambda text: session.screen.tell([text]),
    )


def provide(
    experiments: Sequence[LoadedExperiment], session: Session, *, sandbox: bool, backend: str = "local"
) -> dict[str, Toolchain]:
    """Every toolchain that is wanted; a root is fetched and unpacked, a pin asked of Nix, where it is not there.

    Libcs of recipes are those that the backend built.

    One that cannot be had is a stand-in where it only builds objects: their trials are UNSUPPORTED, no others.

    Raises:
        BuildFailedError: there is no compiler, or a root or a pin in which trials are to run cannot be had.
        InputError: Nix would have to evaluate a stranger's pin, and there is to be a sandbox.
    """
    known = replace(means(session, experiments), sandbox=sandbox, backend=backend)
    running = {name: families.provided(name, known) for name in _run_in(experiments)}
    builders_ = dict.fromkeys((*_built_by(running), *_built_with(experiments)))
    return running | {name: _builder(name, known) for name in builders_ if name not in running}


def _built_by(toolchains: Mapping[str, Toolchain]) -> Iterator[str]:
    """What builds for toolchains that do not build themselves."""
    yield from (toolchain.built_by for toolchain in toolchains.values() if toolchain.built_by)


def _builder(name: str, known: Means) -> Toolchain:
    """A toolchain that only builds objects; where it cannot be had, one that says why."""
    try:
        return families.provided(name, known)
    except BuildFailedError as error:
        known.tell(f"{name} cannot be had, so that what it builds is UNSUPPORTED: {error.message}")
        return replace(families.stand_in(name, known.where), unsupported=error.message)


def seeing(toolchains: Mapping[str, Toolchain], store: str) -> dict[str, Toolchain]:
    """The toolchains with worlds in which trials see the store that objects lie in; without objects there is none."""
    return families.seeing(toolchains, *((store,) if Path(store).is_dir() else ()))


def foreseen(experiments: Sequence[LoadedExperiment], session: Session) -> dict[str, Toolchain]:
    """As `provide`, for a plan that nobody runs: nothing is fetched and nothing written."""
    known = means(session, experiments)
    named = {name: families.foreseen(name, known) for name in wanted(experiments)}
    return named | {name: families.foreseen(name, known) for name in _built_by(named) if name not in named}


def stand_ins(experiments: Iterable[LoadedExperiment]) -> dict[str, Toolchain]:
    """Toolchains for verbs that count trials and never build: roots as their lock files say; nothing is asked."""
    experiments = list(experiments)
    where = _where(experiments)
    return {name: families.stand_in(name, where) for name in wanted(experiments)}
