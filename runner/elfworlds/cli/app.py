"""All verbs together, and the one place where errors become exit codes."""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from typing import IO, TYPE_CHECKING, Protocol, runtime_checkable

import typer

from elfworlds import paths
from elfworlds.cli import (
    accept,
    advise,
    build,
    check,
    compare,
    doctor,
    export_c,
    gather,
    inspect,
    list_,
    new,
    plan,
    report,
    run,
    schema,
    store,
    toolchain,
    try_,
    unpack,
    worker,
)
from elfworlds.cli.echo import echo, told
from elfworlds.cli.entry import INTERRUPTS
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


app = typer.Typer(
    name="elfworlds",
    help="A reproducible experiment runner for ELF dynamic loading.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("check")(check.check)
app.command("plan")(plan.plan)
app.command("build")(build.build)
app.command("list")(list_.list_experiments)
app.command("report")(report.report)
app.command("gather")(gather.gather)
app.command("compare")(compare.compare)
app.command("export-c")(export_c.export_c)
app.command("accept")(accept.accept)
app.command("new")(new.new)
app.command("inspect")(inspect.inspect)
app.command("advise")(advise.advise)
app.command("try")(try_.try_)
app.command("worker")(worker.worker)
app.command("doctor")(doctor.doctor)
app.command("schema")(schema.schema)
app.command("unpack", hidden=True)(unpack.unpack)  # what nix/unpacked.nix calls
app.add_typer(store.app, name="store")
app.add_typer(toolchain.app, name="toolchain")


@app.callback()
def _options(
    *,
    version: bool = typer.Option(False, "--version", "-V", help="Print the version and exit."),  # noqa: FBT003
) -> None:
    if version:
        from elfworlds.version import __version__

        typer.echo(f"elfworlds {__version__}")
        raise typer.Exit


def invoke(words: list[str]) -> int:
    """Run a command line; what a user can act on is told without a traceback."""
    before = {number: signal.signal(number, _interrupt) for number in INTERRUPTS if _is_heeded(number)}
    try:
        result = app(words, standalone_mode=False, prog_name="elfworlds")
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
        traceback.print_exc()
        sys.stderr.write("this is a fault of elfworlds, not yours: please report it with the lines above\n")
        return Exit.INTERNAL
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return result if isinstance(result, int) else Exit.AS_EXPECTED


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
