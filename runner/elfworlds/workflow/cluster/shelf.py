"""The tasks that are no trials: what is sent, and what keeps a file on a worker that could not fetch it."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath
from typing import TypeVar

from elfworlds import atomic

Value = TypeVar("Value")


def same(value: Value) -> Value:
    """The task of what is sent: a scheduler that keeps it can have it made again wherever it was lost."""
    return value


def shelve(store: str, name: str, sha256: str, data: bytes) -> str:
    """Keep a file below a store, where whoever makes the toolchain looks for it.

    Args:
        store: the worker's, at the path of the runner's.
        name: the file's, relative.
        sha256: as the runner knows it.
        data: what came.

    Returns:
        Why it is not kept; empty where it is.
    """
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts or not pure.parts:
        return f"`{name}` leads out of the store"
    if hashlib.sha256(data).hexdigest() != sha256:
        return f"{name}: what came is not what the runner has"
    try:
        atomic.write(Path(store) / pure, data, synced=False)
    except OSError as error:
        return f"{name} cannot be kept: {error.strerror}: {error.filename}"
    return ""
