"""Layouts of images, as `skopeo copy … oci:DIR` writes them: from the index to the layers of one image.

https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md; every blob is checked by its digest.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds import reading
from elfworlds.trees.manifest import TreeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from elfworlds.jsondata import Json

MARK, INDEX = "oci-layout", "index.json"
MOST = 4 << 20  # bytes of a manifest, as registries have it
MOST_LAYERS = 256
NAME = "org.opencontainers.image.ref.name"
INDICES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
ENDINGS = {".tar": "", ".tar+gzip": ".gz", ".tar.gzip": ".gz", ".tar+zstd": ".zst"}  # of a layer's media type
MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}
_DIGEST = re.compile(r"(sha256):([0-9a-f]{64})|(sha512):([0-9a-f]{128})")


@dataclass(frozen=True, slots=True)
class Blob:
    """What a descriptor names.

    Attributes:
        kind: its media type.
        digest: `sha256:` or `sha512:` and hexadecimal digits.
        size: in bytes.
        name: of the image, where the index gives one.
        machine: what the image is for, `linux/amd64`; empty where the index does not say.
    """

    kind: str
    digest: str
    size: int
    name: str = ""
    machine: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """An image: its manifest's digest, which decides every byte of it, and its layers, the lowest first."""

    digest: str
    layers: tuple[Blob, ...]


def is_layout(place: Path) -> bool:
    """Whether a directory is the layout of an image."""
    return (place / MARK).is_file() and (place / INDEX).is_file()


def image(place: Path, machine: str, name: str = "") -> Image:
    """The image in a layout that is for a machine; its layers are not read.

    Args:
        place: the layout's directory.
        machine: as uname(2) calls it.
        name: of the image; empty where there is one alone.

    Raises:
        TreeError: there is none, or more than one, or a blob is not what its descriptor says.
        OSError: the index cannot be read.
    """
    wanted = f"linux/{MACHINES.get(machine, machine)}"
    known = list(dict.fromkeys(_manifests(place, _json(reading.read(place / INDEX, MOST), INDEX))))
    own = [blob for blob in known if blob.machine in ("", wanted) and name in ("", blob.name)]
    digests = dict.fromkeys(blob.digest for blob in own)
    if len(digests) != 1:
        listed = ", ".join(dict.fromkeys(" ".join(filter(None, (blob.name, blob.machine))) or "?" for blob in known))
        which = f"the image `{name}`" if name else "one image"
        raise TreeError(f"it is to hold {which} for {wanted}, and holds {listed or 'none'}"[:500], "image: NAME")
    manifest = _json(_read(place, own[0]), own[0].digest)
    layers = tuple(_descriptors(manifest, "layers"))
    if len(layers) > MOST_LAYERS:
        raise TreeError(f"its image has more than {MOST_LAYERS} layers")
    return Image(own[0].digest, layers)


def layer(place: Path, blob: Blob) -> tuple[Path, str]:
    """The file of a layer, whose digest is right, and how it is compressed: `.gz`, `.zst` or empty.

    Raises:
        TreeError: it is not there, not what its descriptor says, or of an unknown kind.
    """
    suffix = next((suffix for ending, suffix in ENDINGS.items() if blob.kind.endswith(ending)), None)
    if suffix is None:
        raise TreeError(
            f"a layer is of the kind {blob.kind!r:.200}", "layers are tar archives, plain or as gzip or zstd"
        )
    return _checked(place, blob), suffix


def _manifests(place: Path, index: Mapping[str, Json]) -> Iterator[Blob]:
    """The manifests that an index names, and those that its indices do; what is neither is left out."""
    waiting, known = list(_descriptors(index, "manifests")), set()
    while waiting:
        blob = waiting.pop(0)
        if blob.kind in INDICES and blob.digest not in known:
            known.add(blob.digest)
            waiting += _descriptors(_json(_read(place, blob), blob.digest), "manifests", blob.name)
        elif blob.kind in MANIFESTS:
            yield blob


def _descriptors(data: Mapping[str, Json], key: str, name: str = "") -> Iterator[Blob]:
    """The descriptors of a list, of images called `name` where they say nothing else."""
    listed = data.get(key)
    if not isinstance(listed, list):
        raise TreeError(f"its `{key}` are no list: {listed!r:.200}")
    return (_descriptor(item, name) for item in listed)


def _descriptor(item: Json, name: str) -> Blob:
    data = _mapping(item, "a descriptor")
    kind, digest, size = data.get("mediaType"), data.get("digest"), data.get("size")
    if not isinstance(kind, str) or not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise TreeError(f"a descriptor has no mediaType, or no digest of sha256 or sha512: {item!r:.200}")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise TreeError(f"a descriptor has no size: {item!r:.200}")
    annotations = _mapping(data.get("annotations") or {}, "annotations")
    platform = _mapping(data.get("platform") or {}, "a platform")
    machine = f"{platform.get('os')}/{platform.get('architecture')}" if platform else ""
    return Blob(kind, digest, size, str(annotations.get(NAME, name)), machine)


def _read(place: Path, blob: Blob) -> bytes:
    if blob.size > MOST:
        raise TreeError(f"{blob.digest} has more than {MOST} bytes")
    try:
        return reading.read(_checked(place, blob), MOST)
    except OSError as error:
        raise TreeError(f"{blob.digest}: {error.strerror or error}") from None


def _checked(place: Path, blob: Blob) -> Path:
    algorithm, _, digits = blob.digest.partition(":")
    path = place / "blobs" / algorithm / digits
    try:
        with reading.opened(path) as file:
            size = os.fstat(file.fileno()).st_size
            right = size == blob.size and hashlib.file_digest(file, algorithm).hexdigest() == digits
    except OSError as error:
        raise TreeError(f"the blob {blob.digest} cannot be read: {error.strerror or error}") from None
    if not right:
        raise TreeError(f"the blob {blob.digest} is not what its descriptor says, or has not {blob.size} bytes")
    return path


def _json(data: bytes, what: str) -> Mapping[str, Json]:
    try:
        return _mapping(json.loads(data), what)
    except (ValueError, RecursionError):
        raise TreeError(f"{what} is no JSON") from None


def _mapping(value: Json, what: str) -> Mapping[str, Json]:
    if not isinstance(value, dict):
        raise TreeError(f"{what} is no mapping: {value!r:.200}")
    return value
