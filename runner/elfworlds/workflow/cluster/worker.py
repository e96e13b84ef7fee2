"""`elfworlds worker`: a worker of dask, one trial at a time for each processor; lost, it comes back."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from distributed import Security, Worker

from elfworlds import paths
from elfworlds.environment import this_machine
from elfworlds.errors import InterruptedRunError
from elfworlds.workflow.cluster.registered import telling
from elfworlds.workflow.cluster.room import Room

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How a worker serves.

    Attributes:
        scheduler: its address, `tcp://HOST:PORT` or `tls://HOST:PORT`.
        jobs: trials at once.
        trust: whether runs may do without the sandbox.
        certificates: what dask's `Security` is told: the files of the cluster's certificates.
    """

    scheduler: str
    name: str
    jobs: int
    trust: bool
    certificates: Mapping[str, str]
    environment: Mapping[str, str]
    tell: Callable[[str], None]


def serve(serving: Serving) -> None:
    """Serve until an interrupt; a worker that the scheduler lost, or that lost it, registers again."""
    with tempfile.TemporaryDirectory(prefix="elfworlds-worker-") as place:
        try:
            asyncio.run(_again_and_again(serving, Path(place)))
        except asyncio.CancelledError:
            raise InterruptedRunError("interrupted") from None


async def _again_and_again(serving: Serving, place: Path) -> None:
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    while True:
        try:
            await _once(serving, place)
            serving.tell(f"{serving.name}: {serving.scheduler} has let go of it; it registers again")
        except (OSError, TimeoutError) as error:
            serving.tell(f"{serving.name}: no scheduler at {serving.scheduler}: {error}")
        await asyncio.sleep(AGAIN_SECONDS)


async def _once(serving: Serving, place: Path) -> None:
    room = Room(serving.environment, paths.here(), place / "trials", trust=serving.trust)
    async with Worker(
        serving.scheduler,
        name=serving.name,
        nthreads=serving.jobs,
        local_directory=str(place),
        security=Security(**serving.certificates),
        plugins=(room,),
        death_timeout=60,
        startup_information=telling(this_machine(serving.name)),
    ) as worker:
        serving.tell(f"{serving.name} serves {serving.scheduler}, {serving.jobs} trials at once, at {worker.address}")
        await worker.finished()
