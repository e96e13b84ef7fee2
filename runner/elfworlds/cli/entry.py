"""What the command's own process needs before any verb: three open standard streams, and a prompt end."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

from elfworlds.errors import Exit

INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE_SECONDS = 0.8


def open_standard_streams() -> None:
    """Give descriptors 0 to 2 to the null device where they were closed: no file or socket may come to lie there."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def end_soon_after_an_interrupt() -> None:
    """Whatever this process is busy with, an interrupt ends it within a second.

    Mostly it ends by itself before that. Nothing is lost: files are written whole, trials are recorded as they end,
    and supervisors kill what runs when this process is gone.
    """
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    threading.Thread(target=_end_after, args=(woken,), daemon=True).start()


def _end_after(woken: int) -> None:
    while os.read(woken, 1)[0] not in INTERRUPTS:
        pass
    time.sleep(PATIENCE_SECONDS)
    os.write(2, b"interrupted\nhint: what was built and tried is kept; the next run goes on from here\n")
    os._exit(Exit.INTERRUPTED)
