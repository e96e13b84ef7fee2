"""What the runner and its workers send each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.observers.table import OBSERVERS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from elfworlds.backends import Build, Failure
    from elfworlds.planning import Trial
    from elfworlds.store.parcel import Parcel
    from elfworlds.toolchains import Toolchain
    from elfworlds.trials.machine import Machine
    from elfworlds.trials.observe import Observation

Identity = tuple[str, tuple[tuple[str, str], ...]]  # the digest of a toolchain, and its versions


def identity_of(toolchain: Toolchain) -> Identity:
    """What has to be the same on two machines for a trial to be the same trial."""
    return toolchain.digest, tuple(sorted(toolchain.versions.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All that a worker needs to know before it builds or tries anything of one experiment.

    Attributes:
        id: of this run; no two have the same.
        version: the runner's.
        store: where objects lie, here and there.
        toolchains: name → identity.
        pins: the files that pin them: name → text.
        languages: what objects are written in: a toolchain tells of their compilers too.
        sandbox: whether the run asked for the sandbox.
    """

    id: str
    version: str
    store: str
    toolchains: Mapping[str, Identity]
    pins: Mapping[str, str]
    languages: Collection[str]
    sandbox: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Work(Run):
    """All that the trials of one experiment share.

    Attributes:
        sha256s: key → digest of the object; of a tree's file, the tree's key → nothing.
        entries: key of an object → key of the store's entry that it lies in.
        names, build, broken, question, programs, retries, impossible, builders: as of `TrialRunner`.
    """

    sha256s: Mapping[str, str]
    entries: Mapping[str, str]
    names: Mapping[str, str]
    build: Build
    broken: Mapping[str, str]
    question: str
    programs: Mapping[str, str]
    retries: int
    impossible: Mapping[str, str]
    builders: Mapping[str, str]

    def entries_of(self, trials: Sequence[Trial]) -> dict[str, str]:
        """Keys of the store's entries that trials need → their digests; an object that was not built has none."""
        keys = [key for trial in trials for key in _keys(trial)]
        return {self.entries[key]: self.sha256s[self.entries[key]] for key in keys if key in self.entries}


def _keys(trial: Trial) -> tuple[str, ...]:
    return (*trial.bound.keys, *([trial.bound.subject] if trial.bound.kind == "inspect" else []))


def toolchains_of(trial: Trial) -> tuple[str, ...]:
    """The toolchains that a trial is tried with; others only build."""
    bound = trial.bound
    borrowed = dict(trial.point).get(OBSERVERS[trial.observer].axis, bound.toolchain)
    return tuple(dict.fromkeys((bound.toolchain, borrowed, *bound.sees)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a worker says of any task.

    Attributes:
        work: the id of the run.
        machine: where it is.
        why: why it does not do it, or not all of it; empty where it did.
        entry: the key of what was sent and is wrong, or empty.
        lacks: the name of a toolchain that it can make of files that it cannot fetch, or empty.
    """

    work: str
    machine: Machine
    why: str = ""
    entry: str = ""
    lacks: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Said):
    """What a worker says of a task's trials.

    Attributes:
        observations: what came of the trials, in their order; fewer where `why` says why.
        seconds: how long these trials took, without what had to come first.
    """

    observations: tuple[Observation, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Made(Said):
    """What a worker says of an object that it was to build.

    Attributes:
        parcel: the store's entry; None where there is none.
        sha256: of the object.
        failure: why its commands failed; None where they did not.
    """

    parcel: Parcel | None = None
    sha256: str = ""
    failure: Failure | None = None


def why_refused(answer: Answer, trials: Sequence[Trial], work: Work) -> str:
    """Why an answer cannot be the one to these trials of a run; empty where it can."""
    if answer.work != work.id:
        return "it is of another run"
    if len(answer.observations) > len(trials) or (len(answer.observations) < len(trials) and not answer.why):
        return f"it has {len(answer.observations)} observations of {len(trials)} trials"
    for observation, trial in zip(answer.observations, trials, strict=False):
        if observation.trial.id != trial.id:
            return f"it is of the trial {observation.trial.id}, not of {trial.id}"
        if observation.trial != trial:
            return f"its trial {trial.id} is not the one that was planned"
    return ""
