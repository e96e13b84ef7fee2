"""Locks on files: one holder at a time, and waits that an interrupt ends."""

from pathlib import Path

import pytest

from elfworlds.locking import lock, locked, try_to_lock


class InterruptError(Exception):
    """Stands for what an interrupt raises."""


def interrupt(_seconds: float) -> None:
    raise InterruptError


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    with locked(tmp_path / "lock"), (tmp_path / "lock").open("ab") as other:
        assert not try_to_lock(other)


def test_a_lock_is_free_when_its_holder_is_gone(tmp_path: Path) -> None:
    with locked(tmp_path / "lock"):
        pass
    with (tmp_path / "lock").open("ab") as other:
        assert try_to_lock(other)


def test_an_interrupt_ends_the_wait_for_a_lock(tmp_path: Path) -> None:
    with (
        locked(tmp_path / "lock"),
        (tmp_path / "lock").open("ab") as other,
        pytest.raises(InterruptError),
    ):
        lock(other, interrupt)


def test_whoever_waits_gets_the_lock_when_it_is_free(tmp_path: Path) -> None:
    holder = (tmp_path / "lock").open("ab")
    assert try_to_lock(holder)
    with (tmp_path / "lock").open("ab") as other:
        lock(other, lambda _seconds: holder.close())
        with (tmp_path / "lock").open("ab") as third:
            assert not try_to_lock(third)
