"""What is known of trials and objects → flat records, as they stand in the run's files."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from elfworlds.outcome.observed import ABSENT, lookup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.backends import Build
    from elfworlds.planning import Plan
    from elfworlds.trials.observe import Observation

SCHEMA = 1
SHOWN_CHARACTERS = 60


def trial_record(observation: Observation) -> dict[str, Any]:
    """One trial as one flat record; times are seconds, sizes are bytes unless the name says otherwise."""
    trial, judged, done = observation.trial, observation.judgement, observation.completed
    return {
        "schema": SCHEMA,
        "number": trial.number,
        "trial": trial.id,
        "scenario": trial.scenario,
        "point": dict(trial.point),
        "observer": trial.observer,
        "repeat": trial.repeat,
        "outcome": judged.outcome,
        "expected": judged.expected,
        "verdict": judged.verdict,
        "why": judged.why,
        "shown": {name: _shown(observation.values, name) for name in trial.bound.show},
        "attempts": list(observation.attempts),
        "notes": list(observation.notes),
        "exit": observation.values.get("exit"),
        "signal": observation.values.get("signal"),
        "timed_out": done.timed_out if done else None,
        "wall_s": round(done.wall_s, 6) if done else None,
        "user_s": round(done.user_s, 6) if done else None,
        "sys_s": round(done.sys_s, 6) if done else None,
        "max_rss_kb": done.max_rss_kb if done else None,
        "stdout_bytes": done.stdout.total if done else None,
        "stderr_bytes": done.stderr.total if done else None,
        "cut_bytes": done.stdout.cut + done.stderr.cut if done else None,
        "command": shlex.join(observation.command.argv) if observation.command else None,
        "claims": [asdict(one) for one in judged.claims],
    }


def event_records(observation: Observation) -> list[dict[str, Any]]:
    """What happened in a trial beside its end: what its program told, and processes that had to be killed."""
    left = observation.completed.left if observation.completed else ()
    trial = observation.trial.id
    heads = [{"trial": trial, "event": one.name, "verb": one.verb} for one in observation.events]
    told = [{**head, **one.fields, **head} for head, one in zip(heads, observation.events, strict=True)]
    return [*told, *({"trial": trial, "event": "left-behind", **asdict(one)} for one in left)]


def object_records(plan: Plan, build: Build) -> list[dict[str, Any]]:
    """Every object of the experiment that was built, with its ELF facts."""
    records = []
    for placed in plan.placements:
        artifact = build.artifacts.get(placed.key)
        if artifact is None:
            continue
        facts = {name.replace("-", "_"): value for name, value in artifact.facts.facts().items()}
        records.append(
            {
                "object": placed.object,
                "at": dict(placed.at),
                "key": placed.key,
                "path": artifact.path,
                "sha256": artifact.sha256,
                "toolchain": plan.requests[placed.key].toolchain,
                "needs": list(placed.needs),
                **facts,
                "compiler_output": artifact.output,
            }
        )
    return records


def _shown(values: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401  # any value
    """A value as it stands beside an outcome: a long text is cut, and what a trial did not give is missing."""
    value = lookup(values, name)
    if value is ABSENT:
        return None
    return value if not isinstance(value, str) or len(value) <= SHOWN_CHARACTERS else f"{value[:SHOWN_CHARACTERS]}…"
