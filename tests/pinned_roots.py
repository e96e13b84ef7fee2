"""Pinned roots for tests: those of the user's cache, fetched where they are not there."""

from __future__ import annotations

import os
from collections.abc import Collection

import pytest

from elfworlds.cli.console import Screen
from elfworlds.cli.worlds import Provider
from elfworlds.errors import BuildFailedError
from elfworlds.process import Pool
from elfworlds.toolchains import Toolchain

JOBS = 2


def rooted(label: str, pool: Pool, languages: Collection[str] = ()) -> Toolchain:
    """The toolchain of `debian/<suite>` or `musl/<suite>`; without bubblewrap or a mirror the test is skipped."""
    screen = Screen(colored=False, quiet=True, progress=False)
    try:
        found = Provider(pool, os.environ, screen, JOBS, languages).toolchain(label)
    except BuildFailedError as error:
        pytest.skip(f"needs a network: {error.message}")
    if found.unsupported:
        pytest.skip(found.unsupported)
    return found
