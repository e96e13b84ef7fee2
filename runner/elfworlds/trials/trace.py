"""What the loader does in each scenario and at each point: one more trial, under LD_DEBUG, that nobody judges."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import binding_prediction, elf, reclaim, search_prediction
from elfworlds.observers import ld_debug, plain
from elfworlds.outcome import Untried
from elfworlds.toolchains.borrowed import seeing
from elfworlds.traces.lddebug import parse
from elfworlds.trials import cache
from elfworlds.trials.attempt import OBSERVED, contents, files_directory, watched
from elfworlds.trials.binding import Objects, foretold
from elfworlds.trials.prepare import Prepared, prepare
from elfworlds.trials.searching import Searching

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from elfworlds.backends import Build
    from elfworlds.elf import ElfObject
    from elfworlds.observers.types import Watched
    from elfworlds.planning import Plan, Trial
    from elfworlds.planning.types import Point
    from elfworlds.process import Runner
    from elfworlds.search_prediction import Prediction
    from elfworlds.toolchains import Toolchain
    from elfworlds.traces.ldtrace import LoaderTrace

LONGEST_SECONDS = 10.0  # the loader has done its work by then, whatever the program waits for


def first_trials(plan: Plan) -> Iterator[Trial]:
    """The trials to trace: the first of each scenario and point that runs something; one under ld-debug if there is."""
    chosen: dict[tuple[str, Point], Trial] = {}
    for trial in plan.trials:
        if trial.bound.kind == "run":
            chosen.setdefault((trial.scenario, trial.point), trial)
            if trial.observer == ld_debug.NAME and trial.repeat == 1:
                chosen[trial.scenario, trial.point] = trial
    return iter(chosen.values())


@dataclass(frozen=True, slots=True)
class MappedFile:
    """A file that the loader mapped, as it is on the disk."""

    sha256: str
    build_id: str | None


@dataclass(frozen=True, slots=True)
class Traced:
    """What the loader did in a trial.

    Attributes:
        objects: path → the object's name in the experiment.
        foretold: of each binding of the trace.
        files: path → the file, of those that were mapped and could be read.
        directory: what `${files.dir}` stood for; empty where the trial has no files.
    """

    trial: Trial
    trace: LoaderTrace
    predictions: tuple[Prediction, ...]
    foretold: tuple[binding_prediction.Prediction, ...]
    objects: Mapping[str, str]
    files: Mapping[str, MappedFile]
    directory: str = ""


@dataclass(frozen=True, slots=True)
class Tracer:
    """All that tracing a trial takes, but the trial.

    Attributes:
        names: path → the object's name in the experiment.
        kept: where a trial's own directory is, for those that were watched by ld-debug already.
        files: what was read of files so far.
        linked: likewise, what binds.
    """

    names: Mapping[str, str]
    build: Build
    toolchains: Mapping[str, Toolchain]
    run: Runner
    kept: Callable[[Trial], Path]
    files: dict[str, tuple[ElfObject, str] | None] = field(default_factory=dict)
    linked: Objects = field(default_factory=Objects)

    def trace(self, trial: Trial) -> Traced | None:
        """What the loader did in a trial that was tried; None where tracing it failed."""
        with reclaim.temporary("elfworlds-") as work:
            seen, toolchain = self.watched(trial, work), self.toolchain(trial)
            prepared = self.prepared(trial, Path(seen.cwd), toolchain)
            if isinstance(prepared, Untried):
                return None
            toolchain = prepared.toolchain
            left = self.left(trial, seen, toolchain)
            if left is None:
                return None
            trace = parse(ld_debug.text(left))
            searching = self.searching(trial, seen, toolchain)
            predictions = search_prediction.predict(trace, searching.world())
            bindings = foretold(trace, searching, self.linked)
            outside = {link_map.path: toolchain.world.outside(link_map.path) for link_map in trace.link_maps}
            mapped = {path: self.mapped(place) for path, place in outside.items()}
            names = {**self.names, **self.copies(trial, seen.cwd, outside)}
        files = {path: file for path, file in mapped.items() if file}
        return Traced(trial, trace, predictions, bindings, names, files, files_directory(trial, Path(seen.cwd)))

    def prepared(self, trial: Trial, cwd: Path, toolchain: Toolchain) -> Prepared | Untried:
        """The trial's directory, laid out; of one that ran already as it lies there."""
        if trial.observer == ld_debug.NAME:
            return Prepared(cache.with_cache(trial.bound, cwd, toolchain))
        return prepare(trial, self.build, cwd, toolchain, self.run)

    def copies(self, trial: Trial, cwd: str, paths: Iterable[str]) -> dict[str, str]:
        """Of mapped paths those of copies in the trial's directory → the object's name."""
        laid = {
            os.path.realpath(f"{cwd}/{file.path}"): self.names[self.build.realise(file.holds)]
            for file in trial.bound.files
            if file.kind == "object"
        }
        real = {path: os.path.realpath(os.path.join(cwd, path)) for path in paths} if laid else {}  # noqa: PTH118
        return {path: laid[place] for path, place in real.items() if place in laid}

    def toolchain(self, trial: Trial) -> Toolchain:
        toolchain = self.toolchains[trial.bound.toolchain]
        return seeing(toolchain, trial.bound.sees, self.toolchains)

    def watched(self, trial: Trial, work: Path) -> Watched:
        """The program in the directory where it ran already or is to run, which its relative paths start from."""
        if trial.observer == ld_debug.NAME:
            work = behind(self.kept(trial))
        else:
            for name in ("cwd", OBSERVED):
                (work / name).mkdir()
        seen = watched(trial, self.build, work / "cwd", work / OBSERVED)
        return replace(seen, timeout=min(seen.timeout, LONGEST_SECONDS))

    def left(self, trial: Trial, seen: Watched, toolchain: Toolchain) -> dict[str, bytes] | None:
        """What LD_DEBUG wrote in the trial itself, or else in an extra run; None where that run could not be tried."""
        if trial.observer == ld_debug.NAME:
            return contents(seen.leaves)
        completed = self.run(ld_debug.command(seen, toolchain))
        return None if isinstance(plain.read(completed), Untried) else contents(seen.leaves)

    def searching(self, trial: Trial, seen: Watched, toolchain: Toolchain) -> Searching:
        """Where the loader of that program would look."""
        return Searching(seen, toolchain, self.read, laid_out=bool(trial.bound.files))

    def read(self, path: str) -> tuple[ElfObject, str] | None:
        """A file's facts and digest; a path of this machine."""
        if path not in self.files:
            self.files[path] = _read(Path(path))
        return self.files[path]

    def mapped(self, path: str) -> MappedFile | None:
        """Which file exactly was mapped, whoever built it; a path of this machine."""
        read = self.read(path) if path.startswith("/") else None
        return MappedFile(read[1], read[0].build_id) if read else None


def behind(directory: Path) -> Path:
    """What a link to a directory leads to, by the path that the trial had; another directory as it is."""
    return Path(os.path.normpath(directory.parent / directory.readlink())) if directory.is_symlink() else directory


def _read(path: Path) -> tuple[ElfObject, str] | None:
    try:
        return elf.read(path), hashlib.sha256(path.read_bytes()).hexdigest()
    except (elf.NotElfError, OSError):
        return None
