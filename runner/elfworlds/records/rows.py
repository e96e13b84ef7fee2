"""What is known of trials, objects and traces → the records that a run's files hold."""

from __future__ import annotations

import re
import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING

from elfworlds.outcome.observed import ABSENT, lookup
from elfworlds.records.places import Directory
from elfworlds.records.types import ClaimRecord, EventRecord, ObjectRecord, TreeRecord, TrialRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.backends import Build
    from elfworlds.jsondata import Json, JsonObject
    from elfworlds.planning import Plan
    from elfworlds.trials.observe import Observation

SHOWN_CHARACTERS = 60
LONG_PATH = re.compile(r"(?<![\w.}])/(?:[^\s/:'\"]+/){2,}([^\s/:'\"()]+)")
LONG_NAME = re.compile(r"^(.{12}).{2,}(.{8})$")
HEAD = ("trial", "event", "verb")


def trial_record(observation: Observation) -> TrialRecord:
    """One trial as one flat record."""
    trial, judged, done = observation.trial, observation.judgement, observation.completed
    values, there, where = observation.values, Directory(observation.directory), observation.machine
    exit_status, signal = values.get("exit"), values.get("signal")
    return TrialRecord(
        number=trial.number,
        trial=trial.id,
        scenario=trial.scenario,
        point=dict(trial.point),
        observer=trial.observer,
        repeat=trial.repeat,
        outcome=judged.outcome,
        expected=judged.expected,
        verdict=judged.verdict,
        why=there.maybe(judged.why),
        shown={name: _shown(values, name, there) for name in trial.bound.show},
        attempts=observation.attempts,
        notes=tuple(map(there.text, observation.notes)),
        exit=exit_status if isinstance(exit_status, int) else None,
        signal=signal if isinstance(signal, str) else None,
        timed_out=done.timed_out if done else None,
        wall_s=round(done.wall_s, 6) if done else None,
        user_s=round(done.user_s, 6) if done else None,
        sys_s=round(done.sys_s, 6) if done else None,
        max_rss_kb=done.max_rss_kb if done else None,
        stdout_bytes=done.stdout.total if done else None,
        stderr_bytes=done.stderr.total if done else None,
        cut_bytes=done.stdout.cut + done.stderr.cut if done else None,
        command=there.text(shlex.join(observation.command.argv)) if observation.command else None,
        claims=tuple(ClaimRecord(claim.id, claim.says, claim.claimed, claim.verdict) for claim in judged.claims),
        events=None,
        written={},
        ran_on=where.name if where else None,
        on_kernel=where.kernel if where else None,
        on_cpu=where.cpu if where else None,
        on_architecture=where.architecture if where else None,
    )


def event_records(observation: Observation) -> Iterator[EventRecord]:
    """What happened in a trial beside its end: what its program told, and processes that had to be killed."""
    trial, there = observation.trial.id, Directory(observation.directory)
    for event in observation.events:
        fields = {name: there.json(value) for name, value in event.fields.items() if name not in HEAD}
        yield EventRecord(trial, there.text(event.name), {"verb": event.verb, **fields})
    for left in observation.completed.left if observation.completed else ():
        yield EventRecord(trial, "left-behind", asdict(left))


def object_records(plan: Plan, build: Build) -> Iterator[ObjectRecord]:
    """Every object of the experiment that was built, with its ELF facts."""
    for placed in plan.placements:
        artifact = build.artifacts.get(placed.key)
        if artifact is None:
            continue
        facts = artifact.facts
        yield ObjectRecord(
            object=placed.object,
            at=dict(placed.at),
            key=placed.key,
            path=artifact.path,
            sha256=artifact.sha256,
            toolchain=plan.requests[placed.key].toolchain,
            needs=tuple(placed.needs),
            type=facts.type,
            machine=facts.machine,
            interp=facts.interp,
            soname=facts.soname,
            needed=facts.needed,
            rpath=facts.rpath,
            runpath=facts.runpath,
            build_id=facts.build_id,
            flags=facts.flags,
            execstack=facts.execstack,
            compiler_output=artifact.output,
        )


def tree_records(plan: Plan) -> tuple[TreeRecord, ...]:
    """Every tree of which objects are files."""
    return tuple(
        TreeRecord(tree.name, key, tree.manifest.files, tree.manifest.size, plan.of_tree(key))
        for key, tree in plan.trees.items()
    )


def _shown(values: JsonObject, name: str, there: Directory) -> Json:
    """A value as it stands beside an outcome; what a trial did not give is missing."""
    value = lookup(values, name)
    if value is ABSENT:
        return None
    value = there.json(value)
    return shortened(value) if isinstance(value, str) else value


def shortened(text: str) -> str:
    """A text of at most `SHOWN_CHARACTERS`, and an ellipsis.

    The loader's messages name a file by its path before they say what is wrong with it. So a long text first loses the
    directories of absolute paths and the middle of the files' long names, and only then its end.
    """
    if len(text) > SHOWN_CHARACTERS:
        text = LONG_PATH.sub(lambda path: "…/" + LONG_NAME.sub(r"\1…\2", path[1]), text)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
