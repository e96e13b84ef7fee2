"""Every reader, for a moment, on what nobody wrote; `make fuzz` does it for as long as wished."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from fuzz_targets import TARGETS
from fuzzing import LONGEST, Target, fuzz, of_words

TIMES = 100  # a few seconds for all of them together


@pytest.fixture(autouse=True)
def _alarms() -> Iterator[None]:
    handler = signal.getsignal(signal.SIGALRM)
    yield
    signal.signal(signal.SIGALRM, handler)


@pytest.mark.parametrize("name", TARGETS)
def test_a_reader_reads_or_refuses_in_its_own_words(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tally = fuzz(TARGETS[name], tmp_path, 0, times=TIMES)
    assert (tally.tried, tally.failures) == (TIMES, [])
    assert tally.slowest < LONGEST


def test_what_a_reader_does_not_refuse_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    target = Target(
        "json", lambda _place: [b'{"a": 1}'], lambda data, _path: json.loads(data), (UnicodeDecodeError,), of_words
    )
    tally = fuzz(target, tmp_path, 0, times=50)
    assert tally.failures
    assert "JSONDecodeError" in tally.failures[0]
    assert [*Path(".fuzz").glob("json-*")]
