"""Objects in the order of their needs, as many at once as there are workers."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import TYPE_CHECKING

from elfworlds.backends.types import Artifact, Build, Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from elfworlds.planning import BuildRequest

    Make = Callable[[BuildRequest, Mapping[str, Artifact]], Artifact | Failure]
    Report = Callable[[BuildRequest, Artifact | Failure], None]

# A signal that comes right before a wait does not end it; whoever wakes now and then sees the interrupt all the same.
WAKE_SECONDS = 0.5


def build_all(
    requests: Mapping[str, BuildRequest], make: Make, executor: Executor, *, keep_going: bool, report: Report
) -> Build:
    """Make every request whose needs could be made; without `keep_going` none is begun after a failure."""
    return _Schedule(requests, make, executor, report).run(keep_going=keep_going)


class _Schedule:
    def __init__(self, requests: Mapping[str, BuildRequest], make: Make, executor: Executor, report: Report) -> None:
        self.requests = requests
        self.make = make
        self.executor = executor
        self.report = report
        self.lacks = {key: set(request.needs) for key, request in requests.items()}
        self.users: dict[str, list[str]] = {}
        for key, request in requests.items():
            for need in request.needs:
                self.users.setdefault(need, []).append(key)
        self.running: dict[Future[Artifact | Failure], str] = {}
        self.artifacts: dict[str, Artifact] = {}
        self.failures: dict[str, Failure] = {}

    def run(self, *, keep_going: bool) -> Build:
        self.start([key for key, lacks in self.lacks.items() if not lacks])
        while self.running:
            done, _ = wait(self.running, timeout=WAKE_SECONDS, return_when=FIRST_COMPLETED)
            ready = [key for future in done for key in self.settle(self.running.pop(future), future.result())]
            if keep_going or not self.failures:
                self.start(ready)
        order = list(self.requests)
        return Build(
            {key: self.artifacts[key] for key in order if key in self.artifacts},
            {key: self.failures[key] for key in order if key in self.failures},
        )

    def start(self, keys: list[str]) -> None:
        for key in keys:
            self.running[self.executor.submit(self.make, self.requests[key], self.artifacts)] = key

    def settle(self, key: str, result: Artifact | Failure) -> list[str]:
        """Record a result; return the objects that lacked nothing else."""
        self.report(self.requests[key], result)
        if isinstance(result, Failure):
            self.fail(key, result)
            return []
        self.artifacts[key] = result
        for user in self.users.get(key, ()):
            self.lacks[user].discard(key)
        return [user for user in self.users.get(key, ()) if not self.lacks[user] and user not in self.failures]

    def fail(self, key: str, failure: Failure) -> None:
        """Record a failure, and that nothing above it can be made."""
        self.failures[key] = failure
        for user in self.users.get(key, ()):
            if user not in self.failures:
                self.fail(user, Failure(key=user, command="", output="", missing=(key,)))
