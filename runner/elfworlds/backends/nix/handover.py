"""What Nix is given: a document of the objects to make, and a directory of their inputs by digest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.backends.commands import by_hand
from elfworlds.backends.nix import trouble
from elfworlds.backends.types import Failure
from elfworlds.errors import BuildFailedError
from elfworlds.planning.document import build_document
from elfworlds.planning.types import directory_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from elfworlds.backends.types import Artifact
    from elfworlds.jsondata import Json, JsonObject
    from elfworlds.planning import BuildRequest
    from elfworlds.toolchains import Toolchain

LINKER = "linker="


def document(
    requests: Iterable[BuildRequest],
    toolchain: Toolchain,
    visible: tuple[str, ...],
    root: JsonObject | None,
    trees: Mapping[str, Mapping[str, str]],
) -> dict[str, Json]:
    """As nix/objects.nix reads it.

    Args:
        requests: the objects to make.
        toolchain: with what.
        visible: the directories of this machine that a build sees, if any.
        root: what a build sees instead (roots.py).
        trees: those that objects are files of, by key (trees.py).
    """
    wanted = tuple(requests)
    builds = {request.key: build_document(request) for request in wanted}
    asked = [request for request in wanted if not request.tree]
    used = sorted({tool for request in asked for tool in request.tools})
    return {
        "toolchain": {
            "name": toolchain.name,
            "tools": {name: list(_seen(toolchain.tool(name), visible)) for name in used},
            "env": dict(toolchain.env),
            "root": root,
        },
        "builds": builds,
        "trees": {key: dict(tree) for key, tree in trees.items()},
    }


def built_elsewhere(requests: Mapping[str, BuildRequest], artifacts: Mapping[str, Artifact]) -> dict[str, Json]:
    """What the objects need of other toolchains, as nix/objects.nix reads it; nothing where they need nothing."""
    needs = {need for request in requests.values() for need in request.needs} - set(requests)
    return {"made": {need: artifacts[need].directory for need in sorted(needs)}} if needs else {}


def unbuildable(
    requests: Mapping[str, BuildRequest],
    toolchain: Toolchain,
    visible: tuple[str, ...],
    before: Collection[str] = (),
) -> dict[str, Failure]:
    """The objects whose compiler is missing or not seen by builds, and those that need one, or what failed before.

    Raises:
        BuildFailedError: the compiler for C is not seen, without which there is nothing.
    """
    failures: dict[str, Failure] = {}
    for key, request in requests.items():
        used = request.tools
        lack = next(filter(None, (toolchain.lack(tool) or _unseen(tool, toolchain, visible) for tool in used)), None)
        missing = tuple(need for need in request.needs if need in failures or need in before)
        if missing:
            failures[key] = Failure(key=key, command="", output="", missing=missing)
        elif lack:
            failures[key] = Failure(key=key, command=by_hand(request, directory_of), output=lack)
    return failures


def _unseen(tool: str, toolchain: Toolchain, visible: tuple[str, ...]) -> str:
    """Why builds cannot use a compiler; empty where they can."""
    try:
        _seen(toolchain.tool(tool), visible)
    except BuildFailedError as error:
        if tool == "cc":
            raise
        return f"{error.message}\n{error.hint}"
    return ""


def _seen(words: tuple[str, ...], visible: tuple[str, ...]) -> tuple[str, ...]:
    """The words with the paths of programs as a build sees them; rustc's name the linker too."""
    if not visible:
        return words
    more = (LINKER + _program(word[len(LINKER) :], visible) if word.startswith(LINKER) else word for word in words[1:])
    return (_program(words[0], visible), *more)


def _program(word: str, visible: tuple[str, ...]) -> str:
    """A program's path as a build sees it. Links through /etc are resolved, since builds do not see /etc."""
    program = Path(word)
    while program.is_symlink() and program.readlink().is_relative_to("/etc"):
        program = program.readlink()
        program = program.readlink() if program.is_symlink() else program
    if not any(program.is_relative_to(directory) for directory in visible):
        raise BuildFailedError(
            f"`{word}` is not where a Nix build sees it: it sees {' '.join(visible)}",
            hint="name a compiler in one of these directories in CC, CXX or RUSTC, or use --backend local",
        )
    return str(program)


def write(directory: Path, data: JsonObject, inputs: Iterable[str], files: Mapping[str, bytes]) -> None:
    """`plan.json` and `files/<sha256>` below the directory.

    Args:
        directory: an existing one.
        data: what `document` made.
        inputs: the digests of the files that it names.
        files: by digest.
    """
    try:
        (directory / "files").mkdir(parents=True)
        for sha256 in sorted(set(inputs)):
            (directory / "files" / sha256).write_bytes(files[sha256])
        (directory / "plan.json").write_text(json.dumps(data))
    except OSError as error:
        raise trouble.explain(f"{error.filename or directory}: {error.strerror}") from None
