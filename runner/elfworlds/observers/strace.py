"""The program under strace: which files it and its loader asked for, and what of them was mapped."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from elfworlds import sandbox
from elfworlds.observers import plain
from elfworlds.traces import strace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.observers.types import Watched
    from elfworlds.process import Command, Completed
    from elfworlds.toolchains import Toolchain
    from elfworlds.traces.strace import Opened

TOOLS = ("strace",)
# A question mark: a system call that this architecture does not have is no error.
CALLS = ("?open", "?openat", "?openat2", "?creat", "?execve", "?execveat", "?mmap", "?mmap2")


def command(watched: Watched, toolchain: Toolchain) -> Command:
    """Start strace, which itself has no environment at all; what stands behind -E it hands on."""
    env = [word for name, value in sorted(watched.env.items()) for word in ("-E", f"{name}={value}")]
    options = ["-f", "-qq", "-y", "-e", f"trace={','.join(CALLS)}", "-o", f"{watched.leaves}/strace"]
    command = replace(
        watched.alone(),
        argv=(*toolchain.tool("strace"), *options, *env, "--", *watched.argv),
        env={},
    )
    return sandbox.wrap(command, toolchain.world, (watched.leaves,))


def values(completed: Completed, left: Mapping[str, bytes]) -> dict[str, Any]:
    """What matchers may speak of; `process` counts from 0 in the order in which processes appear."""
    seen = strace.parse(left.get("strace", b"").decode("utf-8", "replace"))
    started = any(one.result == "ok" for one in seen.executes)
    number = {pid: count for count, pid in enumerate(seen.pids)}
    return {
        **plain.values(completed),
        "exit": completed.exit if started else None,
        "signal": completed.signal if started else None,
        "strace": {
            "opens": [_opened(one, number) for one in seen.opens],
            "executes": [_opened(one, number) for one in seen.executes],
            "maps": [
                {
                    "process": number[one.pid],
                    "path": one.path,
                    "prot": one.prot,
                    "offset": one.offset,
                    "length": one.length,
                }
                for one in seen.maps
            ],
            "calls": dict(sorted(Counter(seen.calls).items())),
        },
    }


def _opened(one: Opened, number: Mapping[int, int]) -> dict[str, Any]:
    return {
        "process": number[one.pid],
        "path": one.path,
        "result": one.result,
        "flags": one.flags,
        "file": one.file,
    }
