"""A toolchain's root, to inspect files in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.errors import InputError
from elfworlds.process import Pool
from elfworlds.toolchains import families
from elfworlds.toolchains.family import Means
from elfworlds.toolchains.pinning import places
from elfworlds.yamltext import closest

if TYPE_CHECKING:
    from elfworlds.toolchains import Toolchain


def provided(name: str) -> Toolchain:
    """A toolchain by name; its root is fetched where it is not here.

    Raises:
        InputError: no such toolchain is known, or it cannot be used here.
        BuildFailedError: it cannot be had.
    """
    where = places(paths.here())
    known = families.known(where)
    if name not in known:
        raise InputError(f"no toolchain `{name}` is known here", hint=closest(name, known))
    with Pool() as pool:
        toolchain = families.provided(name, Means(run=pool.run, environment=os.environ, where=where))
    if toolchain.unsupported:
        raise InputError(f"{name}: {toolchain.unsupported}", hint="--root DIR needs no such thing")
    return toolchain
