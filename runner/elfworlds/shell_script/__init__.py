"""One trial of a plan → one shell script with sources, compiler commands and command line; pure."""

from elfworlds.shell_script.script import CWD, place, script, source

__all__ = ["CWD", "place", "script", "source"]
