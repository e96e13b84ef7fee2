"""The runner's side of builds: which worker builds an object, and whether what came is that object."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elfworlds.errors import InterruptedRunError
from elfworlds.store import parcel
from elfworlds.store.entries import entry_of
from elfworlds.store.parcel import WrongParcelError
from elfworlds.workflow.cluster.room import made
from elfworlds.workflow.cluster.workers import LONGEST_WITHOUT_WORKERS, Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from distributed import Future

    from elfworlds.backends import Artifact, Failure
    from elfworlds.backends.types import Order
    from elfworlds.workflow.cluster.messages import Made

    Sent = Future[Any]

WAKE_SECONDS = 0.5
HERE = "this machine"


@dataclass(slots=True)
class Builders:
    """A run's objects, built by the workers of a scheduler; each object has a thread here that waits for it.

    Attributes:
        few: how many may be built here at once, where no worker builds.
        built: name of a machine → how many objects.
        lock: held by whoever asks or changes `workers`.
        stopped: set where nobody is to wait any longer.
    """

    workers: Workers
    few: threading.Semaphore
    built: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stopped: threading.Event = field(default_factory=threading.Event)
    numbers: Iterator[int] = field(default_factory=count)

    def build(self, order: Order, here: Callable[[], Artifact | Failure]) -> Artifact | Failure | None:
        """Have an object built, and its entry in the store; it is built here where no worker does it.

        Raises:
            InterruptedRunError: the run was stopped, or the scheduler is gone.
        """
        order = _own(order)
        while places := self._places():
            future = self._submit(order, places)
            came = self._waited(future, places)
            if future.status == "error":
                self._say(f"{order.request.name} is built here: {future.exception()}")
                break
            if came is not None and self._accepted(future, came, order):
                self.built[came.machine.name] += 1
                return came.failure
        with self.few:
            self.built[HERE] += 1
            return here()

    def _places(self) -> Mapping[str, int]:
        """The workers that build; none where none may, or where none came for a while."""
        until = time.monotonic() + LONGEST_WITHOUT_WORKERS
        while not self.stopped.is_set():
            with self.lock:
                there = self.workers.there()
                allowed = self.workers.allowed(there)
                waits = self.workers.furnishing.going if there else time.monotonic() < until
                if allowed or not waits:
                    return allowed
            time.sleep(WAKE_SECONDS)
        raise InterruptedRunError("interrupted")

    def _submit(self, order: Order, places: Mapping[str, int]) -> Sent:
        entries = _entries(order, Path(self.workers.run.store))
        with self.lock:
            sent = [self.workers.parcel(key) for key in entries]
            where = list(places) if len(places) < len(self.workers.seen) else None
            key = f"build-{self.workers.run.id}-{order.request.key}-{next(self.numbers)}"
        return self.workers.submit(made, order, entries, sent, key=key, where=where)

    def _waited(self, future: Sent, places: Mapping[str, int]) -> Made | None:
        """What a worker said; None where all that might say something are gone."""
        ended = threading.Event()
        future.add_done_callback(lambda _: ended.set())
        while not ended.wait(WAKE_SECONDS):
            if self.stopped.is_set():
                raise InterruptedRunError("interrupted")
            with self.lock:
                if self.workers.there().keys().isdisjoint(places):
                    return None
        with self.lock:
            self.workers.alive()
            with self.workers.talking():
                came: Made | None = self.workers.client.gather({0: future}, errors="skip").get(0)
                return came

    def _accepted(self, future: Sent, came: Made, order: Order) -> bool:
        """Whether a worker did what it was asked; its object then lies in the store."""
        why = "" if came.why else self._why_wrong(came, order)
        if came.why or why:
            with self.lock:
                if why:
                    self.workers.lied(future, came, why)
                else:
                    self.workers.declined(came, next(iter(self.workers.holders(future)), ""))
        return not (came.why or why)

    def _why_wrong(self, came: Made, order: Order) -> str:
        """Put what came into the store; why that cannot be, or empty."""
        key = order.request.key
        if came.failure is not None:
            return "" if came.failure.key == key else f"it failed to build {came.failure.key}, not {key}"
        if came.work != self.workers.run.id or came.parcel is None:
            return f"it has no object of {order.request.name}"
        try:
            parcel.put(Path(self.workers.run.store), came.parcel, key, came.sha256)
        except WrongParcelError as error:
            return f"its object of {order.request.name} is wrong: {error}"
        return ""

    def _say(self, words: str) -> None:
        with self.lock:
            self.workers.tell(words)

    def stop(self) -> None:
        """Have nothing of this run left on the workers, and nobody wait for them."""
        self.stopped.set()
        self.workers.stop()


def _own(order: Order) -> Order:
    """An order with what its object is made of, and no more."""
    needs, inputs = order.request.needs, dict(order.request.inputs).values()
    return replace(
        order,
        artifacts={key: order.artifacts[key] for key in needs if key in order.artifacts},
        files={sha256: order.files[sha256] for sha256 in inputs},
    )


def _entries(order: Order, store: Path) -> dict[str, str]:
    """Key of each entry of the store that an order needs → digest of the object; of a tree nothing."""
    there = [(entry_of(artifact.directory, store), artifact) for artifact in order.artifacts.values()]
    return {entry: artifact.sha256 if entry == artifact.key else "" for entry, artifact in there if entry}
