"""What a worker does: have a run's objects at their paths and its toolchains, build objects, try trials."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from distributed import WorkerPlugin, get_worker

from elfworlds import atomic
from elfworlds.backends import Failure
from elfworlds.backends.local import LocalBackend
from elfworlds.environment import this_machine
from elfworlds.errors import BuildFailedError, ElfworldsError
from elfworlds.process import Pool
from elfworlds.store import parcel
from elfworlds.store.entries import OBJECTS, begin
from elfworlds.store.parcel import WrongParcelError
from elfworlds.toolchains import families
from elfworlds.toolchains.family import Means
from elfworlds.toolchains.pinning import places
from elfworlds.trials.observe import Observation, TrialRunner
from elfworlds.version import __version__
from elfworlds.workflow.cluster.messages import Answer, Made, identity_of, toolchains_of
from elfworlds.workflow.sandboxing import guarded
from elfworlds.workflow.screen import Silent
from elfworlds.workflow.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from distributed import Worker

    from elfworlds.backends import Artifact
    from elfworlds.backends.types import Order
    from elfworlds.planning import Trial
    from elfworlds.store.parcel import Parcel
    from elfworlds.toolchains import Toolchain
    from elfworlds.trials.machine import Machine
    from elfworlds.workflow.cluster.messages import Run, Work

NAME = "elfworlds"
NO_ROOM = "it is a worker of dask that `elfworlds worker` did not start"


class Words(TypedDict):
    """What `Said` has."""

    work: str
    machine: Machine
    why: str
    entry: str
    lacks: str


class CannotError(Exception):
    """Why a worker does not try a trial; `entry` is the key of what was sent and is wrong, `lacks` a toolchain."""

    def __init__(self, why: str, entry: str = "", lacks: str = "") -> None:
        super().__init__(why)
        self.entry, self.lacks = entry, lacks


@dataclass(slots=True)
class Guest:
    """A run whose trials are tried here.

    Attributes:
        pool: ends with the run, once nothing of it is tried any more.
        busy: how many tasks are tried now.
        gone: whether the run has ended.
        toolchains: those that trials asked for, by name.
    """

    pool: Pool
    environment: Mapping[str, str]
    busy: int = 0
    gone: bool = False
    toolchains: dict[str, Toolchain] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Room(WorkerPlugin):
    """What `elfworlds worker` adds to a worker of dask.

    Attributes:
        trust: whether runs may do without the sandbox.
        environment: PATH, HOME, the compilers' variables.
        directory: where trials run.
    """

    name = NAME

    def __init__(self, environment: Mapping[str, str], where: Path, directory: Path, *, trust: bool) -> None:
        self.environment, self.where, self.directory, self.trust = environment, where, directory, trust
        self.guests: dict[str, Guest] = {}
        self.lock = threading.Lock()

    def answer(self, name: str, work: Work, trials: Sequence[Trial], parcels: Sequence[Parcel]) -> Answer:
        """Try trials, one after the other; at the first that cannot be tried, say why."""
        came, seconds = list[Observation](), [0.0]

        def try_all(guest: Guest) -> None:
            receive(work.store, work.entries_of(trials), parcels)
            for trial in trials:
                toolchains = {name: self.toolchain(name, work, guest) for name in toolchains_of(trial)}
                begun = time.monotonic()
                came.append(self.tried(work, trial, toolchains, guest.pool))
                seconds.append(time.monotonic() - begun)

        said = self.said(name, work, try_all)
        return Answer(**said, observations=tuple(came), seconds=sum(seconds))

    def made(self, name: str, run: Run, order: Order, entries: Mapping[str, str], parcels: Sequence[Parcel]) -> Made:
        """Build an object, and hand out the entry that it is in this store."""
        came: list[Artifact | Failure] = []

        def build(guest: Guest) -> None:
            receive(run.store, entries, parcels)
            toolchain = self.toolchain(order.request.toolchain, run, guest)
            backend = LocalBackend(Path(run.store), guest.pool.run, 1, guest.pool.interrupt, seconds=order.seconds)
            begin(backend.root)
            came.append(backend.provide(order.request, order.artifacts, order.files, toolchain))

        said = self.said(name, run, build)
        if not came:
            return Made(**said)
        if isinstance(came[0], Failure):
            return Made(**said, failure=came[0])
        return Made(**said, parcel=parcel.pack(Path(run.store), order.request.key), sha256=came[0].sha256)

    def said(self, name: str, run: Run, task: Callable[[Guest], None]) -> Words:
        """Do something of a run's; what there is to say of it whatever came."""
        here, cannot = this_machine(name), CannotError("")
        try:
            self.admit(run)
            with self.guest(run) as guest:
                task(guest)
        except CannotError as error:
            cannot = error
        except (ElfworldsError, OSError) as error:
            cannot = CannotError(f"{type(error).__name__}: {error}")
        return {"work": run.id, "machine": here, "why": str(cannot), "entry": cannot.entry, "lacks": cannot.lacks}

    def tried(self, work: Work, trial: Trial, toolchains: Mapping[str, Toolchain], pool: Pool) -> Observation:
        """One trial, in a directory of its own."""
        with self.place() as place:
            return runner_of(work, toolchains, pool, place).observe(trial)

    def admit(self, work: Run) -> None:
        if work.version != __version__:
            raise CannotError(f"it is elfworlds {__version__}, and the runner is {work.version}")
        if not (work.sandbox or self.trust):
            raise CannotError("it tries only what runs in a sandbox: run --sandbox, or worker --trust")

    @contextmanager
    def guest(self, work: Run) -> Iterator[Guest]:
        """The run; others of which nothing is tried now are shown out."""
        with self.lock:
            for other in [key for key, guest in self.guests.items() if not guest.busy and key != work.id]:
                self.leave(other)
            if work.id not in self.guests:
                cache = {"XDG_CACHE_HOME": str(Path(work.store).parent)}
                self.guests[work.id] = Guest(Pool(), {**self.environment, **cache})
            guest = self.guests[work.id]
            guest.busy += 1
        try:
            yield guest
        finally:
            with self.lock:
                guest.busy -= 1
                if guest.gone and not guest.busy:
                    guest.pool.close()

    def leave(self, work: str) -> None:
        """End all that a run has here."""
        guest = self.guests.pop(work, None)
        if guest is not None:
            guest.gone = True
            guest.pool.interrupt()
            if not guest.busy:
                guest.pool.close()

    @contextmanager
    def place(self) -> Iterator[Path]:
        """A directory for one trial."""
        self.directory.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix="trial-", dir=self.directory))
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def toolchain(self, name: str, work: Run, guest: Guest) -> Toolchain:
        """This machine's toolchain of a name; it is fetched where it is pinned and not there."""
        with guest.lock:
            if name not in guest.toolchains:
                guest.toolchains[name] = self.provided(name, work, guest)
        return guest.toolchains[name]

    def provided(self, name: str, work: Run, guest: Guest) -> Toolchain:
        where = (self.pinned(work), *places(self.where))
        known = Means(run=guest.pool.run, environment=guest.environment, where=where, languages=work.languages)
        try:
            own = families.provided(name, known)
        except BuildFailedError as error:
            raise CannotError(f"it cannot have {name}: {error.message}", lacks=name) from None
        if identity_of(own) != work.toolchains[name]:
            raise CannotError(f"its {name} is not the runner's: {own.versions.get('libc-revision', own.digest[:12])}")
        session = Session(guest.pool, guest.environment, Silent(), 1)
        toolchains = guarded({name: own}, session) if work.sandbox else {name: own}
        objects = Path(work.store) / OBJECTS
        return families.seeing(toolchains, *([str(objects)] if objects.is_dir() else ()))[name]

    def pinned(self, work: Run) -> Path:
        """A directory of the files that pin the run's toolchains, as the runner has them."""
        place = self.directory / f"pins-{work.id}"
        for name, text in work.pins.items():
            atomic.write(place / Path(name).name, text, synced=False)
        return place

    def teardown(self, worker: Worker) -> None:
        del worker
        with self.lock:
            for work in list(self.guests):
                self.leave(work)


def receive(store: str, entries: Mapping[str, str], parcels: Sequence[Parcel]) -> None:
    """Have entries in the store, each checked by the digest that the runner knows; `entries` are key → digest.

    Raises:
        CannotError: what came is something else, or the store cannot be written.
    """
    root = Path(store)
    for (key, sha256), sent in zip(entries.items(), parcels, strict=True):
        try:
            if not parcel.has(root, key, sha256):
                parcel.put(root, sent, key, sha256)
        except WrongParcelError as error:
            raise CannotError(f"a wrong object was sent: {error}", key) from None
        except OSError as error:
            raise CannotError(f"its store {root} cannot be written: {error.strerror}: {error.filename}") from None


def runner_of(work: Work, toolchains: Mapping[str, Toolchain], pool: Pool, place: Path) -> TrialRunner:
    def directory(_trial: Trial) -> Path:
        """Empty for each attempt."""
        made = Path(tempfile.mkdtemp(prefix="attempt-", dir=place)) / "cwd"
        made.mkdir()
        return made

    return TrialRunner(
        work.names,
        work.build,
        toolchains,
        pool.run,
        directory,
        work.broken,
        work.question,
        work.programs,
        work.retries,
        work.impossible,
        work.builders,
    )


def answer(work: Work, trials: tuple[Trial, ...], parcels: Sequence[Parcel]) -> Answer:
    """The task: some trials, on whatever worker it came to."""
    name, room = _here()
    if room is None:
        return Answer(work=work.id, machine=this_machine(name), observations=(), seconds=0, why=NO_ROOM)
    return room.answer(name, work, trials, parcels)


def made(run: Run, order: Order, entries: Mapping[str, str], parcels: Sequence[Parcel]) -> Made:
    """The task: one object, on whatever worker it came to."""
    name, room = _here()
    if room is None:
        return Made(work=run.id, machine=this_machine(name), why=NO_ROOM)
    return room.made(name, run, order, entries, parcels)


def _here() -> tuple[str, Room | None]:
    """The name of the worker that runs this task, and its room if it has one."""
    worker = get_worker()
    room = worker.plugins.get(NAME)
    return str(worker.name), room if isinstance(room, Room) else None
