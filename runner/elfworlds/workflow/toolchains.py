"""The toolchains that experiments are built and run with: this machine's own, pinned roots, pins of nixpkgs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.errors import InputError
from elfworlds.planning.points import DEFAULT_LIBC, GDB, LIBC
from elfworlds.sandbox.tree import BESIDE, WHOLE
from elfworlds.spec.expand import expand
from elfworlds.spec.leaves.forms import Axis
from elfworlds.toolchains import Toolchain
from elfworlds.toolchains.debian import lock as locks
from elfworlds.toolchains.nixpkgs import pin as pins
from elfworlds.workflow.experiments import languages
from elfworlds.workflow.families import host, known_toolchains
from elfworlds.yamltext import Scalar, closest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from elfworlds.toolchains.debian import Lock
    from elfworlds.toolchains.nixpkgs import Pin
    from elfworlds.workflow.experiments import LoadedExperiment
    from elfworlds.workflow.session import Session


HOST = DEFAULT_LIBC
AXES = (LIBC, GDB)


def chosen(experiments: Sequence[LoadedExperiment], labels: Mapping[str, Sequence[str]]) -> list[LoadedExperiment]:
    """The experiments with the chosen values of `libc` and `gdb`, be they in the file or not.

    Raises:
        InputError: no toolchain of that name is known.
    """
    named = {axis: tuple(labels[axis]) for axis in labels if axis in AXES}
    known = known_toolchains(paths.here())
    for axis, names in named.items():
        for name in names:
            if name not in known:
                raise InputError(f"-S {axis}={name}: no toolchain `{name}` is known here", hint=closest(name, known))
    return [_with_labels(experiment, named) for experiment in experiments] if named else list(experiments)


def _with_labels(one: LoadedExperiment, labels: Mapping[str, tuple[str, ...]]) -> LoadedExperiment:
    experiment = one.spec.experiment
    axes = {axis: Axis(tuple((label, Scalar(label)) for label in named), listed=True) for axis, named in labels.items()}
    matrix = experiment.matrix.model_copy(update=axes)
    spec = replace(one.spec, experiment=experiment.model_copy(update={"matrix": matrix}))
    return replace(one, spec=spec, chosen=tuple(f"{axis}={','.join(named)}" for axis, named in labels.items()))


def wanted(found: Iterable[LoadedExperiment]) -> tuple[str, ...]:
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


@dataclass(frozen=True, slots=True)
class Provider:
    """What it takes to have toolchains here.

    Attributes:
        languages: what objects are written in.
    """

    session: Session
    languages: Collection[str]

    def toolchain(self, label: str) -> Toolchain:
        """One that works, or one that says why it does not."""
        from elfworlds.sandbox.availability import probe

        refuse_hidden(self.cache, label, "set XDG_CACHE_HOME to another place")
        if label == HOST:
            return host(self.session.pool, self.session.environment, remember=True, languages=self.languages)
        here = probe(self.session.pool.run, self.session.environment.get("PATH", ""))
        if here.lacking:
            return before(label, self.languages, here.lacking)
        return self.pin(label, here.bwrap) if label.startswith(f"{pins.FAMILY}/") else self.root(label, here.bwrap)

    def root(self, label: str, bwrap: str) -> Toolchain:
        from elfworlds.toolchains.debian import Means, ensure
        from elfworlds.toolchains.debian.toolchain import toolchain

        means = Means(
            run=self.session.pool.run,
            environment=self.session.environment,
            jobs=self.session.jobs,
            working=self.session.screen.working,
            tell=self.tell,
        )
        root = ensure(*pinning(label, self.languages), self.cache, means)
        return toolchain(root, self.session.pool.run, bwrap=bwrap)

    def pin(self, label: str, bwrap: str) -> Toolchain:
        from elfworlds.toolchains.nixpkgs import made
        from elfworlds.toolchains.nixpkgs.toolchain import pinned, toolchain

        pin, rust = nixpkgs_pin(label), "rust" in self.languages
        there = made.found(pin, self.cache, rust=rust)
        if there is None:
            lacking = made.lacking(pin, self.session.pool.run, self.session.environment.get("PATH", ""))
            if lacking:
                return pinned(pin, lacking)
            self.tell(f"{pin.label}: asking Nix for it, which takes minutes the first time")
            there = made.make(pin, self.cache, self.session.pool.run, self.session.environment, rust=rust)
        return toolchain(there, self.session.pool.run, bwrap=bwrap)

    @property
    def cache(self) -> Path:
        return paths.store(self.session.environment)

    def tell(self, text: str) -> None:
        self.session.screen.tell([text])


def provide(experiments: Sequence[LoadedExperiment], session: Session) -> dict[str, Toolchain]:
    """Every toolchain that is wanted; a root is fetched and unpacked, a pin asked of Nix, where it is not there.

    Raises:
        BuildFailedError: there is no compiler, or a root or a pin cannot be had.
    """
    provider = Provider(session, languages(experiments))
    return {label: provider.toolchain(label) for label in wanted(experiments)}


def refuse_hidden(place: Path, label: str, hint: str) -> None:
    """What lies below a directory that every root has its own of cannot be seen in a root.

    Raises:
        InputError: the place does.
    """
    if label != HOST and place.parts[1] in (*WHOLE, *BESIDE):
        raise InputError(f"{place} cannot be seen in {label}, which has its own /{place.parts[1]}", hint=hint)


def seeing(toolchains: Mapping[str, Toolchain], store: str) -> dict[str, Toolchain]:
    """The toolchains with worlds in which trials see the store that objects lie in; without objects there is none."""
    more = (store,) if Path(store).is_dir() else ()
    return {name: replace(one, world=one.world.reading(*more)) for name, one in toolchains.items()}


def foreseen(experiments: Sequence[LoadedExperiment], session: Session) -> dict[str, Toolchain]:
    """As `provide`, for a plan that nobody runs: nothing is fetched and nothing written."""
    written_in, cache = languages(experiments), paths.store(session.environment)
    return {
        label: host(session.pool, session.environment, remember=False, languages=written_in)
        if label == HOST
        else there(label, cache, written_in) or before(label, written_in)
        for label in wanted(experiments)
    }


def stand_ins(found: Iterable[LoadedExperiment]) -> dict[str, Toolchain]:
    """Toolchains for verbs that count trials and never build: roots as their lock files say; nothing is asked."""
    return {
        label: Toolchain(name=label, identity={"name": label}, versions={}, packages=(), tools={}, env={})
        if label == HOST
        else before(label, (), "nobody looks for it")
        for label in wanted(found)
    }


def there(label: str, cache: Path, languages: Collection[str]) -> Toolchain | None:
    """What a pin of nixpkgs that is here says of itself; a root's lock file says as much, wherever the root is."""
    if not label.startswith(f"{pins.FAMILY}/"):
        return None
    from elfworlds.toolchains.nixpkgs import made
    from elfworlds.toolchains.nixpkgs.toolchain import told

    here = made.found(nixpkgs_pin(label), cache, rust="rust" in languages)
    return told(here) if here else None


def before(label: str, languages: Collection[str], unsupported: str = "") -> Toolchain:
    """What is known of a root or a pin that nobody looks for, or that cannot be used here for a reason."""
    if label.startswith(f"{pins.FAMILY}/"):
        from elfworlds.toolchains.nixpkgs.toolchain import pinned as pinned_nixpkgs

        return pinned_nixpkgs(nixpkgs_pin(label), unsupported)
    from elfworlds.toolchains.debian.toolchain import pinned

    return replace(pinned(*pinning(label, languages)), unsupported=unsupported)


def nixpkgs_pin(label: str) -> Pin:
    """The pin of `nixpkgs/<pin>`."""
    return pins.find(label.partition("/")[2], locks.places(paths.here()))


def pinning(label: str, languages: Collection[str]) -> tuple[Lock, tuple[str, ...]]:
    """The lock of `debian/<suite>` or `musl/<suite>`, and the parts that experiments in these languages need."""
    family, _, suite = label.partition("/")
    lock = locks.find(suite, locks.places(paths.here()))
    if family == "musl":
        return lock, ("musl",)
    return lock, ("rustc",) if "rust" in languages else ()
