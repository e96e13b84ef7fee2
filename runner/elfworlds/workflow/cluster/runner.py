"""The runner's side: which trial goes where, what is accepted, and what is said of the rest."""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

import dask
from distributed import Client

from elfworlds.errors import InputError, InterruptedRunError
from elfworlds.outcome import unresolved
from elfworlds.store import parcel
from elfworlds.trials.attempt import Ran
from elfworlds.workflow.cluster.messages import Came, Declined, why_refused
from elfworlds.workflow.cluster.room import answer
from elfworlds.workflow.cluster.stopping import stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from distributed import Future

    from elfworlds.planning import Trial
    from elfworlds.trials.observe import Observation, TrialRunner
    from elfworlds.workflow.cluster.messages import Machine, Work

    Sent = Future[Any]  # a task's result is whatever another machine says

Value = TypeVar("Value")
WAITING_PER_THREAD = 4
WAKE_SECONDS = 0.5
CONNECT_SECONDS = 10.0
LONGEST_WITHOUT_WORKERS = 60.0


def encrypted() -> bool:
    """Whether dask's configuration names the cluster's certificates (DASK_DISTRIBUTED__COMM__TLS__CA_FILE)."""
    return dask.config.get("distributed.comm.tls.ca-file", None) is not None


def same(value: Value) -> Value:
    """The task of what is sent: a scheduler that keeps it can have it made again wherever it was lost."""
    return value


@dataclass(slots=True)
class Cluster:
    """A run's trials on the workers of a scheduler.

    Attributes:
        judge: makes the observation of a trial that nobody could try.
        refused: the workers that get no more of these trials, by address, and why.
        ran: where trials ran, and how many.
        seen: addresses of the workers that there were a moment ago.
    """

    client: Client
    work: Work
    judge: TrialRunner
    tell: Callable[[str], None]
    shared: Sent
    refused: dict[str, str] = field(default_factory=dict)
    ran: Counter[Machine] = field(default_factory=Counter)
    parcels: dict[str, Sent] = field(default_factory=dict)
    under_way: dict[str, Trial] = field(default_factory=dict)
    ended: SimpleQueue[Sent] = field(default_factory=SimpleQueue)
    tries: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, client: Client, work: Work, judge: TrialRunner, tell: Callable[[str], None]) -> Cluster:
        return cls(client, work, judge, tell, client.submit(same, work, key=f"work-{work.id}"))

    def observe(self, trials: Sequence[Trial]) -> Iterator[tuple[Observation, Machine | None]]:
        """Every trial, in the order in which they end, and where it ran; None for one that nobody could try.

        Raises:
            InterruptedRunError: the scheduler is gone, or has no workers.
        """
        waiting = deque(trials)
        while waiting or self.under_way:
            self._hand_out(waiting)
            for future in self._ended():
                came = self._accepted(future, waiting)
                if came is not None:
                    yield came

    def _hand_out(self, waiting: deque[Trial]) -> None:
        allowed = self._allowed() if waiting else {}
        room = sum(allowed.values()) * WAITING_PER_THREAD - len(self.under_way)
        for trial in [waiting.popleft() for _ in range(min(room, len(waiting)))]:
            self.tries[trial.id] += 1
            sent = [self._parcel(key) for key in self.work.entries_of(trial)]
            key = f"trial-{self.work.id}-{trial.number}-{self.tries[trial.id]}"
            where = list(allowed) if self.refused else None
            future = self.client.submit(answer, self.shared, trial, sent, key=key, workers=where, retries=0)
            self.under_way[key] = trial
            future.add_done_callback(self.ended.put)

    def _allowed(self) -> dict[str, int]:
        """Address of each worker that may try these trials → how many at once."""
        until = time.monotonic() + LONGEST_WITHOUT_WORKERS
        while True:
            self._alive()
            with self._talking():
                workers = self.client.nthreads()
            self._tell_lost(set(workers))
            allowed = {place: threads for place, threads in workers.items() if place not in self.refused}
            if allowed or self.under_way:
                return allowed
            if workers or time.monotonic() > until:
                why = "; ".join(dict.fromkeys(self.refused.values())) or "start some with `elfworlds worker`"
                raise self._over(f"no worker tries these trials: {why}")
            time.sleep(WAKE_SECONDS)

    def _tell_lost(self, workers: set[str]) -> None:
        for place in sorted(self.seen - workers):
            self.tell(
                f"the worker at {place} is lost; its trials run again elsewhere, and what it still says is dropped"
            )
        self.seen = workers

    def _parcel(self, key: str) -> Sent:
        """An entry of the store, which the scheduler keeps and workers hand on to each other."""
        if key not in self.parcels:
            packed = parcel.pack(Path(self.work.store), key)
            self.parcels[key] = self.client.submit(same, packed, key=f"entry-{self.work.id}-{key}-{len(self.refused)}")
        return self.parcels[key]

    def _ended(self) -> Iterator[Sent]:
        """What has ended by now; nothing where nothing has for a while."""
        try:
            yield self.ended.get(timeout=WAKE_SECONDS)
            while True:
                yield self.ended.get_nowait()
        except Empty:
            self._alive()

    def _alive(self) -> None:
        if self.client.status != "running":
            raise self._over("the scheduler is gone")

    def _accepted(self, future: Sent, waiting: deque[Trial]) -> tuple[Observation, Machine | None] | None:
        """The observation of a trial; None where there is none, and the trial waits again."""
        trial = self.under_way.pop(str(future.key), None)
        if trial is None:
            self.tell(f"a second answer came for {future.key}: dropped")
            return None
        if future.status in ("lost", "pending"):  # whoever had the result is gone: another one tries it again
            self.under_way[str(future.key)] = trial
            future.add_done_callback(self.ended.put)
            return None
        if future.status == "error":
            return self.judge.judged(trial, Ran(unresolved(f"no worker could try it: {future.exception()}"))), None
        told = self._result(future)
        if isinstance(told, Came) and not why_refused(told, trial, self.work):
            self.ran[told.machine] += 1
            return told.observation, told.machine
        self._refuse(told, trial, next(iter(self._holders(future)), ""))
        waiting.appendleft(trial)
        return None

    def _result(self, future: Sent) -> Came | Declined:
        """What a worker answered.

        Raises:
            InterruptedRunError: the scheduler that knows where it lies is gone.
        """
        with self._talking():
            answered: Came | Declined = future.result()
        return answered

    @contextmanager
    def _talking(self) -> Iterator[None]:
        """What is asked of a scheduler, which may die meanwhile."""
        try:
            yield
        except (CancelledError, TimeoutError, OSError):
            raise self._over("the scheduler is gone") from None

    def _over(self, why: str) -> InterruptedRunError:
        """The end of a run that the next one goes on with."""
        self.tell(why)
        return InterruptedRunError(why)

    def _holders(self, future: Sent) -> list[str]:
        with self._talking():
            return list(self.client.who_has([future]).get(future.key, ()))

    def _refuse(self, told: Came | Declined, trial: Trial, place: str) -> None:
        """Give a worker no more trials, and say why; where it was sent a wrong object, those that have it instead."""
        why = why_refused(told, trial, self.work)
        name = told.machine.name
        if why:
            self._out(place, f"worker {name} is refused: its record does not fit the trial {trial.id}: {why}")
        elif isinstance(told, Declined) and told.entry:
            for holder in self._holders(self.parcels[told.entry]):
                if holder != place:
                    self._out(holder, f"worker {holder} is refused: {name} had from it {told.why}")
            self.parcels.pop(told.entry)
        elif isinstance(told, Declined):
            self._out(place, f"worker {name} tries none of these trials: {told.why}")

    def _out(self, place: str, why: str) -> None:
        if place not in self.refused:
            self.refused[place] = why
            self.tell(why)

    def end(self) -> None:
        """Have nothing of this run left on the workers."""
        if self.client.status == "running" and self.under_way:
            with suppress(CancelledError, TimeoutError, OSError):  # a scheduler that is gone has nothing left
                self.client.run(stop, self.work.id, wait=False, on_error="ignore")
            self.under_way.clear()


def connected(where: str) -> Client:
    """A client of a scheduler.

    Raises:
        InputError: there is none.
    """
    try:
        return Client(where, timeout=CONNECT_SECONDS, set_as_default=False, name=f"elfworlds-{os.getpid()}")
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError(f"no scheduler answers at {where}: {error}") from None
