"""`elfworlds unpack`: an archive → the tree that `prebuilt: {archive: …}` takes from it; nix/unpacked.nix calls it."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from elfworlds import paths


def unpack(
    archive: Annotated[Path, typer.Argument(help="A .whl, .zip, .deb or .tar with or without compression.")],
    directory: Annotated[Path, typer.Argument(help="Where its files go; nothing may be there.")],
) -> int:
    """Put what an archive holds into a new directory, as `prebuilt: {archive: …}` has it."""
    from elfworlds.errors import Exit, InputError
    from elfworlds.trees import TreeError
    from elfworlds.trees.shelf import unpacked_to

    if why := paths.why_unreadable(archive):
        raise InputError(f"{why}: {archive}")
    if os.path.lexists(directory):
        raise InputError(f"{directory}: something is there", hint="name a directory that is not there yet")
    directory.mkdir(parents=True)
    with TemporaryDirectory() as work:
        try:
            unpacked_to(directory, archive, Path(work), os.environ)
        except TreeError as error:
            raise InputError(f"{archive}: {error}", hint=error.hint) from None
    return Exit.AS_EXPECTED
