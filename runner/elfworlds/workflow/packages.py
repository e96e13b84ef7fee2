"""Packages of suites that objects are files of: pinned for an experiment, and had before anything is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds import atomic, paths
from elfworlds.errors import InputError
from elfworlds.planning.points import LIBC
from elfworlds.sources import PACKAGE, SourceError
from elfworlds.sources.packages import filename, read, written
from elfworlds.spec import load
from elfworlds.spec.expand import together
from elfworlds.toolchains import families
from elfworlds.toolchains.debian import packages
from elfworlds.toolchains.pinning import places
from elfworlds.workflow import store_paths
from elfworlds.workflow.toolchains import means
from elfworlds.yamltext import read as read_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from elfworlds.planning import Plan
    from elfworlds.spec import Spec
    from elfworlds.toolchains import Toolchain
    from elfworlds.toolchains.debian.solve import Apt
    from elfworlds.workflow.session import Session


def pin(experiment: Path, suites: Sequence[str], apt: Apt, session: Session, *, trust: bool) -> list[str]:
    """Write the lock files of an experiment's packages and store paths; other suites that it pins stay.

    Args:
        experiment: its file.
        suites: toolchains, `debian/bookworm`; none for those of its axis `libc`.
        apt: how apt is asked.
        session: how packages are fetched.
        trust: whether Nix may evaluate what the file names, whoever can write it.

    Returns:
        A line for each lock file, and for each package and store path.

    Raises:
        InputError: the file is wrong, names no package, or nobody names a suite; Nix would evaluate a stranger's file.
        BuildFailedError: a package cannot be had.
    """
    known = families.known(places(paths.here()))
    spec = load(read_document(experiment), toolchains=known, roots=families.seen_beside(known))
    wanted = _wanted(spec)
    of_nix = store_paths.lock(paths.real(experiment), spec, session, trust=trust)
    if not wanted and not of_nix:
        raise InputError(
            f"{experiment}: no object is a file of a package",
            hint="prebuilt: {package: NAME, file: PATH}; of Nix, prebuilt: {nix: EXPRESSION, file: PATH}",
        )
    return [*of_nix, *(_pin_packages(experiment, spec, wanted, suites, apt, session) if wanted else ())]


def _pin_packages(
    experiment: Path, spec: Spec, wanted: Mapping[str, set[str]], suites: Sequence[str], apt: Apt, session: Session
) -> list[str]:
    path = paths.real(experiment).parent / filename(spec.name)
    try:
        pins = read(path, str(experiment))
    except SourceError:
        pins = {}
    chosen = tuple(suites) or _suites(spec)
    pins = {at: package for at, package in pins.items() if at[0] not in chosen}
    for suite in chosen:
        pins |= packages.pin(suite, wanted, apt, means(session))
    atomic.write(path, written(pins))
    lines = [f"  {suite} {name}: {len(package.debs)} packages" for (suite, name), package in sorted(pins.items())]
    return [f"{path}:", *lines]


def _wanted(spec: Spec) -> Mapping[str, set[str]]:
    """Package → paths of its files that objects are, over all points."""
    wanted: dict[str, set[str]] = {}
    for definition in spec.experiment.objects.values():
        if definition.prebuilt is not None and definition.prebuilt.origin[0] == PACKAGE:
            texts = (definition.prebuilt.origin[1], definition.prebuilt.file)
            for name, file in together(texts, spec.experiment.matrix.axes):
                wanted.setdefault(name, set()).add(file)
    return wanted


def _suites(spec: Spec) -> tuple[str, ...]:
    axes = spec.experiment.matrix.axes
    named = axes[LIBC].labels if LIBC in axes else ()
    suites = tuple(label for label in named if label.startswith(packages.PREFIX))
    if not suites:
        hint = "name some: elfworlds toolchain lock --for FILE bookworm trixie"
        raise InputError("no suite is named, and the axis `libc` has none", hint=hint)
    return suites


def provide_packages(plans: Iterable[Plan], toolchains: Mapping[str, Toolchain], session: Session) -> None:
    """Have the trees of packages in the store, for toolchains that work here.

    Raises:
        BuildFailedError: one cannot be had, or is not what is pinned.
    """
    for plan in plans:
        used = {request.tree for request in plan.requests.values() if not toolchains[request.toolchain].unsupported}
        for key, tree in plan.trees.items():
            if tree.packages is not None and key in used:
                packages.provide(tree, tree.packages, means(session))
