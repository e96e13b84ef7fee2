"""Where runs are: the place for new ones, and the directory that a word names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.errors import InputError
from elfworlds.records import RunDirectory
from elfworlds.sources import Project
from elfworlds.toolchains.families import refuse_hidden

if TYPE_CHECKING:
    from collections.abc import Iterable

    from elfworlds.toolchains import Toolchain
    from elfworlds.workflow.experiments import LoadedExperiment


def results(experiment: LoadedExperiment, output: Path | None, toolchains: Iterable[Toolchain]) -> Path:
    """Where runs of an experiment go, resolved; it need not be there.

    Raises:
        InputError: it cannot be written to, or a trial in a root would not see it.
    """
    place = paths.real(output or experiment.results)
    for toolchain in toolchains:
        refuse_hidden(place, toolchain.name, paths.OTHER_PLACE)
    latest = place / experiment.spec.name / "latest"
    if paths.is_directory(latest) and not latest.is_symlink():
        raise InputError(f"{latest}: a directory", hint="`latest` is a link to the newest run: give that another name")
    return paths.writable(place, paths.OTHER_PLACE)


def find(run: str) -> RunDirectory:
    """The directory that a word names: its path, or an experiment's name for its latest run.

    Raises:
        InputError: there is no such run.
    """
    own = Project.of(Path("x.yaml"), paths.here()).root / "results"
    for path in (paths.word(run), own / run / "latest"):
        if not paths.why_unreadable(path / "run.json"):
            return RunDirectory(path)
    known = sorted(path.parent.name for path in own.glob("*/latest"))
    hint = f"experiments with runs: {', '.join(known)}" if known else "no experiment has been run here"
    raise InputError(f"no run `{run}`", hint=hint)


def shown(path: Path) -> str:
    """A path as a person would type it from here."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
