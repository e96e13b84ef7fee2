"""The program under gdb, over GDB/MI: what it looks like at each stop, each address with its object and namespace.

A documented side effect: the program sees LD_DEBUG and LD_DEBUG_OUTPUT, since the loader's own account is what
tells one namespace's copy of an object from another's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds import sandbox
from elfworlds.observers import gdb_session, ld_debug, plain
from elfworlds.outcome import Tried
from elfworlds.traces import gdb_stops

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.observers.types import Watched
    from elfworlds.outcome import Result
    from elfworlds.process import Command, Completed
    from elfworlds.toolchains import Toolchain

TOOLS = ("gdb", "sh", "env", "dd")
# The program's standard input stands before what gdb is told; dd takes exactly so many bytes of it.
SCRIPT = """\
leaves=$1 dd=$2 bytes=$3
shift 3
[ "$bytes" = 0 ] || "$dd" bs="$bytes" count=1 of="$leaves/stdin" 2>/dev/null
exec "$@" 7>&1 8>&2 >"$leaves/mi" 2>"$leaves/gdb"
"""


def command(watched: Watched, toolchain: Toolchain) -> Command:
    """Start gdb in a clean environment; only the program has the experiment's, and its own standard streams."""
    shell, gdb, dd = (toolchain.tool(name) for name in ("sh", "gdb", "dd"))
    before = (*shell, "-c", SCRIPT, "sh", watched.leaves, dd[0], str(len(watched.stdin)))
    command = replace(
        watched.alone(),
        argv=(*before, *gdb, "-nx", "-q", "-i=mi3", "-iex", "set debuginfod enabled off", "--", watched.argv[0]),
        env={"PATH": toolchain.env.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"},
        traces=True,
        stdin=watched.stdin + gdb_session.session(watched, toolchain.tool("env")[0]),
    )
    return sandbox.wrap(command, toolchain.world, (watched.leaves,))


def read(completed: Completed, left: Mapping[str, bytes]) -> Result:
    """What matchers may speak of; `exit` and `signal` are the program's, as gdb saw it end."""
    failed = plain.tool_failed(completed, "gdb")
    if failed:
        return failed
    files = {name: data.decode("utf-8", "replace") for name, data in left.items()}
    session = gdb_stops.read(files.get("mi", ""), files)
    lacks = untried(completed, session, files.get("gdb", ""))
    if lacks:
        return plain.unwatched("gdb", lacks, "" if session.started else files.get("gdb", "") + files.get("mi", ""))
    program = plain.values(completed)
    swallowed = "".join(ld_debug.swallowed(files[name]) for name in sorted(files) if name.startswith("ld-debug."))
    end = (None, None) if completed.timed_out else (session.exit, session.signal)
    return Tried(
        {
            **program,
            "stderr": swallowed + plain.stderr(completed),
            "exit": end[0],
            "signal": end[1],
            "gdb": session.values,
        }
    )


def untried(completed: Completed, session: gdb_stops.GdbSession, stderr: str) -> str:
    """Why gdb says nothing of the program's run; empty where it saw the program run to its end, or till time was up."""
    if not session.started:
        return session.error or _last_line(stderr) or "it did not start the program"
    if session.ended or completed.timed_out:
        return ""
    return f"it ended before it saw the program end{f': {_last_line(stderr)}' if stderr.strip() else ''}"


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]
