"""The ld-debug observer: the program alone, and the dynamic loader told to say what it does (ld.so(8), LD_DEBUG).

glibc appends the process' id to the name of its file; musl has no such thing, so that nothing is seen there.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from elfworlds import sandbox
from elfworlds.observers import plain
from elfworlds.outcome import Untried
from elfworlds.traces.lddebug import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.observers.types import Watched
    from elfworlds.outcome import Result
    from elfworlds.process import Command, Completed
    from elfworlds.toolchains import Toolchain
    from elfworlds.traces.ldtrace import Trace

NAME = "ld-debug"
_UNGUARDED = re.compile(r"(?m)^ {0,9}[0-9]{1,10}:\tERROR: audit interface .*$")


def command(watched: Watched, toolchain: Toolchain) -> Command:
    """The program with two variables more."""
    told = {"LD_DEBUG": "files,libs,bindings", "LD_DEBUG_OUTPUT": f"{watched.leaves}/{NAME}"}
    command = replace(
        watched.alone(),
        env={**watched.env, **told},
    )
    return sandbox.wrap(command, toolchain.world, (watched.leaves,))


def read(completed: Completed, left: Mapping[str, bytes]) -> Result:
    """What matchers may speak of: as without an observer, and what the loader did."""
    result = plain.read(completed)
    if isinstance(result, Untried) or result.exec_error:
        return result
    account = text(left)
    stderr = swallowed(account) + result.values["stderr"]
    return result.with_values({"stderr": stderr, NAME: seen(parse(account))})


def swallowed(account: str) -> str:
    """What the loader would have written to standard error without LD_DEBUG, and wrote to its own file instead.

    One message of glibc is not guarded by what LD_DEBUG asks for (elf/rtld.c, `audit interface … requires version`).
    """
    return "".join(f"{one[0]}\n" for one in _UNGUARDED.finditer(account))


def text(left: Mapping[str, bytes]) -> str:
    """What the loader wrote of every process, those with the lower id first."""
    files = sorted((name for name in left if name.startswith(f"{NAME}.")), key=lambda name: (len(name), name))
    return "\n".join(left[name].decode("utf-8", "replace") for name in files)


def seen(trace: Trace) -> dict[str, Any]:
    """Plain data. `process` counts from 0 in order of appearance; `namespaces` are all that were seen."""
    process = {pid: at for at, pid in enumerate(trace.pids)}
    return {
        "link-maps": [
            {
                "process": process[one.pid],
                "lmid": one.lmid,
                "position": one.position,
                "name": one.name,
                "path": one.path,
                "base": None if one.base is None else hex(one.base),
                "dynamic": None if one.dynamic is None else hex(one.dynamic),
                "size": one.size,
                "needed-by": one.needed_by,
                "opened": one.opened,
            }
            for one in trace.link_maps
        ],
        "searches": [
            {
                "process": process[one.pid],
                "lmid": one.lmid,
                "name": one.name,
                "needed-by": one.needed_by,
                "opened-by": one.opened_by,
                "tried": [{"rule": tried.rule, "path": tried.path} for tried in one.tried],
                "found": one.found,
            }
            for one in trace.searches
        ],
        "bindings": [
            {
                "process": process[one.pid],
                "from": one.from_path,
                "from-lmid": one.from_lmid,
                "to": one.to_path,
                "to-lmid": one.to_lmid,
                "kind": one.kind,
                "symbol": one.symbol,
                "version": one.version,
            }
            for one in trace.bindings
        ],
        "namespaces": len({(one.pid, one.lmid) for one in trace.link_maps if process[one.pid] == 0}),
        "init": [one.path for one in trace.calls if one.kind == "init"],
        "fini": [one.path for one in trace.calls if one.kind == "fini"],
    }
