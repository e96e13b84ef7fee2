"""The files of an image in a layout, as members of one archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.trees import oci
from elfworlds.trees.layers import merged, placed
from elfworlds.trees.manifest import Tally
from elfworlds.trees.members import Layer, of_tar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from elfworlds.trees.deb import Unzstd
    from elfworlds.trees.manifest import Limits
    from elfworlds.trees.members import Member


def members_of(layout: Path, machine: str, name: str, unzstd: Unzstd, most: Limits) -> Iterator[Member]:
    """What the layers of an image leave; each layer is read twice, once for what is where.

    Args:
        layout: the directory.
        machine: which image, as of `oci.image`.
        name: of the image; empty for the only one.
        unzstd: undoes what zstd(1) compressed.
        most: how much all layers may hold, with what upper ones cover.

    Raises:
        TreeError: as of `oci.image`, or a layer is damaged or refused.
    """
    layers = [_plain(*oci.layer(layout, blob), unzstd) for blob in oci.image(layout, machine, name).layers]
    tally = Tally(most)
    places = merged(_listed(path, suffix, unzstd, tally) for path, suffix in layers)
    for number, (path, suffix) in enumerate(layers):
        with of_tar(path, suffix, unzstd, Layer()) as held:
            yield from placed(number, held, places)


def _plain(path: Path, suffix: str, unzstd: Unzstd) -> tuple[Path, str]:
    """A layer that is read without zstd(1)."""
    return (unzstd(path, (0, path.stat().st_size)), "") if suffix == ".zst" else (path, suffix)


def _listed(path: Path, suffix: str, unzstd: Unzstd, tally: Tally) -> Iterator[Member]:
    with of_tar(path, suffix, unzstd, Layer()) as held:
        for member in held:
            tally.file()
            tally.add(member.size)
            yield member
