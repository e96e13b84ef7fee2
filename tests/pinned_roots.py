"""Pinned roots for tests: those of the user's cache, fetched where they are not there."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import replace

import pytest

from elfworlds.errors import BuildFailedError
from elfworlds.process import Pool
from elfworlds.toolchains import Toolchain
from elfworlds.toolchains.families import provided
from elfworlds.workflow.screen import Silent
from elfworlds.workflow.session import Session
from elfworlds.workflow.toolchains import means

JOBS = 2


def rooted(label: str, pool: Pool, languages: Collection[str] = ()) -> Toolchain:
    """The toolchain of `debian/<suite>` or `musl/<suite>`; without bubblewrap or a mirror the test is skipped."""
    try:
        found = provided(label, replace(means(Session(pool, os.environ, Silent(), JOBS)), languages=languages))
    except BuildFailedError as error:
        pytest.skip(f"needs a network: {error.message}")
    if found.unsupported:
        pytest.skip(found.unsupported)
    return found
