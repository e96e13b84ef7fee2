"""How tests wait: for what happens, not for so long. Limits only guard against hanging, under load too."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")
AGES = 600.0  # seconds in which anything that a test starts has ended, however busy the machine is
LONGER = (1.0, 4.0, 16.0, 64.0, 256.0)
POLL_SECONDS = 0.01
TIMES = int(os.environ.get("FUZZ_TIMES", "1"))  # as many examples as usual: `make slow` tries more


def heed_signals() -> None:
    """The `preexec_fn` of a child that a test interrupts: nohup(1) and a script's `&` have these signals ignored."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def wait_until(done: Callable[[], bool]) -> None:
    """What never comes is a failure, not a hang."""
    end = time.monotonic() + AGES
    while not done():
        assert time.monotonic() < end, "it never came"
        time.sleep(POLL_SECONDS)


def longer() -> Iterator[float]:
    """Time limits for a program that has to get somewhere before its time is up; how fast it is nobody knows."""
    yield from LONGER


def patiently(attempt: Callable[[float], T], there: Callable[[T], bool]) -> T:
    """What comes of an attempt whose time limit was long enough to get there, or of the last one."""
    for limit in longer():
        found = attempt(limit)
        if there(found):
            break
    return found
