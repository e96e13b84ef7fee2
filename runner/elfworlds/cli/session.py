"""From files named on a command line to plans and builds: what run, check, plan, build and list share."""

from __future__ import annotations

import dataclasses
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import paths, planning
from elfworlds.backends import Artifact, Failure
from elfworlds.errors import InputError
from elfworlds.sources import Project, Sources, gather
from elfworlds.spec import Spec, load
from elfworlds.spec.languages import used
from elfworlds.toolchains import Toolchain
from elfworlds.toolchains.debian import lock as locks
from elfworlds.toolchains.host import Prober, probe
from elfworlds.toolchains.nixpkgs import pin as pins
from elfworlds.yamltext import ProblemsError, read

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from elfworlds.backends import Backend, Build
    from elfworlds.cli.console import Screen
    from elfworlds.planning import BuildRequest, Plan
    from elfworlds.process import Pool
    from elfworlds.yamltext import Problem

COMPILERS = ("CC", "CXX", "RUSTC")
RUSTUP = ("HOME", "RUSTUP_HOME", "CARGO_HOME", "RUSTUP_TOOLCHAIN")  # what its rustc reads to find the real one


@dataclass(frozen=True, slots=True)
class Loaded:
    """A valid experiment with its sources.

    Attributes:
        chosen: the toolchains that the command line names instead of the file's.
    """

    path: Path
    spec: Spec
    sources: Sources
    project: Project
    chosen: tuple[str, ...] = ()


def load_all(named: Sequence[Path], cwd: Path, also: Callable[[Loaded], object] = lambda _one: None) -> list[Loaded]:
    """Every experiment named, or everything that is wrong with any of them; `also` may find more of it."""
    found: list[Loaded] = []
    wrong: list[str] = []
    count = 0
    for path in (file for one in named for file in experiment_files(one)):
        try:
            found.append(load_one(path, cwd))
            also(found[-1])
        except InputError as error:
            count += len(error.problems) if isinstance(error, ProblemsError) else 1
            wrong.append(error.message + (f"\n       = {error.hint}" if error.hint else ""))
    if wrong:
        raise InputError("\n".join([*wrong, f"{count} error{'' if count == 1 else 's'} in {_files(len(wrong))}"]))
    _refuse_same_names(found)
    return found


def _files(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"


def experiment_files(path: Path) -> list[Path]:
    """The path itself, or the experiments in a directory."""
    if not paths.is_directory(path):
        return [path]
    return [paths.word(str(one)) for one in sorted(path.glob("*.yaml"))] or [path]


def load_one(path: Path, cwd: Path) -> Loaded:
    document = read(path)
    project = Project.of(path, cwd)
    gathered: list[Sources] = []

    def wrong_sources(spec: Spec) -> list[Problem]:
        sources, problems = gather(spec, project)
        gathered.append(sources)
        return problems

    try:
        spec = load(document, toolchains=known_toolchains(cwd), more=wrong_sources)
    except RecursionError:
        raise InputError(f"{path}: error: references go round in a circle") from None
    return Loaded(path, spec, gathered[0], project)


def _refuse_same_names(found: Sequence[Loaded]) -> None:
    first: dict[str, Path] = {}
    for one in found:
        other = first.setdefault(one.spec.name, one.path)
        if other != one.path:
            raise InputError(f"{one.path}: error: the experiment `{one.spec.name}` is also in {other}")


def host(pool: Pool, environment: Mapping[str, str], *, remember: bool, languages: Collection[str] = ()) -> Toolchain:
    """This machine's toolchain; its compilers are `$CC`, `$CXX` and `$RUSTC`, those beside C where they are used."""
    for name in (*COMPILERS, "PATH", *RUSTUP):
        paths.told_in(name, environment)
    for name in COMPILERS:
        _is_command(name, environment.get(name, ""))
    home = tuple((name, environment[name]) for name in RUSTUP if name in environment)
    prober = Prober(
        pool.run,
        environment.get("PATH", os.defpath),
        environment.get("CC") or "cc",
        cxx=environment.get("CXX", ""),
        rustc=environment.get("RUSTC", ""),
        home=home,
    )
    return probe(prober, paths.store(environment) / "toolchains" if remember else None, languages)


def _is_command(name: str, text: str) -> None:
    try:
        shlex.split(text)
    except ValueError as error:
        raise InputError(f"{name}={text}: {error}", hint="it is read as a shell reads a command") from None


def languages(found: Iterable[Loaded]) -> frozenset[str]:
    """What the objects of experiments are written in."""
    return frozenset[str]().union(*(used(one.spec.experiment, one.spec.document.data()) for one in found))


def known_toolchains(cwd: Path) -> tuple[str, ...]:
    """What the axes `libc` and `gdb` may hold: this machine, every suite that is pinned, every pin of nixpkgs."""
    places = locks.places(cwd)
    families = {"debian": locks.suites(places), "musl": locks.suites(places), pins.FAMILY: pins.names(places)}
    return ("host", *(f"{family}/{name}" for family, names in families.items() for name in names))


def make_plan(one: Loaded, toolchains: Mapping[str, Toolchain], repeat: int | None = None) -> Plan:
    return planning.make(one.spec, one.sources, toolchains, repeat=repeat)


def build_plan(
    backend: Backend, plan: Plan, toolchains: Mapping[str, Toolchain], screen: Screen, *, keep_going: bool
) -> Build:
    """The plan's objects, with a bar while they are made; those of toolchains that do not work here are left out."""
    unsupported = {one.name for one in toolchains.values() if one.unsupported}
    requests = {key: one for key, one in plan.requests.items() if one.toolchain not in unsupported}
    plan = dataclasses.replace(plan, requests=requests)
    with screen.working("building", len(plan.requests)) as advance:

        def report(_request: BuildRequest, _result: Artifact | Failure) -> None:
            advance()

        going = keep_going or bool(plan.may_fail())
        return backend.build(plan, toolchains, keep_going=going, report=report)


def build_line(build: Build, where: str) -> str:
    reused = sum(one.reused for one in build.artifacts.values())
    built = len(build.artifacts) - reused
    failed = f", {len(build.failures)} failed" if build.failures else ""
    return f"objects: {built} built, {reused} in the store already{failed} · {where}"
