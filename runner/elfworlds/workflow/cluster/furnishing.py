"""The runner's side of toolchains that a worker cannot have by itself: their files are sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from elfworlds.workflow.cluster.shelf import shelve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from distributed import Client, Future

    from elfworlds.toolchains.family import Source

    Sent = Future[Any]

AT_ONCE = 32_000_000  # bytes that are read before they are sent


@dataclass(slots=True)
class Furnishing:
    """Files of toolchains on their way to workers.

    Attributes:
        sources: the files of a toolchain.
        sent: digest → the file, as workers hand it on while somebody still lacks it.
        going: address of a worker → what keeps its files.
        had: worker and toolchain for which this was done; it is done once.
    """

    client: Client
    work: str
    store: str
    sources: Callable[[str], Sequence[Source]]
    sent: dict[str, Sent] = field(default_factory=dict)
    going: dict[str, list[Sent]] = field(default_factory=dict)
    had: set[tuple[str, str]] = field(default_factory=set)

    def begin(self, place: str, toolchain: str) -> str:
        """Send a worker the files of a toolchain.

        Args:
            place: the worker's address.
            toolchain: its name.

        Returns:
            Why that is in vain; empty where the files are on their way.
        """
        if place in self.going:
            return ""
        if (place, toolchain) in self.had:
            return "the runner has sent its files before"
        sources = self.sources(toolchain)
        if not sources:
            return "it is of no kind that can be sent"
        if lacking := [source.name for source in sources if not source.path.is_file()]:
            return (
                f"the runner does not have its files any more, as {lacking[0]}; elfworlds toolchain fetch {toolchain}"
            )
        self.had.add((place, toolchain))
        self._send([source for source in sources if not self._is_sent(source)], place)
        self.going[place] = [self._kept(source, place) for source in sources]
        return ""

    def _is_sent(self, source: Source) -> bool:
        return source.sha256 in self.sent and self.sent[source.sha256].status == "finished"

    def _send(self, sources: Iterable[Source], place: str) -> None:
        for several in at_once(sources):
            data = {f"file-{self.work}-{source.sha256}-{place}": source.path.read_bytes() for source in several}
            futures: Mapping[str, Sent] = self.client.scatter(data, workers=[place], hash=False)
            self.sent |= zip((source.sha256 for source in several), futures.values(), strict=True)

    def _kept(self, source: Source, place: str) -> Sent:
        key = f"kept-{self.work}-{source.sha256}-{place}"
        data = self.sent[source.sha256]
        return self.client.submit(
            shelve, self.store, source.name, source.sha256, data, key=key, workers=[place], pure=False
        )

    def under_way(self) -> set[str]:
        """Addresses of the workers that still wait for files."""
        return {place for place, futures in self.going.items() if not all(future.done() for future in futures)}

    def ended(self, there: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Workers that have got all, each with the reason why it has not, or with none; `there` are those that live."""
        waiting, alive = self.under_way(), set(there)
        for place in [place for place in self.going if place not in alive or place not in waiting]:
            futures = self.going.pop(place)
            if place in alive:
                yield place, next(filter(None, map(_why, futures)), "")
        if not self.going:
            self.sent.clear()


def _why(future: Sent) -> str:
    return str(future.result()) if future.status == "finished" else f"a file did not come: {future.status}"


def at_once(sources: Iterable[Source]) -> Iterator[list[Source]]:
    """The files in groups, each read and sent at once."""
    group: list[Source] = []
    size = 0
    for source in sources:
        size += source.path.stat().st_size
        group.append(source)
        if size > AT_ONCE:
            yield group
            group, size = [], 0
    if group:
        yield group
