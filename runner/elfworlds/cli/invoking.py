"""A command line → an exit code: the one place where errors become exit codes."""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import IO, TYPE_CHECKING, Protocol, runtime_checkable

from elfworlds import paths
from elfworlds.cli import plain
from elfworlds.cli.echo import echo, told
from elfworlds.cli.entry import INTERRUPTS
from elfworlds.cli.inspecting import inspect
from elfworlds.errors import ElfworldsError, Exit, InterruptedRunError

if TYPE_CHECKING:
    from types import FrameType

PLACES = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS),
    *(errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP),
)


@runtime_checkable
class Shown(Protocol):
    """An error of the parser, which is click's or typer's own copy of it: it knows how to show itself."""

    def show(self, file: IO[str] | None = None) -> None: ...


def invoke(words: list[str]) -> int:
    """Run a command line; what a user can act on is told without a traceback."""
    code = _invoked(words)
    if words[:1] != ["run"] or "--for-bisect" not in words:
        return code
    from elfworlds.workflow.bisecting import for_git

    return for_git(code)


def _invoked(words: list[str]) -> int:
    before = {number: signal.signal(number, _interrupt) for number in INTERRUPTS if _is_heeded(number)}
    try:
        result = _done(words)
        sys.stdout.flush()
    except ElfworldsError as error:
        return _tell(error)
    except BrokenPipeError:  # of a help text; what verbs write goes on unread
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.AS_EXPECTED
    except Exception as error:  # noqa: BLE001  # the one place where every error gets its exit code
        if isinstance(error, Shown):
            error.show(sys.stderr)
            return Exit.INPUT
        if isinstance(error, OSError) and error.errno in PLACES:
            return _cannot_write(error)
        import traceback

        traceback.print_exc()
        sys.stderr.write("this is a fault of elfworlds, not yours: please report it with the lines above\n")
        return Exit.INTERNAL
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return result if isinstance(result, int) else Exit.AS_EXPECTED


def _done(line: list[str]) -> object:
    """What a verb gives; typer is imported where a command line needs it."""
    words = plain.words_of(line)
    if words is not None:
        return inspect(words)
    from elfworlds.cli.app import app

    return app(line, standalone_mode=False, prog_name="elfworlds")


def _is_heeded(number: int) -> bool:
    """nohup(1) and a shell's background jobs have signals ignored, and mean it."""
    return signal.getsignal(number) is not signal.SIG_IGN


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """An error of ours, since the command line's parser gives KeyboardInterrupt an exit code of its own."""
    raise InterruptedRunError("interrupted", hint="what was built is kept; the next run goes on from here")


def _tell(error: ElfworldsError) -> int:
    told(error)
    return error.exit_code


def _cannot_write(error: OSError) -> int:
    """A place that is full or not ours: nothing is wrong with the program."""
    echo(f"{error.filename or 'writing failed'}: {error.strerror}", err=True)
    echo(f"hint: {paths.OTHER_PLACE}", err=True)
    return Exit.INPUT
