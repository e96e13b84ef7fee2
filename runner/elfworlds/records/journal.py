"""The files that a run appends to: each line numbered and sealed, and brought to the disk soon after it was written.

A thread brings to the disk what trials left (syncfs(2)) while others go on, so none of them waits for a disk; what a
power cut can take away are the trials of the last moments, which are tried again.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from elfworlds import atomic
from elfworlds.errors import ElfworldsError
from elfworlds.records import seal
from elfworlds.records.lines import whole_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


PAUSE_SECONDS = 0.1  # a file system that is asked without a pause keeps trials from making their directories
SHARE = 10  # a pause is so many times as long as what was waited for, where others write much to the same disk
LONGEST_PAUSE = 30.0  # the kernel does it by itself then


class Journal:
    """What one process appends to the files of one run.

    Attributes:
        numbers: file → how many lines it has, of those that were written to.
    """

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.seal: seal.Seal | None = None
        self.changed = threading.Condition()
        self.waiting: Path | None = None
        self.hurry = False
        self.took = 0.0
        self.trouble: OSError | None = None
        self.thread: threading.Thread | None = None

    def append(self, path: Path, lines: Sequence[str]) -> None:
        """Append lines without line breaks to a file of the run.

        Raises:
            ElfworldsError: the run's directory is gone.
            OSError: the disk is full, or does not work.
        """
        if not lines:
            return
        if not self.numbers:
            self.seal = seal.read(path.parent)
        number = self.numbers.get(path.name)
        if number is None:
            number = len(whole_lines(path))
        _write(path, seal.sealed_lines(self.seal, path.name, lines, number + 1).encode())
        self.numbers[path.name] = number + len(lines)
        self._bring(path.parent)

    def _bring(self, directory: Path) -> None:
        """Have the thread bring a run to the disk."""
        with self.changed:
            self._tell_trouble()
            self.waiting = directory
            if self.thread is None:
                self.thread = threading.Thread(target=self._bring_all, daemon=True)
                self.thread.start()

    def settle(self) -> None:
        """Wait until everything that was appended is on the disk.

        Raises:
            OSError: it cannot be brought there.
        """
        with self.changed:
            self.hurry = True
            self.changed.notify_all()
            while self.thread is not None:
                self.changed.wait()
            self.hurry = False
            self._tell_trouble()

    def _tell_trouble(self) -> None:
        if self.trouble is not None:
            raise self.trouble

    def _bring_all(self) -> None:
        """Bring the run to the disk, again and again until nothing was appended meanwhile."""
        while directory := self._next():
            begun = time.monotonic()
            try:
                with suppress(FileNotFoundError):  # the next who appends says that the directory is gone
                    atomic.sync_all(directory)
            except OSError as error:
                self.trouble = error
            self.took = time.monotonic() - begun

    def _next(self) -> Path | None:
        """What is to be brought now, after a while; where there is nothing, the thread is over."""
        with self.changed:
            self.changed.wait_for(lambda: self.hurry, min(max(PAUSE_SECONDS, SHARE * self.took), LONGEST_PAUSE))
            directory, self.waiting = self.waiting, None
            if directory is None:
                self.thread = None
                self.changed.notify_all()
            return directory


def _write(path: Path, data: bytes) -> None:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    except FileNotFoundError:
        raise gone(path.parent) from None
    atomic.write_all(fd, data)


def gone(directory: Path) -> ElfworldsError:
    """The error of a run whose directory is not there any more."""
    return ElfworldsError(f"the run's directory is gone: {directory}", hint="did a trial remove it?")
