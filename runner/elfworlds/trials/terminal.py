"""Whether a program can have a terminal as its standard output."""

from __future__ import annotations

import os
from functools import cache


@cache
def unsupported() -> str:
    """Why no terminal can be had here, as in a container without /dev/pts; empty where one can."""
    try:
        descriptors = os.openpty()
    except OSError as error:
        return f"no pseudo-terminal can be had here: {error.strerror}"
    for descriptor in descriptors:
        os.close(descriptor)
    return ""
