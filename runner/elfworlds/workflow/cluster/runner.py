"""The runner's side: which trial goes where, what is accepted, and what is said of the rest."""

from __future__ import annotations

import time
from collections import Counter, deque
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from elfworlds.errors import InterruptedRunError
from elfworlds.outcome import unresolved, unsupported
from elfworlds.store import parcel
from elfworlds.trials.attempt import Ran
from elfworlds.trials.machine import nowhere, wanted
from elfworlds.workflow.cluster.batches import TASKS_PER_THREAD, Pace, taken
from elfworlds.workflow.cluster.furnishing import Furnishing
from elfworlds.workflow.cluster.messages import Answer, why_refused
from elfworlds.workflow.cluster.registered import machines
from elfworlds.workflow.cluster.room import answer
from elfworlds.workflow.cluster.shelf import same
from elfworlds.workflow.cluster.stopping import stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from distributed import Client, Future

    from elfworlds.planning import Trial
    from elfworlds.toolchains.family import Source
    from elfworlds.trials.machine import Machine
    from elfworlds.trials.observe import Observation, TrialRunner
    from elfworlds.workflow.cluster.messages import Work

    Sent = Future[Any]  # a task's result is whatever another machine says

WAKE_SECONDS = 0.5
LONGEST_WITHOUT_WORKERS = 60.0


@dataclass(slots=True)
class Cluster:
    """A run's trials on the workers of a scheduler.

    Attributes:
        judge: makes the observation of a trial that nobody could try.
        refused: the workers that get no more of these trials, by address, and why.
        ran: where trials ran, and how many.
        seen: addresses of the workers that there were a moment ago.
        bound: tasks that only some workers may have, and which.
        machines: by address, of workers that were asked for.
        furnishing: sends files of toolchains to workers that lack them.
    """

    client: Client
    work: Work
    judge: TrialRunner
    tell: Callable[[str], None]
    shared: Sent
    furnishing: Furnishing
    refused: dict[str, str] = field(default_factory=dict)
    ran: Counter[Machine] = field(default_factory=Counter)
    parcels: dict[str, Sent] = field(default_factory=dict)
    under_way: dict[str, tuple[Trial, ...]] = field(default_factory=dict)
    ended: SimpleQueue[Sent] = field(default_factory=SimpleQueue)
    tries: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)
    bound: dict[str, list[str]] = field(default_factory=dict)
    machines: dict[str, Machine] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)

    @classmethod
    def of(
        cls,
        client: Client,
        work: Work,
        judge: TrialRunner,
        tell: Callable[[str], None],
        sources: Callable[[str], Sequence[Source]],
    ) -> Cluster:
        """The cluster of a client; `sources` are the files of a toolchain."""
        shared = client.submit(same, work, key=f"work-{work.id}")
        return cls(client, work, judge, tell, shared, Furnishing(client, work.id, work.store, sources))

    def observe(self, trials: Sequence[Trial]) -> Iterator[Observation]:
        """Every trial, in the order in which they end, and where it ran.

        Raises:
            InterruptedRunError: the scheduler is gone, or has no workers.
        """
        waiting = deque(trials)
        while waiting or self.under_way:
            yield from self._hand_out(waiting)
            for future, answered in self._answers():
                yield from self._accepted(future, answered, waiting)

    def _hand_out(self, waiting: deque[Trial]) -> Iterator[Observation]:
        """Have as many tasks under way as the workers may have; trials of a machine that there is not end here."""
        allowed = self._allowed() if waiting or self.bound else {}
        for key in [key for key, where in self.bound.items() if self.seen.isdisjoint(where)]:
            self.bound.pop(key)
            waiting.extendleft(reversed(self.under_way.pop(key, ())))
        threads = sum(allowed.values())
        for _ in range(threads * TASKS_PER_THREAD - len(self.under_way)):
            if not waiting:
                return
            trials = taken(waiting, self.pace.size(len(waiting), threads), self.tries)
            where = self._where(trials[0], allowed)
            if where:
                self._submit(trials, where if len(where) < len(self.seen) else None)
            elif self.furnishing.going:
                waiting.extend(trials)
                return
            else:
                yield from self._without(trials)

    def _where(self, trial: Trial, allowed: Mapping[str, int]) -> list[str]:
        """The workers that a trial may go to."""
        label = wanted(trial)
        if not label:
            return list(allowed)
        if not allowed.keys() <= self.machines.keys():
            with self._talking():
                self.machines |= machines(self.client)
        return [place for place in allowed if place in self.machines and self.machines[place].answers(label)]

    def _without(self, trials: Sequence[Trial]) -> Iterator[Observation]:
        """Trials of a machine that nobody tries anything on; a worker that was there and is lost may come again."""
        label = wanted(trials[0])
        known = [place for place, machine in self.machines.items() if machine.answers(label)]
        if any(place not in self.refused for place in known):
            raise self._over(f"the workers of the machine `{label}` are lost")
        why = "; ".join(self.refused[place] for place in known) or nowhere(label)
        for trial in trials:
            yield self.judge.judged(trial, Ran(unsupported(why)))

    def _submit(self, trials: tuple[Trial, ...], where: list[str] | None) -> None:
        self.tries.update(trial.id for trial in trials)
        sent = [self._parcel(key) for key in self.work.entries_of(trials)]
        key = f"trial-{self.work.id}-{trials[0].number}-{self.tries[trials[0].id]}"
        future = self.client.submit(answer, self.shared, trials, sent, key=key, workers=where, retries=0)
        self.under_way[key] = trials
        self.bound |= {key: where} if where else {}
        future.add_done_callback(self.ended.put)

    def _allowed(self) -> dict[str, int]:
        """Address of each worker that may try these trials → how many at once."""
        until = time.monotonic() + LONGEST_WITHOUT_WORKERS
        while True:
            self._alive()
            with self._talking():
                workers = self.client.nthreads()
            self._tell_lost(set(workers))
            for place, why in self.furnishing.ended(workers):
                if why:
                    self._out(place, f"worker {place} tries none of these trials: {why}")
            shut = {*self.refused, *self.furnishing.going}
            allowed = {place: threads for place, threads in workers.items() if place not in shut}
            if allowed or self.under_way or self.furnishing.going:
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

    def _answers(self) -> Iterator[tuple[Sent, Answer | None]]:
        """The tasks that have ended by now, and what each answered, all fetched at once; None where it has no answer.

        Raises:
            InterruptedRunError: the scheduler that knows where the answers lie is gone.
        """
        ended = list(self._ended())
        with self._talking():
            answers = self.client.gather({f.key: f for f in ended if f.status == "finished"}, errors="skip")
        for future in ended:
            yield future, answers.get(future.key)

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

    def _accepted(self, future: Sent, answered: Answer | None, waiting: deque[Trial]) -> Iterator[Observation]:
        """The observations of a task's trials; those without one wait again."""
        trials = self.under_way.pop(str(future.key), None)
        self.bound.pop(str(future.key), None)
        if trials is None:
            self.tell(f"a second answer came for {future.key}: dropped")
        elif future.status == "error":
            yield from self._failed(future, trials, waiting)
        elif answered is None:  # whoever had the result is gone: another one tries them again
            self.under_way[str(future.key)] = trials
            future.add_done_callback(self.ended.put)
        elif why := why_refused(answered, trials, self.work):
            self._lied(future, answered, f"its record does not fit the trial {trials[0].id}: {why}")
            waiting.extendleft(reversed(trials))
        else:
            yield from self._tried(future, answered, trials, waiting)

    def _tried(
        self, future: Sent, answered: Answer, trials: tuple[Trial, ...], waiting: deque[Trial]
    ) -> Iterator[Observation]:
        if answered.why:
            self._refuse(answered, next(iter(self._holders(future)), ""))
        self.pace.heard(answered.seconds, len(answered.observations))
        waiting.extendleft(reversed(trials[len(answered.observations) :]))
        self.ran[answered.machine] += len(answered.observations)
        for observation in answered.observations:
            yield replace(observation, machine=answered.machine)

    def _failed(self, future: Sent, trials: tuple[Trial, ...], waiting: deque[Trial]) -> Iterator[Observation]:
        """A task that no worker came to the end of; of several trials each then goes alone, to find the one."""
        if len(trials) > 1:
            waiting.extendleft(reversed(trials))
            return
        why = f"no worker could try it: {future.exception()}"
        yield self.judge.judged(trials[0], Ran(unresolved(why)))

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

    def _lied(self, future: Sent, answered: Answer, why: str) -> None:
        self._out(next(iter(self._holders(future)), ""), f"worker {answered.machine.name} is refused: {why}")

    def _refuse(self, answered: Answer, place: str) -> None:
        """Give a worker no more trials, and say why; where it was sent a wrong object, those that have it instead."""
        name, vain = answered.machine.name, self._furnish(answered, place) if answered.lacks else ""
        if answered.lacks and not vain:
            return
        if not answered.entry:
            self._out(
                place, f"worker {name} tries none of these trials: {'; '.join(filter(None, (answered.why, vain)))}"
            )
            return
        for holder in self._holders(self.parcels[answered.entry]):
            if holder != place:
                self._out(holder, f"worker {holder} is refused: {name} had from it {answered.why}")
        self.parcels.pop(answered.entry)

    def _furnish(self, answered: Answer, place: str) -> str:
        """Send a worker the files of the toolchain that it lacks; why that is in vain, or empty."""
        if place in self.furnishing.going:
            return ""
        with self._talking():
            why = self.furnishing.begin(place, answered.lacks)
        if not why:
            self.tell(f"worker {answered.machine.name} is sent the files of {answered.lacks}")
        return why

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
