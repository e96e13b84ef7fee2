"""Which workers of a scheduler get tasks of a run, which do not, and what is said of these."""

from __future__ import annotations

from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elfworlds.errors import InterruptedRunError
from elfworlds.store import parcel
from elfworlds.workflow.cluster.furnishing import Furnishing
from elfworlds.workflow.cluster.shelf import same
from elfworlds.workflow.cluster.stopping import stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from distributed import Client, Future

    from elfworlds.toolchains.family import Source
    from elfworlds.workflow.cluster.messages import Run, Said

    Sent = Future[Any]


LONGEST_WITHOUT_WORKERS = 60.0


@dataclass(slots=True)
class Workers:
    """The workers of a client's scheduler.

    Attributes:
        run: whose tasks they are.
        shared: the run, as it is sent with each task.
        refuse: what a worker does that gets no tasks: `tries none of these trials`.
        furnishing: sends files of toolchains to workers that lack them.
        refused: the workers that get no more tasks, by address, and why.
        seen: addresses of the workers that there were a moment ago.
        parcels: key of an entry of the store → what is sent of it.
    """

    client: Client
    run: Run
    shared: Sent
    refuse: str
    tell: Callable[[str], None]
    furnishing: Furnishing
    refused: dict[str, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    parcels: dict[str, Sent] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        client: Client,
        run: Run,
        refuse: str,
        tell: Callable[[str], None],
        sources: Callable[[str], Sequence[Source]],
    ) -> Workers:
        """The workers of a client; `sources` are the files of a toolchain."""
        shared = client.submit(same, run, key=f"run-{run.id}")
        return cls(client, run, shared, refuse, tell, Furnishing(client, run.id, run.store, sources))

    def there(self) -> Mapping[str, int]:
        """Address of each worker → how many tasks it does at once."""
        self.alive()
        with self.talking():
            workers: Mapping[str, int] = self.client.nthreads()
        for place in sorted(self.seen - set(workers)):
            self.tell(
                f"the worker at {place} is lost; its tasks run again elsewhere, and what it still says is dropped"
            )
        self.seen = set(workers)
        for place, why in self.furnishing.ended(workers):
            if why:
                self.out(place, f"worker {place} {self.refuse}: {why}")
        return workers

    def allowed(self, there: Mapping[str, int]) -> dict[str, int]:
        """Those that may get a task now."""
        return {
            place: n for place, n in there.items() if place not in self.refused and place not in self.furnishing.going
        }

    def alive(self) -> None:
        """See whether there is a scheduler.

        Raises:
            InterruptedRunError: it is gone.
        """
        if self.client.status != "running":
            raise self.over("the scheduler is gone")

    @contextmanager
    def talking(self) -> Iterator[None]:
        """What is asked of a scheduler, which may die meanwhile."""
        try:
            yield
        except (CancelledError, TimeoutError, OSError):
            raise self.over("the scheduler is gone") from None

    def over(self, why: str) -> InterruptedRunError:
        """The end of a run that the next one goes on with."""
        self.tell(why)
        return InterruptedRunError(why)

    def holders(self, future: Sent) -> list[str]:
        """Addresses of the workers that have what a task gave."""
        with self.talking():
            return list(self.client.who_has([future]).get(future.key, ()))

    def out(self, place: str, why: str) -> None:
        """Give a worker no more tasks, and say why."""
        if place not in self.refused:
            self.refused[place] = why
            self.tell(why)

    def lied(self, future: Sent, said: Said, why: str) -> None:
        """Refuse whoever answered something that cannot be true."""
        self.out(next(iter(self.holders(future)), ""), f"worker {said.machine.name} is refused: {why}")

    def parcel(self, key: str) -> Sent:
        """An entry of the store, which the scheduler keeps and workers hand on to each other."""
        if key not in self.parcels:
            packed = parcel.pack(Path(self.run.store), key)
            self.parcels[key] = self.client.submit(same, packed, key=f"entry-{self.run.id}-{key}-{len(self.refused)}")
        return self.parcels[key]

    def submit(self, task: Callable[..., Said], *what: object, key: str, where: list[str] | None) -> Sent:
        """Have a task of the run done; `where` are the workers that may do it, None for all."""
        return self.client.submit(task, self.shared, *what, key=key, workers=where, retries=0)

    def declined(self, said: Said, place: str) -> None:
        """A worker did not do all of a task: send it what it lacks, or refuse it, or whoever sent it a wrong object."""
        name, vain = said.machine.name, self._furnish(said, place) if said.lacks else ""
        if said.lacks and not vain:
            return
        if not said.entry:
            self.out(place, f"worker {name} {self.refuse}: {'; '.join(filter(None, (said.why, vain)))}")
            return
        sent = self.parcels.pop(said.entry, None)  # of several answers the first takes it out
        for holder in self.holders(sent) if sent is not None else ():
            if holder != place:
                self.out(holder, f"worker {holder} is refused: {name} had from it {said.why}")

    def _furnish(self, said: Said, place: str) -> str:
        """Send a worker the files of the toolchain that it lacks; why that is in vain, or empty."""
        if place in self.furnishing.going:
            return ""
        with self.talking():
            why = self.furnishing.begin(place, said.lacks)
        if not why:
            self.tell(f"worker {said.machine.name} is sent the files of {said.lacks}")
        return why

    def stop(self) -> None:
        """Have nothing of the run left on the workers."""
        if self.client.status == "running":
            with suppress(CancelledError, TimeoutError, OSError):  # a scheduler that is gone has nothing left
                self.client.run(stop, self.run.id, wait=False, on_error="ignore")
