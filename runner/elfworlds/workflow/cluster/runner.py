"""The runner's side: which trial goes where, what is accepted, and what is said of the rest."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from elfworlds.outcome import unresolved, unsupported
from elfworlds.trials.attempt import Ran
from elfworlds.trials.machine import nowhere, wanted
from elfworlds.workflow.cluster.batches import TASKS_PER_THREAD, Pace, taken
from elfworlds.workflow.cluster.messages import Answer, why_refused
from elfworlds.workflow.cluster.registered import machines
from elfworlds.workflow.cluster.room import answer
from elfworlds.workflow.cluster.workers import LONGEST_WITHOUT_WORKERS, Workers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from distributed import Future

    from elfworlds.planning import Trial
    from elfworlds.trials.machine import Machine
    from elfworlds.trials.observe import Observation, TrialRunner
    from elfworlds.workflow.cluster.messages import Work

    Sent = Future[Any]  # a task's result is whatever another machine says

WAKE_SECONDS = 0.5


@dataclass(slots=True)
class Cluster:
    """A run's trials on the workers of a scheduler.

    Attributes:
        judge: makes the observation of a trial that nobody could try.
        ran: where trials ran, and how many.
        bound: tasks that only some workers may have, and which.
        machines: by address, of workers that were asked for.
    """

    work: Work
    judge: TrialRunner
    workers: Workers
    ran: Counter[Machine] = field(default_factory=Counter)
    under_way: dict[str, tuple[Trial, ...]] = field(default_factory=dict)
    ended: SimpleQueue[Sent] = field(default_factory=SimpleQueue)
    tries: Counter[str] = field(default_factory=Counter)
    bound: dict[str, list[str]] = field(default_factory=dict)
    machines: dict[str, Machine] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)

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
        for key in [key for key, where in self.bound.items() if self.workers.seen.isdisjoint(where)]:
            self.bound.pop(key)
            waiting.extendleft(reversed(self.under_way.pop(key, ())))
        threads = sum(allowed.values())
        for _ in range(threads * TASKS_PER_THREAD - len(self.under_way)):
            if not waiting:
                return
            trials = taken(waiting, self.pace.size(len(waiting), threads), self.tries)
            where = self._where(trials[0], allowed)
            if where:
                self._submit(trials, where if len(where) < len(self.workers.seen) else None)
            elif self.workers.furnishing.going:
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
            with self.workers.talking():
                self.machines |= machines(self.workers.client)
        return [place for place in allowed if place in self.machines and self.machines[place].answers(label)]

    def _without(self, trials: Sequence[Trial]) -> Iterator[Observation]:
        """Trials of a machine that nobody tries anything on; a worker that was there and is lost may come again."""
        label = wanted(trials[0])
        known = [place for place, machine in self.machines.items() if machine.answers(label)]
        if any(place not in self.workers.refused for place in known):
            raise self.workers.over(f"the workers of the machine `{label}` are lost")
        why = "; ".join(self.workers.refused[place] for place in known) or nowhere(label)
        for trial in trials:
            yield self.judge.judged(trial, Ran(unsupported(why)))

    def _submit(self, trials: tuple[Trial, ...], where: list[str] | None) -> None:
        self.tries.update(trial.id for trial in trials)
        sent = [self.workers.parcel(key) for key in self.work.entries_of(trials)]
        key = f"trial-{self.work.id}-{trials[0].number}-{self.tries[trials[0].id]}"
        future = self.workers.submit(answer, trials, sent, key=key, where=where)
        self.under_way[key] = trials
        self.bound |= {key: where} if where else {}
        future.add_done_callback(self.ended.put)

    def _allowed(self) -> dict[str, int]:
        """Address of each worker that may try these trials → how many at once."""
        until = time.monotonic() + LONGEST_WITHOUT_WORKERS
        while True:
            there = self.workers.there()
            allowed = self.workers.allowed(there)
            if allowed or self.under_way or self.workers.furnishing.going:
                return allowed
            if there or time.monotonic() > until:
                why = "; ".join(dict.fromkeys(self.workers.refused.values())) or "start some with `elfworlds worker`"
                raise self.workers.over(f"no worker tries these trials: {why}")
            time.sleep(WAKE_SECONDS)

    def _answers(self) -> Iterator[tuple[Sent, Answer | None]]:
        """The tasks that have ended by now, and what each answered, all fetched at once; None where it has no answer.

        Raises:
            InterruptedRunError: the scheduler that knows where the answers lie is gone.
        """
        ended = list(self._ended())
        with self.workers.talking():
            answers = self.workers.client.gather({f.key: f for f in ended if f.status == "finished"}, errors="skip")
        for future in ended:
            yield future, answers.get(future.key)

    def _ended(self) -> Iterator[Sent]:
        """What has ended by now; nothing where nothing has for a while."""
        try:
            yield self.ended.get(timeout=WAKE_SECONDS)
            while True:
                yield self.ended.get_nowait()
        except Empty:
            self.workers.alive()

    def _accepted(self, future: Sent, answered: Answer | None, waiting: deque[Trial]) -> Iterator[Observation]:
        """The observations of a task's trials; those without one wait again."""
        trials = self.under_way.pop(str(future.key), None)
        self.bound.pop(str(future.key), None)
        if trials is None:
            self.workers.tell(f"a second answer came for {future.key}: dropped")
        elif future.status == "error":
            yield from self._failed(future, trials, waiting)
        elif answered is None:  # whoever had the result is gone: another one tries them again
            self.under_way[str(future.key)] = trials
            future.add_done_callback(self.ended.put)
        elif why := why_refused(answered, trials, self.work):
            self.workers.lied(future, answered, f"its record does not fit the trial {trials[0].id}: {why}")
            waiting.extendleft(reversed(trials))
        else:
            yield from self._tried(future, answered, trials, waiting)

    def _tried(
        self, future: Sent, answered: Answer, trials: tuple[Trial, ...], waiting: deque[Trial]
    ) -> Iterator[Observation]:
        if answered.why:
            self.workers.declined(answered, next(iter(self.workers.holders(future)), ""))
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

    def end(self) -> None:
        """Have nothing of this run left on the workers."""
        if self.under_way:
            self.workers.stop()
            self.under_way.clear()
