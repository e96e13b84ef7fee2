"""A call of nix-build, and what it says while it runs."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from elfworlds.backends.nix.programs import Programs
    from elfworlds.process import Completed

POLL_SECONDS = 0.05


def followed(programs: Programs, tell: Callable[[bytes], None], *words: str) -> Completed:
    """Run nix-build to its end.

    Args:
        programs: Nix'.
        tell: is given what it said since the last time, as `traces.nix.Reader` takes it; many times a second.
        words: its arguments.
    """
    with tempfile.TemporaryDirectory(prefix="elfworlds-nix.") as temporary, ThreadPoolExecutor(1) as executor:
        file = Path(temporary, "events")
        file.touch()
        command = programs.command("nix-build", "--log-format", "internal-json", "-v", *words, stderr_to=str(file))
        running = executor.submit(programs.run, command)
        try:
            with file.open("rb") as events:
                while not wait([running], timeout=POLL_SECONDS).done:
                    tell(events.read())
                tell(events.read() + b"\n")
        except BaseException:
            programs.stop()
            raise
        return running.result()
