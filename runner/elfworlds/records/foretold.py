"""What was foretold of a trial, as a record."""

from __future__ import annotations

from dataclasses import dataclass

LOADS, GONE, COPIES = "loads", "gone", "copies"


@dataclass(frozen=True, slots=True)
class ForetoldRecord:
    """What `advise` foretold of the first library that a program opens, before anybody looked.

    Attributes:
        question: `loads`, `gone` or `copies`.
        event: the one of the trial that answers it.
        object: the library's name in the experiment, or its path.
        foretold: `yes`, `no`, or a number.
        why: what decides; empty where nothing stands against it.
    """

    question: str
    event: str
    object: str
    way: str
    foretold: str
    why: str
