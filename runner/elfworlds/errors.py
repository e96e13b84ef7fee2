"""What a user can act on: one base class, a kind per exit code."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """The exit codes of the command line."""

    AS_EXPECTED = 0
    EXPECTATION_FAILED = 1
    INTERRUPTED = 2
    INTERNAL = 3
    INPUT = 4
    NOTHING_TRIED = 5
    BUILD_FAILED = 6


class ElfworldsError(Exception):
    """Something went wrong outside this program's code; the message says what to do next."""

    exit_code: ClassVar[Exit] = Exit.INTERNAL

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if hint:  # a traceback shows notes: whoever uses this as a library sees the hint too
            self.add_note(f"hint: {hint}")


class InputError(ElfworldsError):
    """The command line or an experiment file is wrong."""

    exit_code = Exit.INPUT


class NothingSelectedError(ElfworldsError):
    """A selection left no trial to run."""

    exit_code = Exit.NOTHING_TRIED


class BuildFailedError(ElfworldsError):
    """An object, or the toolchain that should have made it, is missing."""

    exit_code = Exit.BUILD_FAILED


class InterruptedRunError(ElfworldsError):
    """The user, or a signal, ended the run."""

    exit_code = Exit.INTERRUPTED
