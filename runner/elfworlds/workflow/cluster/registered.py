"""What workers tell the scheduler of their machines when they register, and what a runner asks it for."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from elfworlds.trials.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from distributed import Client, Worker

KEY = "elfworlds"


def telling(machine: Machine) -> Mapping[str, Callable[[Worker], dict[str, str]]]:
    """What dask asks a worker at its registration."""
    return {KEY: lambda _worker: asdict(machine)}


def machines(client: Client) -> dict[str, Machine]:
    """Address of each worker → its machine; a worker that says nothing of it has only its name."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    return {place: _machine(str(told.get("name", place)), told.get(KEY)) for place, told in workers.items()}


def _machine(name: str, told: object) -> Machine:
    known = told if isinstance(told, dict) else {}
    kernel, cpu, architecture = (str(known.get(part, "")) for part in ("kernel", "cpu", "architecture"))
    return Machine(name, kernel, cpu, architecture)
