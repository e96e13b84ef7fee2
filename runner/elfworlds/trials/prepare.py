"""All that a trial has beside its command line: what lies in its directory, and a cache of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.outcome import Untried, unresolved, unsupported
from elfworlds.trials import cache, limits, privilege, terminal
from elfworlds.trials.attempt import files_directory
from elfworlds.trials.layout import lay_out
from elfworlds.trials.machine import nowhere, wanted

if TYPE_CHECKING:
    from pathlib import Path

    from elfworlds.backends import Build
    from elfworlds.planning import Trial
    from elfworlds.process import Runner
    from elfworlds.toolchains import Toolchain
    from elfworlds.trials.machine import Machine


TERMINAL = "pty"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A trial that can begin.

    Attributes:
        toolchain: the trial's, with the world as this trial sees it.
        notes: what is to be said of how it begins.
    """

    toolchain: Toolchain
    notes: tuple[str, ...] = ()


def impossible(trial: Trial, toolchain: Toolchain, here: Machine | None) -> str:
    """Why a trial cannot have what it asks for with a toolchain and on a machine; empty where it can."""
    bound, label = trial.bound, wanted(trial)
    if here and label and not here.answers(label):
        return nowhere(label)
    if bound.capture == TERMINAL and (why := terminal.unsupported()):
        return why
    if why := limits.unsupported(bound):
        return why
    return privilege.unsupported(bound, toolchain) or privilege.unwatched(trial) or cache.unsupported(bound, toolchain)


def prepare(trial: Trial, build: Build, cwd: Path, toolchain: Toolchain, run: Runner) -> Prepared | Untried:
    """Lay out a trial's files in its directory, which is empty; or say why the trial cannot be tried with them."""
    bound, build = trial.bound, build.within(files_directory(trial, cwd))
    try:
        lay_out(bound.files, cwd, build)
        if closed := privilege.unreachable(bound, str(cwd), build):
            return unsupported(closed)
        own = cache.make(bound, build, cwd, toolchain, run)
    except OSError as error:
        return unresolved(f"its files cannot be laid out: {error}")
    return own if isinstance(own, Untried) else Prepared(own, privilege.notes(bound))
