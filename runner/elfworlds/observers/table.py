"""Every observer, by the name that experiments say."""

from __future__ import annotations

from elfworlds.observers import gdb, ld_debug, plain, strace, valgrind
from elfworlds.observers.types import Observer

PLAIN = "plain"  # watched by nothing
_ROWS = (
    Observer(name=PLAIN, command=plain.command, read=plain.read),
    Observer(name=ld_debug.NAME, command=ld_debug.command, read=ld_debug.read),
    Observer(name="gdb", command=gdb.command, read=gdb.read, tools=gdb.TOOLS, axis="gdb"),
    Observer(name="valgrind", command=valgrind.command, read=valgrind.read, tools=valgrind.TOOLS),
    Observer(name="strace", command=strace.command, read=strace.read, tools=strace.TOOLS),
)
OBSERVERS: dict[str, Observer] = {observer.name: observer for observer in _ROWS}
