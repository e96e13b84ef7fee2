"""What glibc says of itself: the banner in libc.so.6 (csu/version.c)."""

from __future__ import annotations

import re

_BANNER = re.compile(rb"GNU C Library \(([^)]*)\) (?:stable|development) release version ([0-9][0-9.]*[0-9])")


def banner(data: bytes) -> dict[str, str]:
    """The versions of a toolchain with this libc.so.6; none where it is not glibc's."""
    match = _BANNER.search(data)
    if match is None:
        return {}
    return {"libc": match[2].decode(), "libc-family": "glibc", "libc-revision": match[1].decode("utf-8", "replace")}
