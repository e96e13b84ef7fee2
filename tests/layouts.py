"""Layouts of images, as skopeo writes them: index.json and blobs by digest."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from elfworlds.jsondata import Json
from elfworlds.trees.oci import INDEX, INDICES, MANIFESTS, MARK, NAME

LAYER = "application/vnd.oci.image.layer.v1.tar"
Content = bytes | str | None  # a file, the target of a link, a directory


def tarred(members: Mapping[str, Content], again: Mapping[str, str] | None = None) -> bytes:
    """A layer; `again` has other names of files in it."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.mode = 0o755
            if isinstance(content, bytes):
                info.size = len(content)
            else:
                info.type, info.linkname = (tarfile.DIRTYPE, "") if content is None else (tarfile.SYMTYPE, content)
            archive.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
        for name, first in (again or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.LNKTYPE, first
            archive.addfile(info)
    return data.getvalue()


def blob(place: Path, data: bytes, kind: str) -> dict[str, Json]:
    """A blob of a layout, and the descriptor that names it."""
    digits = hashlib.sha256(data).hexdigest()
    path = place / "blobs/sha256" / digits
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return {"mediaType": kind, "digest": f"sha256:{digits}", "size": len(data)}


def image(
    place: Path, layers: Sequence[bytes], name: str = "", machine: str = "", kind: str = LAYER
) -> dict[str, Json]:
    """An image of a layout, whose layers are tar archives; those of a kind that ends so are compressed with gzip."""
    packed = (gzip.compress(data, mtime=0) if kind.endswith("+gzip") else data for data in layers)
    config = blob(place, json.dumps({"os": "linux"}).encode(), "application/vnd.oci.image.config.v1+json")
    manifest = {"schemaVersion": 2, "config": config, "layers": [blob(place, data, kind) for data in packed]}
    descriptor = blob(place, json.dumps(manifest).encode(), MANIFESTS[0])
    platform: dict[str, Json] = {"platform": {"os": "linux", "architecture": machine}} if machine else {}
    return {**descriptor, **platform, **({"annotations": {NAME: name}} if name else {})}


def index(place: Path, descriptors: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
    """An index inside of a layout."""
    text = json.dumps({"schemaVersion": 2, "manifests": [dict(one) for one in descriptors]})
    return blob(place, text.encode(), INDICES[0])


def layout(place: Path, descriptors: Sequence[Mapping[str, Json]]) -> Path:
    """The layout's own two files, written when its images are there."""
    (place / MARK).write_text('{"imageLayoutVersion": "1.0.0"}')
    (place / INDEX).write_text(json.dumps({"schemaVersion": 2, "manifests": [dict(one) for one in descriptors]}))
    return place
