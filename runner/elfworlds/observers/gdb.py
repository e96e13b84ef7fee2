"""The program under gdb, over GDB/MI: what it looks like at each stop, each address with its object and namespace.

A documented side effect: the program sees LD_DEBUG and LD_DEBUG_OUTPUT, since the loader's own account is what
tells one namespace's copy of an object from another's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from elfworlds import sandbox
from elfworlds.observers import gdb_session, plain
from elfworlds.traces import gdb_stops

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.observers.types import Watched
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
        stdin=watched.stdin + gdb_session.session(watched, toolchain.tool("env")[0]),
    )
    return sandbox.wrap(command, toolchain.world, (watched.leaves,))


def values(completed: Completed, left: Mapping[str, bytes]) -> dict[str, Any]:
    """What matchers may speak of; `exit` and `signal` are the program's, as gdb saw it end."""
    files = {name: data.decode("utf-8", "replace") for name, data in left.items()}
    seen = gdb_stops.read(files.get("mi", ""), files)
    return {
        **plain.values(completed),
        "exit": None if completed.timed_out else seen.exit,
        "signal": None if completed.timed_out else seen.signal,
        "gdb": seen.values,
    }
