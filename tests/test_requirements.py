"""Dependencies: the lock has all of them, with digests, from nowhere in particular; each has a lowest version."""

from __future__ import annotations

import re
import tomllib

from conftest import ROOT
from lowest import lowest

PYPROJECT = (ROOT / "pyproject.toml").read_text()
LOCK = (ROOT / "requirements.lock").read_text()


def test_the_lock_has_every_dependency_with_digests_and_names_no_host() -> None:
    project = tomllib.loads(PYPROJECT)
    extras = project["project"]["optional-dependencies"]
    wanted = [
        *project["project"]["dependencies"],
        *extras["test"],
        *extras["dask"],
        *extras["lint"],
        *project["build-system"]["requires"],
    ]
    pinned = re.split(r"\n(?=\S)", LOCK.strip())
    names = {block.partition("==")[0].lower() for block in pinned}
    assert {re.split(r"[><=\[]", name)[0].lower() for name in wanted} - names == set()
    assert [block for block in pinned if not re.search(r"--hash=sha256:[0-9a-f]{64}", block)] == []
    assert "//" not in LOCK


def test_each_dependency_has_a_lowest_version() -> None:
    assert [line for line in lowest(PYPROJECT) if not re.fullmatch(r"[a-z0-9-]+==[\d.]+", line)] == []
