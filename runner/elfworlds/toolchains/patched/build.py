"""Builds libcs of recipes in the cache: each once; a build goes on where it ended.

glibc/.<key>/       work in progress: source, objects, log, and a mark for each step that is done
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from elfworlds import atomic
from elfworlds.process import Command
from elfworlds.sandbox import HOST, Placed, wrap
from elfworlds.toolchains.patched.libcs import RECORD, made_once, record
from elfworlds.toolchains.patched.steps import DIRECTORIES, STEP_SECONDS, Step, failure, steps

if TYPE_CHECKING:
    from pathlib import Path

    from elfworlds.toolchains.family import Means
    from elfworlds.toolchains.patched.ground import Ground
    from elfworlds.toolchains.patched.libcs import Built
    from elfworlds.toolchains.patched.recipe import Recipe

LOG, READY = "log", "ready"
PLACE = "/build"  # in a world with a root of its own: what is built does not depend on where the cache is


def build(recipe: Recipe, ground: Ground, means: Means) -> Built:
    """The libc of a recipe, built where it is not there; what an earlier build did is kept.

    Args:
        recipe: what is built.
        ground: what it is built on.
        means: how programs are run, and who is told.

    Raises:
        BuildFailedError: a patch does not apply, or a step fails; its log is named.
    """

    def make(key: str, place: Path) -> None:
        work = place.with_name(f".{place.name}")
        _make(recipe, ground, work, means)
        _keep(recipe, key, work, place)

    return made_once(recipe, ground, means, "local", make)


def _make(recipe: Recipe, ground: Ground, work: Path, means: Means) -> None:
    for directory in (work, *(work / name for name in DIRECTORIES)):
        directory.mkdir(exist_ok=True)
    for name, data in ground.laid_out(recipe).items():
        (work / name).write_bytes(data)
    planned = tuple(steps(recipe, ground.seen))
    done = sum(_mark(work, step).is_file() for step in planned)
    means.tell(f"{recipe.name}: {done} of {len(planned)} steps are done; the log is {work / LOG}")
    with means.working(f"building {recipe.name}", len(planned)) as advance:
        for step in planned:
            if not _mark(work, step).is_file():
                _take(recipe, step, ground, work, means)
                _mark(work, step).touch()
            advance()


def _mark(work: Path, step: Step) -> Path:
    return work / f"done-{step.name}"


def _take(recipe: Recipe, step: Step, ground: Ground, work: Path, means: Means) -> None:
    """One step, whose output goes to the log."""
    log = work / LOG
    log.touch()
    before = log.stat().st_size
    done = means.run(_command(step, ground, work, means.jobs))
    if not done.ok:
        said = log.read_bytes()[before:].decode("utf-8", "replace") or done.not_started or done.text
        raise failure(recipe, step, said, f"its whole log is {log}")


def _command(step: Step, ground: Ground, work: Path, jobs: int) -> Command:
    world, place = ground.world, str(work)
    if world is not HOST:
        world, place = world.with_placed(Placed(str(work), PLACE, writable=True)), PLACE
    logged = 'exec >>"$0/$1" 2>&1; cd "$0/$2"; shift 2; exec "$@"'
    argv = ("/bin/sh", "-euc", logged, place, LOG, step.inside, *step.words)
    env = {**ground.env, "MAKEFLAGS": f"-j{jobs}", "out": f"{place}/{READY}"}
    return wrap(Command(argv=argv, env=env, cwd=str(work), timeout=STEP_SECONDS), world)


def _keep(recipe: Recipe, key: str, work: Path, place: Path) -> None:
    """Move what was built to its place, and remove what it was made of."""
    ready = work / READY
    shutil.copy(work / LOG, ready / LOG)
    (ready / RECORD).write_text(record(recipe, key, ready))
    atomic.sync_all(ready)
    shutil.rmtree(place, ignore_errors=True)
    ready.rename(place)
    shutil.rmtree(work, ignore_errors=True)
