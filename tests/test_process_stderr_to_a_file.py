"""Standard error can go to a file, to be read while the program runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from elfworlds.process import Command, Pool
from waiting import AGES, wait_until

if TYPE_CHECKING:
    from pathlib import Path


def test_it_is_there_before_the_program_ends(tmp_path: Path) -> None:
    file, go = tmp_path / "stderr", tmp_path / "go"
    script = f"echo out; echo early >&2; while ! test -e {go}; do sleep 0.01; done; echo late >&2"
    command = Command(
        argv=("/bin/sh", "-c", script), env={"PATH": "/usr/bin:/bin"}, cwd="/", timeout=AGES, stderr_to=str(file)
    )
    with Pool() as pool, ThreadPoolExecutor(1) as executor:
        running = executor.submit(pool.run, command)
        wait_until(lambda: file.exists() and file.read_text() == "early\n")
        assert not running.done()
        go.touch()
        done = running.result()
    assert done.ok
    assert file.read_text() == "early\nlate\n"
    assert (done.stdout.data, done.stderr.total) == (b"out\n", 0)
