"""Paths of the Nix store that objects are files of: locked for an experiment, and had before anything is built."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import atomic, elf, paths
from elfworlds.backends.nix import holding, stored
from elfworlds.backends.nix.backend import HELD
from elfworlds.backends.nix.programs import Programs
from elfworlds.backends.nix.settings import settings
from elfworlds.errors import InputError
from elfworlds.sources.store_paths import LockedPath, file_in, filename, written
from elfworlds.spec.expand import together
from elfworlds.spec.model.objects import NIX
from elfworlds.toolchains.sandboxed import TRUST
from elfworlds.trees import TreeError
from elfworlds.trees.directory import in_place
from elfworlds.trees.manifest import limits
from elfworlds.workflow.strangers import writable_by_others

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from elfworlds.backends import Backend, Build
    from elfworlds.planning import Plan
    from elfworlds.spec import Spec
    from elfworlds.toolchains import Toolchain
    from elfworlds.trees import StorePath
    from elfworlds.workflow.experiments import LoadedExperiment
    from elfworlds.workflow.session import Session


def lock(experiment: Path, spec: Spec, session: Session, *, trust: bool) -> list[str]:
    """Write the lock file of an experiment's store paths, where it has any; a line for each, and one for the file.

    Raises:
        InputError: a path has no such file; somebody else can write what Nix would evaluate.
        BuildFailedError: Nix cannot make it, or there is no Nix.
    """
    wanted = _wanted(spec)
    if not wanted:
        return []
    writable = None if trust else writable_by_others(experiment)
    if writable:
        hint = "read what it names, and if you trust it: --trust"
        raise InputError(f"{writable}, and Nix would evaluate what it names with all that you may do", hint=hint)
    beside, programs, place = experiment.parent, _programs(session), _held(session)
    locked = []
    for number, ((kind, text), files) in enumerate(wanted.items()):
        path = stored.resolved(kind, text, beside, place / str(number), programs)
        locked.append(_read(path, files, session))
    file = beside / filename(spec.name)
    atomic.write(file, written(locked))
    return [f"{file}:", *(f"  {path.stored.kind} {path.stored.text}: {path.stored.out}" for path in locked)]


def _wanted(spec: Spec) -> Mapping[tuple[str, str], set[str]]:
    """Key and text of each store path → paths of its files that objects are, over all points."""
    wanted: dict[tuple[str, str], set[str]] = {}
    for definition in spec.experiment.objects.values():
        if definition.prebuilt is None:
            continue
        kind, template = definition.prebuilt.origin
        if kind in NIX:
            for text, file in together((template, definition.prebuilt.file), spec.experiment.matrix.axes):
                wanted.setdefault((kind, text), set()).add(file)
    return wanted


def _read(path: StorePath, files: Collection[str], session: Session) -> LockedPath:
    place = Path(path.out)
    try:
        manifest = in_place(place, limits(session.environment))
    except TreeError as error:
        raise InputError(f"{path.out}: {error.args[0]}", hint=error.hint) from None
    except OSError as error:
        raise InputError(f"{path.out}: {error.strerror}", hint="name a package that is a directory") from None
    objects = {}
    for file in sorted(files):
        real = file_in(manifest, file)
        if real is None:
            same = [other for other in manifest.entries if other.endswith(f"/{file.rpartition('/')[2]}")]
            hint = f"did you mean `{same[0]}`?" if same else "name a file of its own, by its path there"
            raise InputError(f"{path.out}, of {path.kind} {path.text}, has no file `{file}`", hint=hint)
        objects[file] = elf.read(place / real)
    return LockedPath(path, manifest, objects)


def provide_store_paths(
    experiment: LoadedExperiment, plan: Plan, toolchains: Mapping[str, Toolchain], session: Session, *, sandbox: bool
) -> None:
    """Have the store paths of a plan, rooted while this process lives, for toolchains that work here.

    Raises:
        BuildFailedError: one cannot be had, or there is no Nix.
        InputError: Nix would have to evaluate what a stranger's file names, and there is to be a sandbox.
    """
    used = {request.tree for request in plan.requests.values() if not toolchains[request.toolchain].unsupported}
    wanted = [tree.stored for key, tree in plan.trees.items() if tree.stored is not None and key in used]
    if not wanted:
        return
    programs, place = _programs(session), _held(session)
    for number, path in enumerate(wanted):
        link = place / str(number)
        if not sandbox:
            stored.realise(path, experiment.path.parent, link, programs)
        elif not stored.fetched(path, link, programs):
            raise InputError(f"{path.out} is neither here nor in a cache, and {_outside(path)}", hint=TRUST)


def _outside(path: StorePath) -> str:
    return f"Nix would evaluate `{path.kind}: {path.text}` outside of the sandbox"


def kept(backend: Backend, build: Build, plan: Plan, session: Session, run: Path) -> None:
    """Keep a run's objects; its store paths too, where the backend's objects are no store paths themselves."""
    backend.keep(build, run)
    outs = _outs(plan.trees[request.tree].stored for request in plan.requests.values() if request.tree)
    if outs and not build.farms:
        holding.keep(_programs(session), run, outs)


def _outs(paths: Iterable[StorePath | None]) -> list[str]:
    return list(dict.fromkeys(path.out for path in paths if path is not None))


def _programs(session: Session) -> Programs:
    return Programs(settings(session.environment), session.pool.run, session.jobs, session.pool.interrupt)


def _held(session: Session) -> Path:
    return holding.own_directory(paths.store(session.environment) / "nix" / HELD)
