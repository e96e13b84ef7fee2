"""From files that a person names to valid experiments with their sources."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import paths, shipped
from elfworlds.errors import InputError
from elfworlds.sources import Project, gather
from elfworlds.spec import editing, load, makers
from elfworlds.spec.languages import used
from elfworlds.toolchains import families
from elfworlds.toolchains.pinning import places
from elfworlds.yamltext import ProblemsError, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from elfworlds.sources import Sources
    from elfworlds.spec import Spec
    from elfworlds.yamltext import Problem

EXPERIMENTS = "experiments"


@dataclass(frozen=True, slots=True)
class LoadedExperiment:
    """A valid experiment with its sources.

    Attributes:
        chosen: the toolchains that somebody chose instead of the file's, each as `libc=host,debian/sid`.
        defined: directories of files that define some of them, as words of a command line say.
    """

    path: Path
    spec: Spec
    sources: Sources
    project: Project
    chosen: tuple[str, ...] = ()
    defined: tuple[Path, ...] = ()

    @property
    def results(self) -> Path:
        """Where its runs go: results/ of its project; one that came with an installed program leaves them here."""
        return (paths.here() if self.project.root == shipped.SHARE.resolve() else self.project.root) / "results"


def load_all(
    named: Sequence[Path], cwd: Path, also: Callable[[LoadedExperiment], None] = lambda _experiment: None
) -> list[LoadedExperiment]:
    """Every experiment named; a directory stands for its `*.yaml`.

    Args:
        named: files and directories.
        cwd: where lock files are looked for first.
        also: called with each experiment; it may raise `InputError` for what else is wrong with it.

    Raises:
        InputError: everything that is wrong with any of them, or two of them have one name.
    """
    experiments: list[LoadedExperiment] = []
    wrong: list[str] = []
    count = 0
    for path in (file for name in named for file in experiment_files(name)):
        try:
            experiments.append(load_one(path, cwd))
            also(experiments[-1])
        except InputError as error:
            count += len(error.problems) if isinstance(error, ProblemsError) else 1
            wrong.append(error.message + (f"\n       = {error.hint}" if error.hint else ""))
    if wrong:
        raise InputError("\n".join([*wrong, f"{count} error{'' if count == 1 else 's'} in {_files(len(wrong))}"]))
    _refuse_same_names(experiments)
    return experiments


def _files(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"


def experiment_files(path: Path) -> list[Path]:
    """The path itself, or the experiments in a directory; `same-lib` stands for experiments/same-lib.yaml.

    Where the current directory has no experiments/, those that came with the program are meant.
    """
    path = _shipped(path)
    if not paths.is_directory(path):
        return [path]
    return [paths.word(str(file)) for file in sorted(path.glob("*.yaml"))] or [path]


def _shipped(path: Path) -> Path:
    """The path, unless nothing is there and it names an experiment by its name, or one that came with the program."""
    if path.exists() or path.is_symlink() or path.is_absolute():
        return path
    place = Path(EXPERIMENTS, f"{path}.yaml") if len(path.parts) == 1 and not path.suffix else path
    if place.parts[0] != EXPERIMENTS:
        return path
    base = Path() if paths.is_directory(Path(EXPERIMENTS)) else shipped.experiments()
    named = base / (EXPERIMENTS if path == Path(EXPERIMENTS) else place)
    return named if named.exists() else path


def load_one(path: Path, cwd: Path) -> LoadedExperiment:
    """One experiment.

    Raises:
        InputError: everything that is wrong with it.
    """
    document = read(path)
    project = Project.of(path, cwd)
    gathered: list[Sources] = []

    def wrong_sources(spec: Spec) -> list[Problem]:
        sources, problems = gather(spec, project)
        gathered.append(sources)
        return problems

    try:
        known = families.known(places(cwd))
        spec = load(document, toolchains=known, roots=families.seen_beside(known), more=wrong_sources)
    except RecursionError:
        raise InputError(f"{path}: error: references go round in a circle") from None
    return LoadedExperiment(path, spec, gathered[0], project)


def _refuse_same_names(experiments: Sequence[LoadedExperiment]) -> None:
    first: dict[str, Path] = {}
    for experiment in experiments:
        other = first.setdefault(experiment.spec.name, experiment.path)
        if other != experiment.path:
            raise InputError(f"{experiment.path}: error: the experiment `{experiment.spec.name}` is also in {other}")


def languages(experiments: Iterable[LoadedExperiment]) -> frozenset[str]:
    """What the objects of experiments are written in, and the tools that they name to be made and edited with."""
    known = list(experiments)
    written = (used(loaded.spec.experiment, loaded.spec.document.data()) for loaded in known)
    edited = (editing.used(loaded.spec.experiment) for loaded in known)
    making = (makers.used(loaded.spec.experiment) for loaded in known)
    return frozenset[str]().union(*written, *edited, *making)
