"""The program that is process 1 of every world (reaper.c), and others like it: compiled once and kept.

A root's own gcc makes them, statically: so a machine needs nothing but bubblewrap, and everybody who has the same
root has the same ones. They need nothing of the world that they run in but the kernel.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.errors import BuildFailedError
from elfworlds.process import Command
from elfworlds.sandbox.bubblewrap import wrap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from elfworlds.process import Runner
    from elfworlds.sandbox.world import World

SOURCE = Path(__file__).with_name("reaper.c")
FLAGS = ("-std=gnu17", "-O2", "-s", "-static")
SECONDS = 60.0


def provide(
    directory: Path,
    cc: Sequence[str],
    env: Mapping[str, str],
    world: World,
    run: Runner,
    source: Path = SOURCE,
) -> str:
    """The path of this version's reaper, which is compiled first if it is not there.

    Args:
        directory: an existing one, where it is kept.
        cc: the words that start a compiler in `world`.
        env: the compiler's environment.
        world: where the compiler runs; it has no reaper itself.
        run: how it is run.
        source: of another program than the reaper.

    Raises:
        BuildFailedError: it cannot be made.
    """
    text = source.read_bytes()
    place = directory / f"{source.stem}-{hashlib.sha256(text).hexdigest()[:16]}"
    if place.exists():
        return str(place)
    with tempfile.TemporaryDirectory(prefix=f".{source.stem}-", dir=directory) as work:
        (Path(work) / source.name).write_bytes(text)
        argv = (*cc, *FLAGS, "-o", source.stem, source.name)
        done = run(wrap(Command(argv=argv, env=env, cwd=work, timeout=SECONDS), world))
        if not done.ok:
            output = (done.stdout.data + done.stderr.data).decode("utf-8", "replace").strip()
            raise BuildFailedError(f"{world.name}: {source.name} cannot be compiled: {output or done.not_started}")
        os.replace(Path(work) / source.stem, place)  # noqa: PTH105  # whole or not at all
    return str(place)
