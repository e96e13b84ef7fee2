"""run --executor, worker: the records of a local run, whichever worker is lost, and whichever lies."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import World
from elfworlds.store import parcel
from elfworlds.store.parcel import Packed, WrongParcelError
from elfworlds.workflow.executors import scheduler_address
from test_resume import recorded, runs, slow, tables
from waiting import wait_until

pytest.importorskip("distributed")

NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
HIDE = 'mount -t tmpfs none "$XDG_CACHE_HOME" && HOME="$XDG_CACHE_HOME" exec "$@"'
LIAR = """
import sys
from dataclasses import replace
from elfworlds.__main__ import main
from elfworlds.workflow.cluster.room import Room
answer = Room.answer
def lie(self, name, work, trial, parcels):
    came = answer(self, name, work, trial, parcels)
    other = replace(came.observation.trial, repeat=trial.repeat + 1)
    return replace(came, observation=replace(came.observation, trial=other))
Room.answer = lie
sys.exit(main(sys.argv[1:]))
"""
ENTRY = ("-m", "elfworlds")


class Cluster:
    """A scheduler, and workers each of which has an empty store at the runner's path."""

    def __init__(self, world: World, *more: str) -> None:
        self.world, self.started = world, list[subprocess.Popen[bytes]]()
        self.scheduler_at = world.path.parent / "scheduler.json"
        self.address = ""
        self.scheduler = self.start(
            *("-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
            *("--scheduler-file", str(self.scheduler_at), *more),
        )
        wait_until(self.scheduler_at.exists)
        self.address = (
            json.loads(self.scheduler_at.read_text())["address"].replace("tcp:", "dask:").replace("tls:", "dask:")
        )

    def start(self, *words: str, before: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        with (self.world.path.parent / f"log{len(self.started)}").open("wb") as log:
            started = subprocess.Popen([*before, sys.executable, *words], stdout=log, stderr=log)
        self.started.append(started)
        return started

    def worker(
        self, name: str, entry: tuple[str, ...] = ENTRY, trust: str = "--trust", more: tuple[str, ...] = ()
    ) -> subprocess.Popen[bytes]:
        self.world.store.parent.mkdir(exist_ok=True)
        words = ("worker", self.address, "-j", "2", "--name", name, *filter(None, [trust]), *more)
        return self.start(*entry, *words, before=(*NAMESPACES, "sh", "-c", HIDE, "sh"))

    def run(self, *words: str | Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "elfworlds", "run", "--executor", self.address, *map(str, words)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def close(self) -> None:
        for process in reversed(self.started):
            process.kill()
            process.wait()


@pytest.fixture
def cluster(world: World) -> Iterator[Cluster]:
    if os.getuid() != 0:
        pytest.skip("needs a device: only root can mount an empty store over another")
    made = Cluster(world)
    yield made
    made.close()


def ended(run: subprocess.Popen[str]) -> tuple[int, str]:
    out, _ = run.communicate(timeout=300)
    return run.returncode, out


def trials(run: Path) -> list[str]:
    return [json.loads(line)["trial"] for line in (run / "trials.jsonl").read_text().splitlines()]


def local_tables(world: World, path: Path) -> dict[str, list[dict[str, str]]]:
    assert world.run("run", path, "-o", "local")[0] == 0
    return tables(world.path / "local" / "slow" / "latest")


def test_a_worker_with_an_empty_store_gives_the_tables_of_a_local_run(world: World, cluster: Cluster) -> None:
    path = slow(world, places=4, repeat=5, microseconds=0)
    cluster.worker("other")
    code, out = ended(cluster.run(path))
    assert (code, "tried on other: 20" in out) == (0, True), out
    with (runs(world)[0] / "machines.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["trial"] for row in rows) == sorted(trials(runs(world)[0]))
    assert {(row["machine"], row["kernel"]) for row in rows} == {("other", f"Linux {os.uname().release}")}
    assert tables(runs(world)[0]) == local_tables(world, path)


def test_a_worker_that_is_killed_costs_no_trial_and_doubles_none(world: World, cluster: Cluster) -> None:
    path = slow(world, places=5, repeat=20)
    first = cluster.worker("first")
    run = cluster.run(path)
    wait_until(lambda: recorded(world) >= 10 or run.poll() is not None)
    cluster.worker("second")
    first.kill()
    code, out = ended(run)
    assert (code, "second: " in out, " is lost; its trials run again elsewhere" in out) == (0, True, True), out
    done = trials(runs(world)[0])
    assert (len(done), len(set(done))) == (100, 100)
    assert tables(runs(world)[0]) == local_tables(world, path)


def test_when_the_scheduler_dies_the_next_run_goes_on(world: World, cluster: Cluster) -> None:
    path = slow(world, places=5, repeat=20, microseconds=20000)
    cluster.worker("other")
    run = cluster.run(path)
    wait_until(lambda: recorded(world) >= 5 or run.poll() is not None)
    cluster.scheduler.kill()
    code, out = ended(run)
    assert (code, "the scheduler is gone" in out, "the next run goes on" in out) == (2, True, True), out
    assert world.run("run", path)[0] == 0
    done = trials(runs(world)[0])
    assert (len(runs(world)), len(done), len(set(done))) == (1, 100, 100)


def test_ctrl_c_ends_the_run_and_the_worker_takes_the_next(world: World, cluster: Cluster) -> None:
    path = slow(world, places=5, repeat=20, microseconds=200_000)
    cluster.worker("other")
    run = cluster.run(path)
    wait_until(lambda: recorded(world) >= 5 or run.poll() is not None)
    run.send_signal(signal.SIGINT)
    code, out = ended(run)
    assert code == 2, out
    code, out = ended(cluster.run(path))
    assert code == 0, out
    done = trials(runs(world)[0])
    assert (len(runs(world)), len(done), len(set(done))) == (1, 100, 100)


def test_a_worker_whose_record_does_not_fit_its_trial_is_refused_and_named(world: World, cluster: Cluster) -> None:
    path = slow(world, places=2, repeat=2, microseconds=0)
    cluster.worker("liar", ("-c", LIAR))
    code, out = ended(cluster.run(path))
    assert code == 2, out
    assert "worker liar is refused: its record does not fit the trial" in out
    assert recorded(world) == 0


def test_a_worker_tries_nothing_without_the_sandbox_unless_it_trusts(world: World, cluster: Cluster) -> None:
    path = slow(world, places=2, repeat=2, microseconds=0)
    cluster.worker("careful", trust="")
    code, out = ended(cluster.run(path))
    assert (code, "worker careful tries none of these trials: it tries only what runs in a sandbox" in out) == (2, True)
    code, out = ended(cluster.run("--sandbox", path))
    assert (code, "tried on careful: 4" in out) == (0, True), out


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


@pytest.mark.needs("openssl")
def test_nobody_without_the_clusters_certificates_gets_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.getuid() != 0:
        pytest.skip("needs a device: only root can mount an empty store over another")
    path = slow(world, places=2, repeat=2, microseconds=0)
    authority, certificate, key = certificates(world.path.parent)
    tls = ("--tls-ca-file", authority, "--tls-cert", certificate, "--tls-key", key)
    cluster = Cluster(world, "--protocol", "tls", *tls)
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
