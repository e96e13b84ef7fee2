"""Programs beside compilers that every toolchain is to have: an observer's tools are among them."""

from __future__ import annotations

VERSIONED = ("gdb", "valgrind", "strace")  # which say what version they are
PLAIN = ("cp", "sh", "env", "dd")
