"""What stands beside an object in the store: what it is, and a digest of all that is said of it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.jsondata import Json

FILE = "manifest.json"
DIGEST = "digest"


def text(manifest: Mapping[str, Json]) -> str:
    """A manifest with the digest of all that it says."""
    return json.dumps({**manifest, DIGEST: _digest(manifest)}, sort_keys=True)


def read(data: bytes) -> dict[str, Json]:
    """A manifest.

    Raises:
        ValueError: it is no JSON object, or does not fit its digest.
    """
    manifest = json.loads(data)
    if not isinstance(manifest, dict) or manifest.pop(DIGEST, None) != _digest(manifest):
        raise ValueError("it does not fit its digest")
    return manifest


def _digest(manifest: Mapping[str, Json]) -> str:
    return hashlib.sha256(json.dumps(dict(manifest), sort_keys=True).encode()).hexdigest()
