"""What a shell script says of objects that another toolchain than the trial's builds, and how it is given compilers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from elfworlds.planning import BuildRequest

VARIABLES = {"cc": "CC", "c++": "CXX", "rustc": "RUSTC"}
IN_DIRECTORY = """sh -c 'cd "$1" && shift && exec "$@"' sh"""
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9]")


def asked(requests: Sequence[BuildRequest], own: str) -> Iterator[str]:
    """Lines that say what is built where, and end the script where nobody gave a command for it.

    Args:
        requests: the objects of the trial.
        own: the trial's toolchain.
    """
    for toolchain in dict.fromkeys(request.toolchain for request in requests if request.toolchain != own):
        variable = _variable("IN", toolchain)
        objects = ", ".join(request.name for request in requests if request.toolchain == toolchain)
        yield f"# {objects}: built in {toolchain}. The trial was in {own}, which built the rest."
        yield f"# {variable} holds the words that run a command in {toolchain} and show it this directory:"
        yield f'#   {variable}="docker run --rm -v $PWD:$PWD IMAGE" sh THIS-FILE'
        yield f"# Where it is empty, the compiler of this machine builds {objects} too."
        yield f': "${{{variable}?words that run a command in {toolchain}, where {objects} is built}}"'
        yield ""


def command(toolchain: str, tool: str, directory: str, arguments: str) -> str:
    """The line that runs a tool of a toolchain.

    Args:
        toolchain: its name.
        tool: a compiler, or what edits a file.
        directory: where the tool is run; as the shell reads it.
        arguments: the tool's, as the shell reads them.
    """
    there = f"${{{_variable(VARIABLES[tool], toolchain)}:-{tool}}}" if tool in VARIABLES else tool
    return f"${_variable('IN', toolchain)} {IN_DIRECTORY} {directory} {there} {arguments}"


def _variable(what: str, toolchain: str) -> str:
    """The variable of the script that holds words for a toolchain."""
    return f"{what}_{_NOT_IN_A_NAME.sub('_', toolchain).upper()}"
