"""The parts of a run, tried on several machines → the run as one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds.errors import InputError
from elfworlds.records.run import settled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from elfworlds.records import RunRecord


def together(runs: Iterable[RunRecord]) -> list[RunRecord]:
    """The runs, with those that are parts of one put together; in the order in which each first comes.

    Of a whole, environment, notes and the command that makes it again are the first part's.

    Raises:
        InputError: a part is missing, or there twice; or two of them call different things by one name.
    """
    wholes: dict[tuple[str, str], list[RunRecord]] = {}
    for place, run in enumerate(runs):
        wholes.setdefault((run.name, run.whole or f"{place}"), []).append(run)
    return [_whole(parts) if parts[0].shard else parts[0] for parts in wholes.values()]


def remarks(runs: Iterable[RunRecord]) -> list[str]:
    """A sentence for each run whose parts, or whose trials on a cluster, were tried on machines that differ."""
    machines: dict[tuple[str, str], set[str]] = {}
    for run in runs:
        what = "shards" if run.shard else "trials"
        machines.setdefault((run.name, what), set()).update(_kinds(run))
    return [
        f"{name}: its {what} were tried on machines that differ: {'; '.join(sorted(kinds))}"
        for (name, what), kinds in sorted(machines.items())
        if len(kinds) > 1
    ]


def _kinds(run: RunRecord) -> set[str]:
    """Kernel, architecture and processor of each machine that tried trials of a part or on a cluster."""
    kinds = {
        f"{trial.on_kernel} on {trial.on_architecture}, {trial.on_cpu}"
        for trial in run.trials
        if trial.ran_on is not None
    }
    where = run.environment
    return kinds or ({f"{where.kernel} on {where.machine}, {where.cpu}"} if run.shard else set())


def _whole(parts: Sequence[RunRecord]) -> RunRecord:
    parts = sorted(parts, key=lambda run: int(run.shard.partition("/")[0]))
    _refuse_gaps(parts)
    _refuse_mixtures(parts)
    first = parts[0]
    trials = sorted((trial for run in parts for trial in run.trials), key=lambda trial: trial.number)
    return replace(
        first,
        planned=sum(run.planned for run in parts),
        trials=settled(trials),
        events=[event for run in parts for event in run.events],
        traces=[trace for run in parts for trace in run.traces],
        objects=list({(made.object, made.key): made for run in parts for made in run.objects}.values()),
        made_with=_joined([run.made_with for run in parts]),
        shard="",
        whole="",
    )


def _joined(
    of_parts: Sequence[Mapping[str, Mapping[str, Mapping[str, Mapping[str, str]]]]],
) -> dict[str, dict[str, dict[str, Mapping[str, str]]]]:
    """What made the objects of each scenario, which parts of it know of the labels that they tried."""
    joined: dict[str, dict[str, dict[str, Mapping[str, str]]]] = {}
    for made_with in of_parts:
        for scenario, axes in made_with.items():
            for axis, labels in axes.items():
                joined.setdefault(scenario, {}).setdefault(axis, {}).update(labels)
    return joined


def _refuse_gaps(parts: Sequence[RunRecord]) -> None:
    name, of = parts[0].name, parts[0].shard.partition("/")[2]
    there = [run.shard for run in parts]
    wanted = [f"{number}/{of}" for number in range(1, int(of) + 1)]
    if there == wanted:
        return
    twice = sorted({shard for shard in there if there.count(shard) > 1})
    if twice:
        raise InputError(f"{name}: two runs are its shard {twice[0]}", hint="name one of them")
    missing = [shard for shard in wanted if shard not in there]
    hint = "name the runs of all shards" if missing else "the shards are of different divisions"
    raise InputError(f"{name}: no run is its shard {', '.join(missing) or wanted[0]}", hint=hint)


def _refuse_mixtures(parts: Sequence[RunRecord]) -> None:
    """One label has to be one thing: a cell whose repetitions come from several would be of none."""
    known: dict[str, tuple[str, Mapping[str, str]]] = {}
    for run in parts:
        for toolchain in run.environment.toolchains:
            versions = {**toolchain.packages, **toolchain.versions}
            shard, before = known.setdefault(toolchain.name, (run.shard, versions))
            differing = sorted(part for part in {*before, *versions} if before.get(part) != versions.get(part))
            if differing:
                part = differing[0]
                raise InputError(
                    f"{run.name}: {toolchain.name} has {part} {before.get(part, 'not at all')} in shard {shard}"
                    f" and {versions.get(part, 'not at all')} in shard {run.shard}",
                    hint="shards of one run need the same; pinned roots are the same everywhere",
                )
