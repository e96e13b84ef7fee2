"""The program under valgrind's memcheck: what it does wrong with memory, and what it never frees."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from elfworlds import sandbox
from elfworlds.observers import plain
from elfworlds.outcome import Tried, unresolved, unsupported
from elfworlds.traces import memcheck

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.jsondata import Json
    from elfworlds.observers.types import Watched
    from elfworlds.outcome import Result
    from elfworlds.process import Command, Completed
    from elfworlds.toolchains import Toolchain
    from elfworlds.traces.memcheck import Error, MemcheckReport

TOOLS = ("valgrind", "memcheck")
SAYS = "valgrind: "
OPTIONS = (
    "--tool=memcheck",
    "--command-line-only=yes",  # neither VALGRIND_OPTS nor ~/.valgrindrc nor ./.valgrindrc
    "-q",
    "--leak-check=full",
    "--show-leak-kinds=all",
    "--child-silent-after-fork=yes",  # a child writes to the same descriptor
    "--trace-children=no",
    "--xml=yes",
)
SHUT = re.compile(r"Can't create client \w+ file in (\S*)/valgrind_proc_")  # of what memcheck itself takes


def command(watched: Watched, toolchain: Toolchain) -> Command:
    """Start memcheck without `valgrind`, which would start it with the experiment's LD_PRELOAD acting on itself.

    memcheck is linked statically; it takes VALGRIND_LAUNCHER, which it insists on, out of what the program sees.
    """
    leaves = watched.leaves.replace("%", "%%")
    files = (f"--xml-file={leaves}/memcheck.xml", f"--log-file={leaves}/memcheck.log")
    command = replace(
        watched.alone(),
        argv=(*toolchain.tool("memcheck"), *OPTIONS, *files, *watched.argv),
        env={**watched.env, "VALGRIND_LAUNCHER": toolchain.tool("valgrind")[0]},
    )
    return sandbox.wrap(command, toolchain.world, (watched.leaves,))


def read(completed: Completed, left: Mapping[str, bytes]) -> Result:
    """What matchers may speak of. `errors` are those of memory, each once; blocks never freed are `leaks`."""
    report = memcheck.parse(left.get("memcheck.xml", b""))
    log = left.get("memcheck.log", b"").decode("utf-8", "replace")
    said = completed.stderr.data.decode("utf-8", "replace")
    shut = None if report.started else SHUT.search(said)
    if shut:
        return unsupported(f"valgrind: it can write no file in {shut[1]} here, as where Landlock is the sandbox")
    lacks = completed.not_started or untried(report, log, said)
    if lacks:
        return unresolved(f"valgrind: {lacks}")
    return Tried({**plain.values(completed), "valgrind": values(report, log)})


def untried(report: MemcheckReport, log: str, stderr: str) -> str:
    """Why memcheck says nothing of the program's run; empty where it ran it.

    memcheck ends as the program does. It complains on standard error until it has its log.
    """
    words = [
        line.removeprefix(SAYS) for line in (log if report.started else stderr).split("\n") if line.startswith(SAYS)
    ]
    if not report.started:
        return words[0] if words else "it did not start the program"
    return words[0] if words and not report.finished else ""


def values(report: MemcheckReport, log: str) -> dict[str, Json]:
    return {
        "errors": [_error(error) for error in report.errors if not error.is_leak],
        "leaks": [
            {**_error(error), "bytes": error.bytes, "blocks": error.blocks} for error in report.errors if error.is_leak
        ],
        **{name: _lost(report, kind) for kind, name in memcheck.LEAKS.items()},
        "finished": report.finished,
        "log": log,
    }


def _error(error: Error) -> dict[str, Json]:
    return {
        "kind": error.kind,
        "what": error.what,
        "times": error.count,
        "frames": [asdict(frame) for frame in error.frames],
    }


def _lost(report: MemcheckReport, kind: str) -> dict[str, int] | None:
    """Bytes and blocks of one kind; None where memcheck never came to look for leaks."""
    if not report.finished:
        return None
    of_kind = [error for error in report.errors if error.kind == kind]
    return {"bytes": sum(error.bytes for error in of_kind), "blocks": sum(error.blocks for error in of_kind)}
