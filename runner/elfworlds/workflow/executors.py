"""Where objects are built and trials tried, from the word after --executor: here, or on the workers of a cluster."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from threading import Semaphore
from typing import TYPE_CHECKING

from elfworlds.backends.local import LocalBackend
from elfworlds.errors import InputError
from elfworlds.store.entries import entry_of
from elfworlds.toolchains import families
from elfworlds.version import __version__
from elfworlds.workflow.experiments import languages
from elfworlds.workflow.toolchains import means

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from elfworlds.backends import Artifact, Backend
    from elfworlds.planning import Plan, Trial
    from elfworlds.toolchains import Toolchain
    from elfworlds.toolchains.family import Means
    from elfworlds.trials.observe import Observation, TrialRunner
    from elfworlds.workflow.cluster.messages import Run, Work
    from elfworlds.workflow.experiments import LoadedExperiment
    from elfworlds.workflow.session import Session

SCHEMES = ("dask", "tcp", "tls")


def needs_dask(what: str) -> None:
    """Refuse where dask is not installed.

    Raises:
        InputError: it is not.
    """
    if find_spec("distributed") is None:
        raise InputError(f"{what} needs dask.distributed", hint="pip install 'elfworlds[dask]'")


def scheduler_address(text: str, *, tls: bool) -> str:
    """What dask calls the scheduler of `dask://HOST:PORT`; dask's own `tcp://` and `tls://` mean what they say.

    Raises:
        InputError: it is no such address.
    """
    scheme, _, place = text.partition("://")
    host, _, port = place.rpartition(":")
    if not (scheme in SCHEMES and host and port.isdecimal()):
        raise InputError(f"`{text}` is no dask://HOST:PORT")
    return f"{scheme if scheme != SCHEMES[0] else 'tls' if tls else 'tcp'}://{place}"


@contextmanager
def tried_elsewhere(
    executor: str, experiment: LoadedExperiment, plan: Plan, runner: TrialRunner, session: Session
) -> Iterator[Callable[[Sequence[Trial]], Iterator[Observation]]]:
    """What observes trials on the workers of a cluster, and says afterwards where they ran.

    Args:
        executor: `dask://HOST:PORT`.
        experiment: whose trials they are.
        plan: its plan.
        runner: what would observe them here.
        session: tells.

    Raises:
        InputError: no scheduler answers, or an object lies where no worker could have it.
    """
    needs_dask("--executor")
    from elfworlds.workflow.cluster.connecting import connected, encrypted
    from elfworlds.workflow.cluster.runner import Cluster
    from elfworlds.workflow.cluster.workers import Workers

    known = means(session, [experiment])
    work = _work(experiment, plan, runner, known)
    with connected(scheduler_address(executor, tls=encrypted())) as client:
        sources = partial(families.sources, means=known)
        workers = Workers.of(client, work, "tries none of these trials", session.tell, sources)
        cluster = Cluster(work, runner, workers)
        try:
            yield cluster.observe
        finally:
            cluster.end()
            _tell_where("tried", [(machine.name, count) for machine, count in cluster.ran.items()], session)


@contextmanager
def built_elsewhere(
    executor: str,
    experiment: LoadedExperiment,
    plan: Plan,
    toolchains: Mapping[str, Toolchain],
    backend: Backend,
    session: Session,
) -> Iterator[Backend]:
    """A backend whose objects are built by the workers of a cluster, and what says afterwards where they were.

    Args:
        executor: `dask://HOST:PORT`; empty for none.
        experiment: whose objects they are.
        plan: its plan.
        toolchains: with which they are built.
        backend: the one that builds here; it stays as it is where its store has all, or is no local one.
        session: tells.

    Raises:
        InputError: no scheduler answers.
    """
    if not (executor and isinstance(backend, LocalBackend)) or all(map(backend.stored, plan.requests.values())):
        yield backend
        return
    from elfworlds.workflow.cluster.builders import Builders
    from elfworlds.workflow.cluster.connecting import connected, encrypted
    from elfworlds.workflow.cluster.workers import Workers

    known = means(session, [experiment])
    shared = _run(experiment, toolchains, known)
    with connected(scheduler_address(executor, tls=encrypted())) as client:
        workers = Workers.of(client, shared, "builds nothing", session.tell, partial(families.sources, means=known))
        builders = Builders(workers, Semaphore(session.jobs))
        threads = max(session.jobs, sum(client.nthreads().values()))
        yield replace(backend, elsewhere=builders.build, stop=partial(_each, builders.stop, backend.stop), jobs=threads)
        _tell_where("built", builders.built.items(), session)


def _each(*calls: Callable[[], None]) -> None:
    for call in calls:
        call()


def _run(experiment: LoadedExperiment, toolchains: Mapping[str, Toolchain], known: Means) -> Run:
    from elfworlds.workflow.cluster.messages import Run, identity_of

    return Run(
        id=uuid.uuid4().hex,
        version=__version__,
        store=str(known.cache),
        toolchains={name: identity_of(toolchain) for name, toolchain in toolchains.items()},
        pins={file: text for name in toolchains for file, text in families.pins(name, known.where).items()},
        languages=tuple(languages([experiment])),
        sandbox=any(toolchain.world.guard is not None for toolchain in toolchains.values()),
    )


def _work(experiment: LoadedExperiment, plan: Plan, runner: TrialRunner, known: Means) -> Work:
    from elfworlds.workflow.cluster.messages import Work

    run = _run(experiment, runner.toolchains, known)
    artifacts = runner.build.artifacts
    entries = {key: _entry(artifact, known.cache) for key, artifact in artifacts.items()}
    return Work(
        id=run.id,
        version=run.version,
        store=run.store,
        toolchains=run.toolchains,
        pins=run.pins,
        languages=run.languages,
        sandbox=run.sandbox,
        sha256s={entries[key]: "" if entries[key] in plan.trees else made.sha256 for key, made in artifacts.items()},
        entries=entries,
        names=runner.names,
        build=runner.build,
        broken=runner.broken,
        question=runner.question,
        programs=runner.programs,
        retries=runner.retries,
        impossible=runner.impossible,
        builders=runner.builders,
    )


def _entry(artifact: Artifact, store: Path) -> str:
    """The key of the entry that an object lies in."""
    entry = entry_of(artifact.directory, store)
    if not entry:
        raise InputError(
            f"{artifact.path} is not in the local store, from which workers have their objects",
            hint="nix copy the closure to every worker, and use --shard there (docs/machines.md)",
        )
    return entry


def _tell_where(what: str, counts: Iterable[tuple[str, int]], session: Session) -> None:
    if told := ", ".join(f"{name}: {count}" for name, count in sorted(counts)):
        session.tell(f"{what} on {told}")


def local_only(executor: str, backends: Sequence[Backend]) -> None:
    """Refuse an executor that there cannot be, before anything is built.

    Raises:
        InputError: it is no address, dask is not installed, or something else than the local store builds.
    """
    if executor:
        scheduler_address(executor, tls=False)
        needs_dask("--executor")
    if executor and not all(isinstance(backend, LocalBackend) for backend in backends):
        raise InputError("--executor sends the objects of the local store", hint="--backend local")
