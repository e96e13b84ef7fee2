"""How a run's trials are ended on a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.workflow.cluster.room import NAME, Room

if TYPE_CHECKING:
    from distributed import Worker


async def stop(work: str, dask_worker: Worker) -> None:
    """End every trial of a run that a worker tries now; dask gives the worker."""
    room = dask_worker.plugins.get(NAME)
    if isinstance(room, Room):
        room.leave(work)
