"""What Nix is given: a document of the objects to make, and a directory of their inputs by digest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elfworlds.backends.nix import trouble
from elfworlds.errors import BuildFailedError
from elfworlds.plan.document import build_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from elfworlds.plan import BuildRequest
    from elfworlds.toolchains import Toolchain


def document(requests: Iterable[BuildRequest], toolchain: Toolchain, visible: tuple[str, ...]) -> dict[str, Any]:
    """As nix/objects.nix reads it. `visible` are the directories of this machine that a build sees, if any."""
    builds = {one.key: build_document(one) for one in requests}
    used = sorted({one["argv"][0] for one in builds.values()})
    return {
        "toolchain": {
            "name": toolchain.name,
            "tools": {name: list(_seen(toolchain.tool(name), visible)) for name in used},
            "env": dict(toolchain.env),
        },
        "builds": builds,
    }


def _seen(words: tuple[str, ...], visible: tuple[str, ...]) -> tuple[str, ...]:
    """The words with the program's path as a build sees it: /etc, where alternatives lie, is not there."""
    if not visible:
        return words
    program = Path(words[0])
    while program.is_symlink() and program.readlink().is_relative_to("/etc"):
        program = program.readlink()
        program = program.readlink() if program.is_symlink() else program
    if not any(program.is_relative_to(one) for one in visible):
        raise BuildFailedError(
            f"`{words[0]}` is not where a Nix build sees it: it sees {' '.join(visible)}",
            hint="name a compiler in one of these directories in CC, or use --backend local",
        )
    return (str(program), *words[1:])


def write(directory: Path, data: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
    """`plan.json` and `files/<sha256>` below the directory."""
    try:
        _write(directory, data, files)
    except OSError as error:
        raise trouble.explain(f"{error.filename or directory}: {error.strerror}") from None


def _write(directory: Path, data: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
    wanted = {sha256 for request in data["builds"].values() for sha256 in request["inputs"].values()}
    (directory / "files").mkdir(parents=True)
    for sha256 in sorted(wanted):
        (directory / "files" / sha256).write_bytes(files[sha256])
    (directory / "plan.json").write_text(json.dumps(data))
