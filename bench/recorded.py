"""Records for measurements: as many trials, events and bindings as a run may have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from elfworlds.outcome import ClaimVerdict, Verdict
from elfworlds.records import Bindings, ClaimRecord, EventRecord, LinkMapRecord, TraceRecord, TrialRecord

TRIAL = TrialRecord(
    number=0,
    trial="s,way=dlmopen,libc=host",
    scenario="s",
    point={"way": "dlmopen", "libc": "host"},
    observer="plain",
    repeat=1,
    outcome="isolated",
    expected="isolated",
    verdict=Verdict.PASS,
    why=None,
    shown={},
    attempts=("isolated",),
    notes=(),
    exit=0,
    signal=None,
    timed_out=False,
    wall_s=0.006148,
    user_s=0.001684,
    sys_s=0.0,
    max_rss_kb=11484,
    stdout_bytes=0,
    stderr_bytes=0,
    cut_bytes=0,
    command="/root/.cache/elfworlds/objects/613e59562bf14f05b9634da5d77610d10b6aff3a/program /tmp/libstate.so",
    events=0,
    written={},
    claims=(
        ClaimRecord("S1-08", "Nothing that one does has an effect on the other.", "isolated", ClaimVerdict.REPRODUCED),
    ),
)


def trials(count: int) -> Iterator[TrialRecord]:
    for number in range(count):
        yield replace(TRIAL, number=number, trial=f"{TRIAL.trial},repeat={number + 1}", repeat=number + 1)


def events(count: int, trial: str) -> Iterator[EventRecord]:
    for number in range(count):
        fields = {"verb": "call", "pid": 7, "step": number, "name": "f", "result": number, "at": "0x7f0000001000"}
        yield EventRecord(trial, "call", fields)


def trace(count: int) -> TraceRecord:
    """So many bindings among a hundred libraries."""
    numbers = range(count)
    paths = [f"/x/lib{number}.so" for number in range(100)]
    maps = (
        LinkMapRecord(
            pid=0,
            lmid=0,
            needed_by=None,
            position=number,
            name=path,
            object=f"o-{number}",
            path=path,
            base=None,
            dynamic=None,
            size=None,
            opened=False,
            sha256=None,
            build_id=None,
        )
        for number, path in enumerate(paths)
    )
    bindings = Bindings(
        pid=[0] * count,
        from_path=[paths[number % 100] for number in numbers],
        from_lmid=[number % 16 for number in numbers],
        to_path=[paths[number % 97] for number in numbers],
        to_lmid=[number % 16 for number in numbers],
        symbol=[f"symbol_{number % 5000}" for number in numbers],
        version=[None if number % 2 else "GLIBC_2.2.5" for number in numbers],
        kind=["normal"] * count,
    )
    return TraceRecord("s", TRIAL.point, TRIAL.trial, tuple(maps), (), bindings)
