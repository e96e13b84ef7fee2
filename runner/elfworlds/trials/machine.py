"""Machines that trials run on, and which of them a label of the axis `machine` means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elfworlds.planning import Trial

AXIS = "machine"


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a trial ran.

    Attributes:
        name: the worker's.
        kernel: its name, release and version, as uname(2) has them.
        cpu: the processor's name, as the kernel gives it.
        architecture: as uname(2) calls it, `x86_64`.
    """

    name: str
    kernel: str
    cpu: str
    architecture: str

    def answers(self, label: str) -> bool:
        """Whether a label of the axis `machine` means it: its name, architecture, or kernel's release or its beginning.

        `6.1` begins 6.1.55, and not 6.12.
        """
        release = (self.kernel.split(maxsplit=2)[1:2] or [""])[0]
        begins = release.startswith(label) and not release[len(label) : len(label) + 1].isdigit()
        return label in (self.name, self.architecture) or (label[:1].isdigit() and begins)


def wanted(trial: Trial) -> str:
    """The label of the machine that a trial is for; empty where it is for any."""
    return dict(trial.point).get(AXIS, "")


def nowhere(label: str) -> str:
    """Why a trial of a machine that there is not is UNSUPPORTED."""
    return f"no worker is registered whose name, architecture or kernel is `{label}`"
