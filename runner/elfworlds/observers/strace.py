"""The program under strace: which files it and its loader asked for, and what of them was mapped."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds import sandbox
from elfworlds.observers import plain
from elfworlds.outcome import Tried, could_not_execute
from elfworlds.traces import strace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.jsondata import Json
    from elfworlds.observers.types import Watched
    from elfworlds.outcome import Result
    from elfworlds.process import Command, Completed
    from elfworlds.toolchains import Toolchain
    from elfworlds.traces.strace import OpenCall

TOOLS = ("strace",)
# A question mark: a system call that this architecture does not have is no error.
CALLS = ("?open", "?openat", "?openat2", "?creat", "?execve", "?execveat", "?mmap", "?mmap2")


def command(watched: Watched, toolchain: Toolchain) -> Command:
    """Start strace, which itself has no environment at all; what stands behind -E it hands on."""
    env = [word for name, value in sorted(watched.env.items()) for word in ("-E", f"{name}={value}")]
    options = ["-f", "-q", "-y", "-e", f"trace={','.join(CALLS)}", "-o", f"{watched.leaves}/strace"]
    command = replace(
        watched.alone(),
        argv=(*toolchain.tool("strace"), *options, *env, "--", *watched.argv),
        env={},
        traces=True,
    )
    return sandbox.wrap(command, toolchain.world, (watched.leaves,))


def read(completed: Completed, left: Mapping[str, bytes]) -> Result:
    """What matchers may speak of. strace ends as the program does, by the same signal too."""
    seen = strace.parse(left.get("strace", b"").decode("utf-8", "replace"))
    first = next((execute.result for execute in seen.executes), "?")
    lacks = completed.not_started or untried(completed, seen, first)
    if lacks:
        return plain.unwatched("strace", lacks, lacks if first == "?" else "")
    observed = {**plain.values(completed), "strace": values(seen)}
    return Tried(observed) if first == "ok" else could_not_execute(first, observed | {"exit": None})


def untried(completed: Completed, seen: strace.SyscallTrace, first: str) -> str:
    """Why strace says nothing of the program's run; empty where it saw how it was started, and its end."""
    if first == "?":
        return completed.stderr.data.decode("utf-8", "replace").strip() or "it did not start the program"
    if completed.timed_out or first != "ok" or seen.pids[0] in seen.ended:
        return ""
    return f"it ended before it saw the program end ({completed.signal or f'exit {completed.exit}'})"


def values(seen: strace.SyscallTrace) -> dict[str, Json]:
    """`process` counts from 0 in the order in which processes appear."""
    number = {pid: count for count, pid in enumerate(seen.pids)}
    return {
        "opens": [_opened(call, number) for call in seen.opens],
        "executes": [_opened(execute, number) for execute in seen.executes],
        "maps": [
            {
                "process": number[mapped.pid],
                "path": mapped.path,
                "prot": mapped.prot,
                "offset": mapped.offset,
                "length": mapped.length,
            }
            for mapped in seen.maps
        ],
        "calls": dict(sorted(Counter(seen.calls).items())),
    }


def _opened(open_call: OpenCall, number: Mapping[int, int]) -> dict[str, Json]:
    return {
        "process": number[open_call.pid],
        "path": open_call.path,
        "result": open_call.result,
        "flags": open_call.flags,
        "file": open_call.file,
    }
