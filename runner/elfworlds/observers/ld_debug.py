"""The ld-debug observer: the program alone, and the dynamic loader told to say what it does (ld.so(8), LD_DEBUG).

glibc appends the process' id to the name of its file; musl has no such thing, so that nothing is seen there.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds import sandbox
from elfworlds.observers import plain
from elfworlds.outcome import Untried
from elfworlds.traces.lddebug import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.jsondata import Json
    from elfworlds.observers.types import Watched
    from elfworlds.outcome import Result
    from elfworlds.process import Command, Completed
    from elfworlds.toolchains import Toolchain
    from elfworlds.traces.ldtrace import Binding, LinkMap, LoaderTrace, Search

NAME = "ld-debug"
_UNGUARDED = re.compile(r"(?m)^ {0,9}[0-9]{1,10}:\tERROR: audit interface .*$")


def command(watched: Watched, toolchain: Toolchain) -> Command:
    """The program with two variables more."""
    variables = {"LD_DEBUG": "files,libs,bindings,scopes", "LD_DEBUG_OUTPUT": f"{watched.leaves}/{NAME}"}
    command = replace(
        watched.alone(),
        env={**watched.env, **variables},
    )
    return sandbox.wrap(command, toolchain.world, (watched.leaves,))


def read(completed: Completed, left: Mapping[str, bytes]) -> Result:
    """What matchers may speak of: as without an observer, and what the loader did."""
    result = plain.read(completed)
    if isinstance(result, Untried) or result.exec_error:
        return result
    account = text(left)
    stderr = swallowed(account) + plain.stderr(completed)
    return result.with_values({"stderr": stderr, NAME: seen(parse(account))})


def swallowed(account: str) -> str:
    """What the loader would have written to standard error without LD_DEBUG, and wrote to its own file instead.

    One message of glibc is not guarded by what LD_DEBUG asks for (elf/rtld.c, `audit interface … requires version`).
    """
    return "".join(f"{match[0]}\n" for match in _UNGUARDED.finditer(account))


def text(left: Mapping[str, bytes]) -> str:
    """What the loader wrote of every process, those with the lower id first."""
    files = sorted((name for name in left if name.startswith(f"{NAME}.")), key=lambda name: (len(name), name))
    return "\n".join(left[name].decode("utf-8", "replace") for name in files)


def seen(trace: LoaderTrace) -> dict[str, Json]:
    """Plain data. `process` counts from 0 in order of appearance; `namespaces` are those of process 0."""
    process = {pid: number for number, pid in enumerate(trace.pids)}
    return {
        "link-maps": [_link_map(each, process[each.pid]) for each in trace.link_maps],
        "searches": [_search(each, process[each.pid]) for each in trace.searches],
        "bindings": [_binding(each, process[each.pid]) for each in trace.bindings],
        "namespaces": len({each.lmid for each in trace.link_maps if process[each.pid] == 0}),
        "init": [call.path for call in trace.calls if call.kind == "init"],
        "fini": [call.path for call in trace.calls if call.kind == "fini"],
    }


def _link_map(link_map: LinkMap, process: int) -> dict[str, Json]:
    return {
        "process": process,
        "lmid": link_map.lmid,
        "position": link_map.position,
        "name": link_map.name,
        "path": link_map.path,
        "base": None if link_map.base is None else hex(link_map.base),
        "dynamic": None if link_map.dynamic is None else hex(link_map.dynamic),
        "size": link_map.size,
        "needed-by": link_map.needed_by,
        "opened": link_map.opened,
    }


def _search(search: Search, process: int) -> dict[str, Json]:
    return {
        "process": process,
        "lmid": search.lmid,
        "name": search.name,
        "needed-by": search.needed_by,
        "opened-by": search.opened_by,
        "tried": [{"rule": tried.rule, "path": tried.path} for tried in search.tried],
        "found": search.found,
    }


def _binding(binding: Binding, process: int) -> dict[str, Json]:
    return {
        "process": process,
        "from": binding.from_path,
        "from-lmid": binding.from_lmid,
        "to": binding.to_path,
        "to-lmid": binding.to_lmid,
        "kind": binding.kind,
        "symbol": binding.symbol,
        "version": binding.version,
    }
