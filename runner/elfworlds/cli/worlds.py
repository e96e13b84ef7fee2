"""The toolchains that experiments are built and run with: this machine's own, and pinned roots."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.backends.local import default_root
from elfworlds.cli import session
from elfworlds.errors import InputError
from elfworlds.plan.points import DEFAULT_LIBC, GDB, LIBC
from elfworlds.spec.expand import expand
from elfworlds.spec.forms import Axis
from elfworlds.toolchains import Toolchain
from elfworlds.toolchains.debian import lock as locks
from elfworlds.yamltext import Scalar, closest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from elfworlds.cli.console import Screen
    from elfworlds.cli.session import Loaded
    from elfworlds.process import Pool
    from elfworlds.toolchains.debian import Lock

HOST = DEFAULT_LIBC
AXES = (LIBC, GDB)


def chosen(found: Sequence[Loaded], words: Sequence[str]) -> list[Loaded]:
    """The experiments with the values of `libc` and `gdb` that `-S` names, be they in the file or not.

    Raises:
        InputError: no toolchain of that name is known.
    """
    labels: dict[str, tuple[str, ...]] = {}
    for word in words:
        axis, _, values = word.partition("=")
        if axis in AXES:
            labels[axis] = (*labels.get(axis, ()), *values.split(","))
    known = session.known_toolchains(Path.cwd())
    for axis, named in labels.items():
        for label in named:
            if label not in known:
                raise InputError(f"-S {axis}={label}: no toolchain `{label}` is known here", hint=closest(label, known))
    return [_with_labels(one, labels) for one in found] if labels else list(found)


def _with_labels(one: Loaded, labels: Mapping[str, tuple[str, ...]]) -> Loaded:
    experiment = one.spec.experiment
    axes = {axis: Axis(tuple((label, Scalar(label)) for label in named), listed=True) for axis, named in labels.items()}
    matrix = experiment.matrix.model_copy(update=axes)
    spec = replace(one.spec, experiment=experiment.model_copy(update={"matrix": matrix}))
    return replace(one, spec=spec, chosen=tuple(f"{axis}={','.join(named)}" for axis, named in labels.items()))


def wanted(found: Iterable[Loaded]) -> tuple[str, ...]:
    """The toolchains that some point of the experiments names."""
    names: dict[str, None] = {}
    for one in found:
        axes = one.spec.experiment.matrix.axes
        names |= dict.fromkeys(axes[LIBC].labels if LIBC in axes else (HOST,))
        names |= dict.fromkeys(axes[GDB].labels if GDB in axes else ())
        if any(name != HOST for name in names):  # only a root has others beside it
            seen = (name for scenario in one.spec.experiment.scenarios.values() for name in scenario.sees)
            names |= dict.fromkeys(label for name in seen for label in expand(name, axes))
    return tuple(names)


def provide(
    found: Sequence[Loaded], pool: Pool, environment: Mapping[str, str], screen: Screen, jobs: int
) -> dict[str, Toolchain]:
    """Every toolchain that is wanted; a root is fetched and unpacked where it is not there.

    Raises:
        BuildFailedError: there is no compiler, or a root cannot be had.
    """
    from elfworlds.sandbox.availability import probe
    from elfworlds.toolchains.debian import Means, ensure
    from elfworlds.toolchains.debian.toolchain import pinned, toolchain

    languages = session.languages(found)
    made: dict[str, Toolchain] = {}
    means = Means(
        run=pool.run,
        environment=environment,
        jobs=jobs,
        working=screen.working,
        tell=lambda text: screen.tell([text]),
    )
    for label in wanted(found):
        if label == HOST:
            made[label] = session.host(pool, environment, remember=True, languages=languages)
            continue
        lock, parts = pinning(label, languages)
        here = probe(pool.run, environment.get("PATH", ""))
        if not here.bwrap:
            made[label] = replace(pinned(lock, parts), unsupported=here.lacking)
            continue
        root = ensure(lock, parts, default_root(environment), means)
        made[label] = toolchain(root, pool.run, bwrap=here.bwrap)
    return made


def seeing(toolchains: Mapping[str, Toolchain], store: str) -> dict[str, Toolchain]:
    """The toolchains with worlds in which trials see the store that objects lie in; without objects there is none."""
    more = (store,) if Path(store).is_dir() else ()
    return {name: replace(one, world=one.world.reading(*more)) for name, one in toolchains.items()}


def foreseen(
    found: Sequence[Loaded], pool: Pool, environment: Mapping[str, str], languages: Collection[str]
) -> dict[str, Toolchain]:
    """As `provide`, for a plan that nobody runs: nothing is fetched and nothing written."""
    from elfworlds.toolchains.debian.toolchain import pinned

    return {
        label: session.host(pool, environment, remember=False, languages=languages)
        if label == HOST
        else pinned(*pinning(label, languages))
        for label in wanted(found)
    }


def pinning(label: str, languages: Collection[str]) -> tuple[Lock, tuple[str, ...]]:
    """The lock of `debian/<suite>` or `musl/<suite>`, and the parts that experiments in these languages need."""
    family, _, suite = label.partition("/")
    lock = locks.find(suite, locks.places(Path.cwd()))
    if family == "musl":
        return lock, ("musl",)
    return lock, ("rustc",) if "rust" in languages else ()
