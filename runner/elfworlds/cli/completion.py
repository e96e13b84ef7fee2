"""What a shell offers at the tab key: experiments, runs, scenarios, labels of axes. It never fails and says nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from typer import Context  # noqa: TC002  # typer finds a parameter by its type

from elfworlds.errors import ElfworldsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from elfworlds.workflow.experiments import LoadedExperiment


def experiments(incomplete: str) -> list[str]:
    """Names of experiments here; files and directories are the shell's own work."""
    from elfworlds.workflow.experiments import experiment_files

    try:
        files = experiment_files(Path("experiments"))
    except ElfworldsError:
        return []
    return _beginning(incomplete, [path.stem for path in files if path.suffix])


def runs(incomplete: str) -> list[str]:
    """Experiments that were run here."""
    return _beginning(incomplete, sorted(path.parent.name for path in Path("results").glob("*/latest")))


def scenarios(ctx: Context, incomplete: str) -> list[str]:
    """The scenarios of the experiments on the command line."""
    return _beginning(incomplete, (name for loaded in _loaded(ctx) for name in loaded.spec.experiment.scenarios))


def labels(ctx: Context, incomplete: str) -> list[str]:
    """`AXIS=LABEL` for the experiments on the command line."""
    from elfworlds.workflow.plans import make_plan
    from elfworlds.workflow.toolchains import stand_ins

    plans = [make_plan(loaded, stand_ins([loaded])) for loaded in _loaded(ctx)]
    return _beginning(incomplete, (f"{axis}={label}" for plan in plans for axis, of in plan.axes for label in of))


def _loaded(ctx: Context) -> Iterator[LoadedExperiment]:
    from elfworlds.workflow.experiments import load_all

    words = (word for word in ctx.args if not word.startswith("-"))  # a line that is not whole is left unparsed
    for path in ctx.params.get("experiments") or words:
        try:
            yield from load_all([Path(path)], Path.cwd())
        except ElfworldsError:
            continue


def _beginning(incomplete: str, words: Iterable[str]) -> list[str]:
    return [word for word in dict.fromkeys(words) if word.startswith(incomplete)]
