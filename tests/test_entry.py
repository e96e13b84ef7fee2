"""The command's own process: its standard streams, and its end at an interrupt whatever it is busy with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from elfworlds.cli.entry import INTERRUPTS
from waiting import heed_signals

BUSY = """
import sys
from elfworlds.cli.entry import end_soon_after_an_interrupt
end_soon_after_an_interrupt()
sys.stdout.write("busy\\n")
sys.stdout.flush()
while True:
    try:
        {work}
    except BaseException:
        pass
"""
WORK = {
    "python": "sum(range(1000))",
    "one call of C that takes for ever": "__import__('time').sleep(1000)",
    "a lock that nobody gives back": "lock = __import__('threading').Lock(); lock.acquire(); lock.acquire()",
}


@pytest.mark.parametrize("work", WORK)
@pytest.mark.parametrize("number", INTERRUPTS)
def test_an_interrupt_ends_it_whatever_it_is_busy_with(work: str, number: signal.Signals) -> None:
    """Nothing here ends by itself, however long one waits."""
    words = [sys.executable, "-c", BUSY.format(work=WORK[work])]
    with subprocess.Popen(  # our own interpreter
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_signals,
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "busy\n"
        process.send_signal(number)
        assert process.wait(300) in (2, -number)
        if process.returncode == 2:
            assert process.stderr.read().startswith("interrupted\n")


def test_a_signal_that_is_ignored_on_purpose_stays_ignored() -> None:
    """As nohup(1) does it."""
    script = "import signal; from elfworlds.cli.invoking import _is_heeded; print(_is_heeded(signal.SIGHUP))"
    done = subprocess.run(
        ["/bin/sh", "-c", 'trap "" HUP; exec "$0" -c "$1"', sys.executable, script], check=True, capture_output=True
    )
    assert done.stdout == b"False\n"


def test_no_file_comes_to_lie_where_a_standard_stream_was_closed() -> None:
    script = (
        "import os; from elfworlds.cli.entry import open_standard_streams; open_standard_streams();"
        "os.write(int(os.environ['TELL']), repr([os.readlink(f'/proc/self/fd/{fd}') for fd in range(3)]).encode())"
    )
    reading, writing = os.pipe()
    high = os.dup2(writing, 60)
    words = ["/bin/bash", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, script]
    subprocess.run(words, check=True, pass_fds=[high], env={**os.environ, "TELL": str(high)})
    assert os.read(reading, 1000) == b"['/dev/null', '/dev/null', '/dev/null']"
    for fd in (reading, writing, high):
        os.close(fd)
