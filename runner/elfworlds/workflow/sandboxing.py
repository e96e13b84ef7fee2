"""Whether builds and trials run in the sandbox, and the toolchains that have them run there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.errors import InputError
from elfworlds.sandbox.landlock import words
from elfworlds.toolchains.sandboxed import sandboxed
from elfworlds.workflow import backends
from elfworlds.workflow.results import shown
from elfworlds.workflow.strangers import writable_by_others
from elfworlds.workflow.toolchains import named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from elfworlds.toolchains import Toolchain
    from elfworlds.workflow.experiments import LoadedExperiment
    from elfworlds.workflow.session import Session

LOCAL = ("local",)


def needed(asked: bool | None, experiments: Sequence[LoadedExperiment], backend: str, session: Session) -> bool:  # noqa: FBT001  # None has a meaning too
    """Whether there is to be a sandbox; why, where nobody asked for it, is told.

    Raises:
        InputError: the backend is not one whose builds run in it.
    """
    wanted = asked
    if wanted is None:
        writable = writable_by_others(*_read(experiments))
        wanted = writable is not None
        if writable:
            session.screen.tell([f"in the sandbox, since {writable.by} can write {shown(writable.path)}; or: --trust"])
    if wanted and backends.chosen(backend, session.environment) != LOCAL:
        raise InputError("the nix backend builds outside of the sandbox", hint="--backend local, or --trust")
    return wanted


def _read(experiments: Sequence[LoadedExperiment]) -> Iterator[Path]:
    """Where all may lie that is built and run: experiments, sources, what others built, toolchains of one's own."""
    for loaded in experiments:
        yield from (loaded.path, *loaded.sources.places(loaded.project))
    yield from named(experiments)


def guarded(toolchains: Mapping[str, Toolchain], session: Session, fallback: str = "") -> dict[str, Toolchain]:
    """The toolchains in the sandbox; what it is weaker in is told.

    Args:
        toolchains: those that builds and trials use, by name.
        session: whose store and screen are used.
        fallback: `landlock` for what may stand in for a sandbox that cannot be had; empty for nothing.

    Raises:
        InputError: there can be none here.
    """
    cache = paths.store(session.environment) / "toolchains"
    known = sandboxed(toolchains, session.pool.run, session.environment, cache, fallback)
    guards = (toolchain.world.guard for toolchain in known.values())
    session.screen.tell(dict.fromkeys(words(guard.landlock) for guard in guards if guard and guard.landlock))
    return known
