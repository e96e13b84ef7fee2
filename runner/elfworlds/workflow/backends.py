"""Who builds: from the word after --backend, and the environment, to backends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.backends.local import LocalBackend
from elfworlds.errors import InputError
from elfworlds.planning.points import DEFAULT_LIBC
from elfworlds.toolchains.families import family_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from elfworlds.backends import Backend
    from elfworlds.backends.nix import NixBackend
    from elfworlds.backends.nix.libcs import NixLibcs
    from elfworlds.workflow.session import Session

VARIABLE = "ELFWORLDS_BACKEND"
NAMES: Mapping[str, tuple[str, ...]] = {"nix": ("nix",), "local": ("local",), "both": ("local", "nix")}


def chosen(word: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The backends' names: auto is nix where `nix run` and `nix develop` say so, else local."""
    name = environment.get(VARIABLE, "") if word == "auto" else word
    if name in ("", "auto"):
        return NAMES["local"]
    if name not in NAMES:
        source = "--backend" if name == word else VARIABLE
        raise InputError(f"{source} is auto, {', '.join(NAMES)}, not `{name}`")
    return NAMES[name]


def ready(
    word: str,
    session: Session,
    languages: Collection[str] = (),
    toolchains: Collection[str] = (DEFAULT_LIBC,),
) -> tuple[tuple[Backend, ...], Mapping[str, str]]:
    """The backends, and the environment whose compilers they build objects in these languages with.

    A package set is asked for its compilers where the environment names those of a toolchain: roots have their own.
    """
    environment = session.environment
    made: list[Backend] = []
    for name in chosen(word, environment):
        if name == "nix":
            from elfworlds.backends.nix.compiler import environment_with_compilers

            backend = _nix(session)
            made.append(backend)
            if any(family_of(name).compilers_from_environment for name in toolchains):
                environment = environment_with_compilers(backend.settings, session.pool.run, languages)
        else:
            store, pool = paths.store(environment), session.pool
            local = LocalBackend(store, pool.run, session.jobs, pool.interrupt)
            made.append(replace(local, seconds=session.build_seconds, tell=session.tell))
    return tuple(made), environment


def libcs(session: Session) -> NixLibcs:
    """What builds libcs of recipes with Nix."""
    from elfworlds.backends.nix.libcs import NixLibcs
    from elfworlds.backends.nix.roots import Roots

    backend = _nix(session)
    programs = backend.programs.seeing_nothing()
    return NixLibcs(programs, Roots(programs.settings, backend.memory.root, session.pool.run))


def _nix(session: Session) -> NixBackend:
    from elfworlds.backends.nix import NixBackend
    from elfworlds.backends.nix.memory import Memory
    from elfworlds.backends.nix.settings import settings

    memory = Memory(paths.store(session.environment) / "nix")
    pool = session.pool
    nix = NixBackend(settings(session.environment), memory, pool.run, session.jobs, pool.interrupt)
    return replace(nix, seconds=session.build_seconds, tell=session.tell)
