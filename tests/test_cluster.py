"""run --executor, worker: the records of a local run, whichever worker is lost, and whichever lies."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from distributed import Scheduler, SpecCluster, Worker, get_worker

from conftest import World
from elfworlds import paths
from elfworlds.backends.types import Order
from elfworlds.environment import this_machine
from elfworlds.planning import Trial
from elfworlds.process import Pool
from elfworlds.report.machines import MARK
from elfworlds.store import parcel
from elfworlds.store.parcel import Packed, Parcel, WrongParcelError
from elfworlds.toolchains import families
from elfworlds.toolchains.debian.lock import find
from elfworlds.trials.machine import Machine
from elfworlds.workflow.cluster.messages import Answer, Made, Run, Work
from elfworlds.workflow.cluster.registered import telling
from elfworlds.workflow.cluster.room import Guest, Room, Words
from elfworlds.workflow.cluster.shelf import shelve
from elfworlds.workflow.executors import scheduler_address
from elfworlds.workflow.screen import Silent
from elfworlds.workflow.session import Session
from elfworlds.workflow.toolchains import means
from pinned_roots import rooted
from test_resume import recorded, runs, slow, tables
from waiting import heed_signals, wait_until

NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
HIDE = 'mount -t tmpfs none "$0" && cd / && HOME="$0" exec "$@"'


class Cluster:
    """A scheduler, and workers that see nothing of a directory: each has an empty store at the runner's path."""

    def __init__(self, hidden: Path, logs: Path, *more: str) -> None:
        self.hidden, self.logs, self.started = hidden, logs, list[subprocess.Popen[bytes]]()
        scheduler_at = logs / "scheduler.json"
        self.address = ""
        self.scheduler = self.start(
            *("-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
            *("--scheduler-file", str(scheduler_at), *more),
        )
        wait_until(
            lambda: scheduler_at.exists() and scheduler_at.read_text().rstrip().endswith("}")
        )  # written in pieces
        self.address = json.loads(scheduler_at.read_text())["address"].replace("tcp:", "dask:").replace("tls:", "dask:")

    def start(self, *words: str, before: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        with (self.logs / f"log{len(self.started)}").open("wb") as log:
            started = subprocess.Popen([*before, sys.executable, *words], stdout=log, stderr=log)
        self.started.append(started)
        return started

    def worker(self, name: str, trust: str = "--trust", more: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        words = ("worker", self.address, "-j", "2", "--name", name, *filter(None, [trust]), *more)
        hide = (*NAMESPACES, "sh", "-c", HIDE, str(self.hidden))
        return self.start("-m", "elfworlds", *words, before=hide)

    def run(self, *words: str | Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "elfworlds", "run", "--executor", self.address, *map(str, words)]
        out = subprocess.PIPE
        return subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, text=True, preexec_fn=heed_signals)

    def close(self) -> None:
        for process in reversed(self.started):
            process.kill()
            process.wait()


def root_only() -> None:
    if os.getuid() != 0:
        pytest.skip("needs a device: only root can mount an empty store over another")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster for all tests here, with the worker `other`, which tries what needs no trust too."""
    root_only()
    made = Cluster(tmp_path_factory.getbasetemp(), tmp_path_factory.mktemp("logs"))
    made.worker("other")
    yield made
    made.close()


@pytest.fixture
def cluster(world: World) -> Iterator[Cluster]:
    """A cluster for one test, without workers."""
    root_only()
    (world.path.parent / "cache").mkdir()
    made = Cluster(world.path.parent / "cache", world.path.parent)
    yield made
    made.close()


Rooms = Callable[..., SpecCluster]


@pytest.fixture
def rooms() -> Iterator[Rooms]:
    """Makes a cluster of threads of this process, whose workers are the given rooms, by name."""
    with ExitStack() as stack:

        def made(**rooms: Room) -> SpecCluster:
            workers = {name: {"cls": Worker, "options": options(name, room)} for name, room in rooms.items()}
            scheduler = {
                "cls": Scheduler,
                "options": {"dashboard": False, "dashboard_address": ":0", "host": "127.0.0.1"},
            }
            cluster: SpecCluster = stack.enter_context(SpecCluster(workers, scheduler, silence_logs=logging.CRITICAL))
            return cluster

        yield made


def options(name: str, room: Room) -> dict[str, object]:
    telling_it = telling(this_machine(name))
    return {"name": name, "nthreads": 1, "plugins": (room,), "startup_information": telling_it}


def room(world: World, kind: type[Room] = Room, *, trust: bool = True) -> Room:
    return kind(os.environ, world.path, world.path.parent / "trials", trust=trust)


def ended(run: subprocess.Popen[str]) -> tuple[int, str]:
    out, _ = run.communicate(timeout=300)
    return run.returncode, out


def trials(run: Path) -> list[str]:
    return [json.loads(line)["trial"] for line in (run / "trials.jsonl").read_text().splitlines()]


def local_tables(world: World, path: Path) -> dict[str, list[dict[str, str]]]:
    assert world.run("run", path, "-o", "local")[0] == 0
    return tables(world.path / "local" / "slow" / "latest")


def test_a_worker_with_an_empty_store_gives_the_tables_of_a_local_run(world: World, elsewhere: Cluster) -> None:
    path = slow(world, places=4, repeat=5, microseconds=0)
    code, out, err = world.run("run", path, "--executor", elsewhere.address)
    assert (code, "tried on other: 20" in out) == (0, True), out + err
    rows = tables(runs(world)[0], where=())["trials.csv"]
    own = os.uname()
    assert {(row["ran_on"], row["on_architecture"]) for row in rows} == {("other", own.machine)}
    assert {row["on_kernel"] for row in rows} == {f"{own.sysname} {own.release} {own.version}"}
    report, page = ((runs(world)[0] / f"report.{kind}").read_text() for kind in ("md", "html"))
    assert "| other | Linux" in report
    assert "<td>other</td>" in page
    assert MARK not in report
    assert tables(runs(world)[0]) == local_tables(world, path)


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_no_trial_and_doubles_none(world: World, cluster: Cluster) -> None:
    path = slow(world, places=5, repeat=20)
    first = cluster.worker("first")
    run = cluster.run(path)
    wait_until(lambda: recorded(world) >= 10 or run.poll() is not None)
    cluster.worker("second")
    first.kill()
    code, out = ended(run)
    assert (code, "second: " in out, " is lost; its tasks run again elsewhere" in out) == (0, True, True), out
    done = trials(runs(world)[0])
    assert (len(done), len(set(done))) == (100, 100)
    assert tables(runs(world)[0]) == local_tables(world, path)


@pytest.mark.slow
def test_when_the_scheduler_dies_the_next_run_goes_on(world: World, cluster: Cluster) -> None:
    path = slow(world, places=5, repeat=20, microseconds=20000)
    cluster.worker("other")
    run = cluster.run(path)
    wait_until(lambda: recorded(world) >= 5 or run.poll() is not None)
    cluster.scheduler.kill()
    code, out = ended(run)
    assert (code, "the scheduler is gone" in out, "the next run goes on" in out) == (2, True, True), out
    assert "distributed" not in out, out  # nothing of what dask logs
    assert world.run("run", path)[0] == 0
    done = trials(runs(world)[0])
    assert (len(runs(world)), len(done), len(set(done))) == (1, 100, 100)


def test_ctrl_c_ends_the_run_and_the_worker_takes_the_next(world: World, elsewhere: Cluster) -> None:
    path = slow(world, places=5, repeat=4, microseconds=600_000)  # tasks have as many trials as take a second
    run = elsewhere.run(path)
    wait_until(lambda: recorded(world) >= 1 or run.poll() is not None)
    run.send_signal(signal.SIGINT)
    code, out = ended(run)
    assert code == 2, out
    code, out, err = world.run("run", path, "--executor", elsewhere.address)
    assert code == 0, out + err
    done = trials(runs(world)[0])
    assert (len(runs(world)), len(done), len(set(done))) == (1, 20, 20)


class Older(Room):
    """A worker with another kernel."""

    def answer(self, name: str, work: Work, trials: Sequence[Trial], parcels: Sequence[Parcel]) -> Answer:
        came = super().answer(name, work, trials, parcels)
        return replace(came, machine=replace(came.machine, kernel="Linux 4.19"))


def test_a_cell_whose_trials_ran_on_two_kernels_says_so(world: World, rooms: Rooms) -> None:
    path = slow(world, places=1, repeat=6, microseconds=0)
    cluster = rooms(new=room(world), old=room(world, Older))
    code, out, err = world.run("run", path, "--executor", cluster.scheduler_address)
    assert code == 0, out + err
    report, page = ((runs(world)[0] / f"report.{kind}").read_text() for kind in ("md", "html"))
    words = f"{MARK} trials of this cell ran on machines of different kinds: Linux 4.19, "
    assert [words in text for text in (out, report, page)] == [True, True, True]
    assert f"| zero {MARK} |" in report
    code, out, err = world.run("gather", runs(world)[0], "-o", "tables")
    assert (code, "its trials were tried on machines that differ: Linux 4.19" in err) == (0, True), out + err


@pytest.mark.slow
def test_a_root_that_a_worker_cannot_fetch_is_sent_by_the_runner(
    world: World, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    root_only()
    monkeypatch.delenv("XDG_CACHE_HOME")
    rooted("debian/bookworm", pool)
    monkeypatch.setenv("ELFWORLDS_DEBIAN_MIRROR", "http://127.0.0.1:9")  # where nobody answers
    cluster = Cluster(paths.store(os.environ).parent, world.path.parent)
    try:
        cluster.worker("bare")
        path = slow(world, places=2, repeat=2, microseconds=0)
        code, out, err = world.run("run", path, "-S", "libc=debian/bookworm", "--executor", cluster.address)
    finally:
        cluster.close()
    assert (code, "tried on bare: 4" in out + err) == (0, True), out + err
    assert "worker bare is sent the files of debian/bookworm" in out + err


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("debs/a.deb", b"it", ""),
        ("debs/a.deb", b"another", "what came is not what the runner has"),
        ("../a.deb", b"it", "leads out"),
        ("/a.deb", b"it", "leads out"),
    ],
)
def test_a_file_of_a_toolchain_is_kept_only_where_its_digest_is_right(
    tmp_path: Path, name: str, data: bytes, why: str
) -> None:
    kept = shelve(str(tmp_path / "store"), name, hashlib.sha256(b"it").hexdigest(), data)
    assert (why in kept, bool(kept)) == (True, bool(why))
    assert [path.read_bytes() for path in tmp_path.rglob("*.deb")] == ([] if why else [b"it"])


def test_a_root_is_sent_as_its_packages_and_what_is_no_root_is_not_sent(pool: Pool) -> None:
    known = means(Session(pool, os.environ, Silent(), 1))
    packages = find("bookworm", known.where).parts["base"]
    sources = families.sources("debian/bookworm", known)
    assert [source.sha256 for source in sources] == [package.sha256 for package in packages]
    assert list(families.pins("debian/bookworm", known.where)) == ["debian-bookworm.lock.json"]
    assert (families.sources("host", known), families.pins("host", known.where)) == ((), {})


def test_machine_is_an_axis_over_registered_workers(world: World, rooms: Rooms) -> None:
    path = slow(world, places=1, repeat=2, microseconds=0)
    labels = ["one", "two", "three", os.uname().machine]
    path.write_text(path.read_text().replace("{place: [0]}", f"{{machine: [{', '.join(labels)}], place: [0]}}"))
    cluster = rooms(one=room(world), two=room(world))
    code, out, err = world.run("run", path, "--executor", cluster.scheduler_address)
    assert code == 0, out + err
    rows = tables(runs(world)[0], where=())["trials.csv"]
    assert {(row["machine"], row["ran_on"]) for row in rows[:4]} == {("one", "one"), ("two", "two")}
    assert [row["verdict"] for row in rows] == ["PASS"] * 4 + ["UNSUPPORTED"] * 2 + ["PASS"] * 2
    assert "no worker is registered whose name, architecture or kernel is `three`" in out
    world.run("run", path, "-o", "here")
    here = tables(world.path / "here" / "slow" / "latest")["trials.csv"]
    assert [row["verdict"] for row in here] == ["UNSUPPORTED"] * 6 + ["PASS"] * 2


@pytest.mark.parametrize(
    ("label", "meant"),
    [("w", True), ("arm64", True), ("6.1", True), ("6.1.55", True), ("6", True), ("6.12", False), ("Linux", False)],
)
def test_a_label_means_a_name_an_architecture_or_a_kernels_release(label: str, meant: bool) -> None:  # noqa: FBT001
    assert Machine("w", "Linux 6.1.55 #1 SMP", "a cpu", "arm64").answers(label) is meant


class Vanishing(Room):
    """A worker that is gone while it tries the third task."""

    def answer(self, name: str, work: Work, trials: Sequence[Trial], parcels: Sequence[Parcel]) -> Answer:
        worker = get_worker()
        if worker.state.executed_count > 2:
            worker.loop.add_callback(worker.close, executor_wait=False, nanny=False)
            raise SystemExit("gone")
        return super().answer(name, work, trials, parcels)


def test_a_worker_that_is_gone_costs_no_trial_and_doubles_none(world: World, rooms: Rooms) -> None:
    path = slow(world, places=4, repeat=10, microseconds=0)
    cluster = rooms(first=room(world, Vanishing), second=room(world))
    code, out, err = world.run("run", path, "--executor", cluster.scheduler_address)
    assert (code, "second: " in out, " is lost; its tasks run again elsewhere" in out) == (0, True, True), out + err
    done = trials(runs(world)[0])
    assert (len(done), len(set(done))) == (40, 40)


class Liar(Room):
    """A worker whose records are those of other trials."""

    def answer(self, name: str, work: Work, trials: Sequence[Trial], parcels: Sequence[Parcel]) -> Answer:
        came = super().answer(name, work, trials, parcels)
        other = [replace(each, trial=replace(each.trial, repeat=each.trial.repeat + 1)) for each in came.observations]
        return replace(came, observations=tuple(other))


def test_a_worker_whose_record_does_not_fit_its_trial_is_refused_and_named(world: World, rooms: Rooms) -> None:
    path = slow(world, places=2, repeat=2, microseconds=0)
    cluster = rooms(liar=room(world, Liar))
    code, out, err = world.run("run", path, "--executor", cluster.scheduler_address)
    assert code == 2, out + err
    assert "worker liar is refused: its record does not fit the trial" in out
    assert recorded(world) == 0


def test_a_worker_tries_nothing_without_the_sandbox_unless_it_trusts(world: World, rooms: Rooms) -> None:
    path = slow(world, places=2, repeat=2, microseconds=0)
    cluster = rooms(careful=room(world, trust=False))
    code, out, _ = world.run("run", path, "--executor", cluster.scheduler_address)
    assert (code, "worker careful tries none of these trials: it tries only what runs in a sandbox" in out) == (2, True)
    code, out, err = world.run("run", path, "--executor", cluster.scheduler_address, "--sandbox")
    assert (code, "tried on careful: 4" in out) == (0, True), out + err


def openssl(place: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=place, check=True, capture_output=True)


def certificates(place: Path) -> tuple[str, str, str]:
    """Authority, certificate and key of a cluster, as docs/machines.md makes them."""
    new = ("-newkey", "rsa:2048", "-nodes")
    openssl(place, "req", "-x509", *new, "-subj", "/CN=elfworlds-ca", "-keyout", "ca-key.pem", "-out", "ca.pem")
    openssl(place, "req", *new, "-subj", "/CN=elfworlds", "-keyout", "key.pem", "-out", "request.pem")
    signed = ("-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-out", "cert.pem")
    openssl(place, "x509", "-req", "-in", "request.pem", *signed)
    return str(place / "ca.pem"), str(place / "cert.pem"), str(place / "key.pem")


@pytest.mark.slow
@pytest.mark.needs("openssl")
def test_nobody_without_the_clusters_certificates_gets_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    root_only()
    path = slow(world, places=2, repeat=2, microseconds=0)
    (world.path.parent / "cache").mkdir()
    authority, certificate, key = certificates(world.path.parent)
    tls = ("--tls-ca-file", authority, "--tls-cert", certificate, "--tls-key", key)
    cluster = Cluster(world.path.parent / "cache", world.path.parent, "--protocol", "tls", *tls)
    try:
        stranger = cluster.worker("stranger")
        code, out = ended(cluster.run(path))
        assert (code, "no scheduler answers" in out) == (4, True), out
        cluster.worker(
            "friend", trust="--trust", more=("--tls-ca", authority, "--tls-cert", certificate, "--tls-key", key)
        )
        monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TLS__CA_FILE", authority)
        monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT", certificate)
        monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY", key)
        code, out = ended(cluster.run(path))
        assert (code, "tried on friend: 4" in out) == (0, True), out
        assert stranger.poll() is None  # it still knocks
    finally:
        cluster.close()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("dask://a:8786", "tcp://a:8786"),
        ("dask://[::1]:8786", "tcp://[::1]:8786"),
        ("tcp://a:1", "tcp://a:1"),
        ("tls://a:1", "tls://a:1"),
    ],
)
def test_an_executor_is_an_address_of_dask(text: str, address: str) -> None:
    assert scheduler_address(text, tls=False) == address
    assert scheduler_address(text, tls=True) == address.replace("tcp:", "tls:" if text.startswith("dask") else "tcp:")


@pytest.mark.parametrize("text", ["a:8786", "dask://a", "dask://:1", "dask://a:b", "http://a:1", "dask:a:1"])
def test_an_executor_that_is_none_is_refused(world: World, text: str) -> None:
    code, _, err = world.run("run", "same-lib", "--executor", text)
    assert (code, f"`{text}` is no dask://HOST:PORT" in err) == (4, True), err


Change = Callable[[parcel.Parcel], parcel.Parcel]


def changed(sent: parcel.Parcel) -> parcel.Parcel:
    contents = tuple(replace(each, data=each.data + b"!") if each.path == "app" else each for each in sent.contents)
    return replace(sent, contents=contents)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda sent: replace(sent, key="0" * 40), "was sent for"),
        (changed, "app is not what was built"),
        (lambda sent: replace(sent, contents=sent.contents[:1]), "o"),
        (lambda sent: replace(sent, contents=(*sent.contents, Packed("../out", b""))), "leads out"),
        (lambda sent: replace(sent, directories=("/tmp/out",)), "leads out"),
    ],
)
def test_an_entry_that_is_not_the_one_asked_for_never_gets_its_name(world: World, change: Change, why: str) -> None:
    assert world.run("build", "same-lib")[0] == 0
    entries = {path: json.loads((path / "manifest.json").read_text()) for path in (world.store / "objects").iterdir()}
    place, known = next(item for item in entries.items() if item[1]["request"]["filename"] == "app")
    other = world.path / "other"
    sent = parcel.pack(world.store, place.name)
    with pytest.raises(WrongParcelError, match=why):
        parcel.put(other, change(sent), place.name, known["sha256"])
    assert not (other / "objects" / place.name).exists()
    with pytest.raises(WrongParcelError, match="the runner's is"):
        parcel.put(other, sent, place.name, "0" * 64)
    parcel.put(other, sent, place.name, known["sha256"])
    assert parcel.has(other, place.name, known["sha256"])


def built_by(out: str) -> str:
    return next((line for line in out.splitlines() if line.startswith("built on ")), "")


def objects(store: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in store.glob("objects/*/manifest.json")}


def test_objects_are_built_by_workers_and_are_those_of_a_local_build(world: World, elsewhere: Cluster) -> None:
    code, out, err = world.run("run", "same-lib", "--executor", elsewhere.address)
    assert (code, built_by(out + err)) == (0, "built on other: 4"), out + err
    built = objects(world.store)
    world.store.rename(world.path / "cluster's")
    assert world.run("build", "same-lib")[0] == 0
    assert objects(world.store) == built


class Forger(Room):
    """A worker whose objects are others than it says."""

    def made(self, name: str, run: Run, order: Order, entries: Mapping[str, str], parcels: Sequence[Parcel]) -> Made:
        came = super().made(name, run, order, entries, parcels)
        shutil.rmtree(Path(run.store) / "objects" / order.request.key)
        assert came.parcel is not None
        sent = came.parcel.contents
        forged = tuple(replace(each, data=each.data + b"!") if "manifest" not in each.path else each for each in sent)
        return replace(came, parcel=replace(came.parcel, contents=forged))


def test_a_worker_that_hands_in_a_wrong_object_is_refused_and_named(world: World, rooms: Rooms) -> None:
    cluster = rooms(forger=room(world, Forger))
    code, out, err = world.run("run", "same-lib", "--executor", cluster.scheduler_address)
    said = out + err
    assert (code, built_by(said)) == (0, "built on this machine: 4"), said
    assert "worker forger is refused: its object of" in said
    assert "is not what was built" in said


class Leaving(Room):
    """A worker that is gone while it builds."""

    def said(self, name: str, run: Run, task: Callable[[Guest], None]) -> Words:
        if isinstance(run, Work):
            return super().said(name, run, task)
        worker = get_worker()
        worker.loop.add_callback(worker.close, executor_wait=False, nanny=False)
        raise SystemExit("gone")


def test_what_a_lost_worker_built_is_built_elsewhere(world: World, rooms: Rooms) -> None:
    cluster = rooms(leaving=room(world, Leaving), staying=room(world))
    code, out, err = world.run("run", "same-lib", "--executor", cluster.scheduler_address)
    assert (code, built_by(out + err)) == (0, "built on staying: 4"), out + err


def test_a_compilers_words_come_from_the_worker(world: World, rooms: Rooms) -> None:
    (world.path / "csrc" / "app" / "app.c").write_text("int main(void) { return missing; }")
    code, out, err = world.run("run", "same-lib", "--executor", rooms(one=room(world)).scheduler_address)
    assert (code, "missing" in out + err, "built on one" in out + err) == (6, True, True), out + err
