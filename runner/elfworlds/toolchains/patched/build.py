"""Libcs built from recipes, in the cache: complete or absent, each made once; a build goes on where it ended.

glibc/<key>/files/      the shared objects that were built, by the names that programs need them by
glibc/<key>/headers/    the headers that the recipe names
glibc/<key>/built.json  what they were built of; written last
glibc/.<key>/           work in progress: source, objects, log, and a mark for each step that is done
locks/glibc-<key>       held (flock(2)) while it is made
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import atomic
from elfworlds.errors import BuildFailedError
from elfworlds.locking import locked
from elfworlds.process import Command
from elfworlds.sandbox import HOST, Placed, World, wrap
from elfworlds.toolchains.libraries import soname
from elfworlds.toolchains.patched.steps import LOG, OBJECTS, PATCHES, SOURCE, Step, hunks, steps
from elfworlds.toolchains.prober import digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.jsondata import Json
    from elfworlds.toolchains.family import Means
    from elfworlds.toolchains.patched.recipe import Recipe

RECORD, FILES, HEADERS = "built.json", "files", "headers"
PLACE = "/build"  # in a world with a root of its own: what is built does not depend on where the cache is
STEP_SECONDS = 4 * 3600.0
SHOWN_LINES = 12
_SHARED = re.compile(r"(?:lib|ld)[A-Za-z0-9_+.-]*\.so\.[0-9.]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a recipe is built on.

    Attributes:
        digest: of all that the base has: its compiler, its tools, and the sources where they are a package.
        world: where the steps run.
        env: their environment.
        archive: the sources, on this machine.
        seen: their path in the world; empty where they must be put beside the build.
    """

    digest: str
    world: World
    env: Mapping[str, str]
    archive: Path
    seen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A libc that was built.

    Attributes:
        key: what decided its files.
        files: the name of a shared object → its path.
        headers: a header as programs include it → its path.
    """

    key: str
    files: Mapping[str, Path]
    headers: Mapping[str, Path]


def found(key: str, cache: Path) -> Built | None:
    """The libc of a key; None where it is not there, or not whole. Only its record is read."""
    place = cache / "glibc" / key[:16]
    try:
        record = json.loads((place / RECORD).read_bytes())
        files, headers = ({str(name): place / part / str(name) for name in record[part]} for part in (FILES, HEADERS))
        whole = record["key"] == key and all(path.is_file() for path in (*files.values(), *headers.values()))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Built(key=key, files=files, headers=headers) if whole else None


def build(recipe: Recipe, ground: Ground, means: Means) -> Built:
    """The libc of a recipe, built where it is not there; what an earlier build did is kept.

    Args:
        recipe: what is built.
        ground: what it is built on.
        means: how programs are run, and who is told.

    Raises:
        BuildFailedError: a patch does not apply, or a step fails; its log is named.
    """
    key = recipe.key(ground.digest)
    place = means.cache / "glibc" / key[:16]
    work = place.with_name(f".{place.name}")
    try:
        for directory in (place.parent, means.cache / "locks"):
            directory.mkdir(parents=True, exist_ok=True)
        with locked(means.cache / "locks" / f"glibc-{place.name}", means.tell):
            built = found(key, means.cache)
            if built is not None:
                return built
            _make(recipe, ground, work, means)
            return _keep(recipe, key, work, place)
    except OSError as error:
        raise BuildFailedError(f"{error.filename or place}: {error.strerror or error}") from None


def _make(recipe: Recipe, ground: Ground, work: Path, means: Means) -> None:
    for directory in (work, work / SOURCE, work / OBJECTS, work / PATCHES):
        directory.mkdir(exist_ok=True)
    for number, patch in enumerate(recipe.patches, 1):
        (work / PATCHES / f"{number:04}").write_bytes(patch.data)
    archive = ground.seen
    if not archive:
        archive = f"../{ground.archive.name}"
        shutil.copyfile(ground.archive, work / ground.archive.name)
    planned = tuple(steps(recipe, archive, means.jobs))
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
    """One step, whose output goes to the log; a patch is tried first, so that it is applied whole or not at all."""
    if step.patch:
        done = means.run(_command((*step.words, "--dry-run"), step, ground, work))
        lost = hunks(done.text)
        if lost or not done.ok:
            raise _refused(recipe, step, lost or (done.text.strip()[-500:] or done.not_started or "patch(1) failed",))
    logged = ("/bin/sh", "-c", 'exec "$@" >>"$0" 2>&1', f"../{LOG}", *step.words)
    if not means.run(_command(logged, step, ground, work)).ok:
        raise _failed(recipe, step, work / LOG)


def _command(words: tuple[str, ...], step: Step, ground: Ground, work: Path) -> Command:
    world, place = ground.world, str(work)
    if world is not HOST:
        world, place = world.with_placed(Placed(str(work), PLACE, writable=True)), PLACE
    argv = ("/bin/sh", "-c", 'cd "$0" && exec "$@"', f"{place}/{step.inside}", *words)
    return wrap(Command(argv=argv, env=ground.env, cwd=str(work), timeout=STEP_SECONDS), world)


def _refused(recipe: Recipe, step: Step, lost: tuple[str, ...]) -> BuildFailedError:
    lines = "\n".join(f"  {line}" for line in lost)
    return BuildFailedError(
        f"{recipe.name}: the patch {step.patch} does not apply:\n{lines}",
        hint="patches are applied in the order of the recipe, each to what the ones before it left",
    )


def _failed(recipe: Recipe, step: Step, log: Path) -> BuildFailedError:
    lines = log.read_text("utf-8", "replace").splitlines()[-SHOWN_LINES:] if log.is_file() else []
    said = "\n".join(f"  {line[:300]}" for line in lines)
    return BuildFailedError(f"{recipe.name}: the step `{step.name}` failed:\n{said}", hint=f"its whole log is {log}")


def _keep(recipe: Recipe, key: str, work: Path, place: Path) -> Built:
    """Move what was built to its place, and remove what it was made of."""
    made = _shared(work / OBJECTS)
    if not made:
        raise BuildFailedError(f"{recipe.name}: nothing was built that programs can need", hint=f"see {work / LOG}")
    ready = work / "ready"
    shutil.rmtree(ready, ignore_errors=True)
    for name, path in made.items():
        _copy(path, ready / FILES / name)
    for name, file in recipe.headers.items():
        _copy(work / SOURCE / file, ready / HEADERS / name)
    shutil.copy(work / LOG, ready / LOG)
    (ready / RECORD).write_text(json.dumps(_record(recipe, key, ready), indent=1))
    atomic.sync_all(ready)
    shutil.rmtree(place, ignore_errors=True)
    ready.rename(place)
    shutil.rmtree(work, ignore_errors=True)
    files, headers = (
        {name: place / FILES / name for name in made},
        {name: place / HEADERS / name for name in recipe.headers},
    )
    return Built(key=key, files=files, headers=headers)


def _copy(path: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, place)


def _record(recipe: Recipe, key: str, ready: Path) -> dict[str, Json]:
    """What was built, with the digests of its files, and what of."""
    parts = {part: sorted(path for path in (ready / part).rglob("*") if path.is_file()) for part in (FILES, HEADERS)}
    digests: dict[str, Json] = {
        part: {str(path.relative_to(ready / part)): digest(path) for path in paths} for part, paths in parts.items()
    }
    return {
        "key": key,
        "name": recipe.name,
        "base": recipe.base,
        "source": recipe.package or recipe.sha256,
        "patches": [{"file": patch.file, "title": patch.title, "sha256": patch.sha256} for patch in recipe.patches],
        "configure": list(recipe.configure),
        **digests,
    }


def _shared(objects: Path) -> dict[str, Path]:
    """The shared objects by the names that programs need them by: links to what the linker made, or DT_SONAMEs.

    Of several the nearest counts: make also leaves a libc.so that only its own programs are linked with.
    """
    found: dict[str, Path] = {}
    files = filter(Path.is_file, objects.rglob("*.so*"))
    for path in sorted(files, key=lambda path: (len(path.parts), path)):
        name = soname(path) if path.suffix == ".so" else path.name
        if name and _SHARED.fullmatch(name):
            found.setdefault(name, path.resolve())
    return found
