"""Which backend builds in roots, and what is said where none can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from elfworlds.backends.nix import NixBackend
from elfworlds.backends.nix.memory import Memory
from elfworlds.backends.nix.settings import settings
from elfworlds.errors import BuildFailedError
from elfworlds.process import Pool
from elfworlds.sandbox import World, look
from plans import plan_of, stub

TEXT = "experiment: x\nquestion: x\nmatrix: {libc: [debian/trixie]}\nobjects: {o: {library: o, code: 'int o;'}}\n"
SCENARIOS = "scenarios: {s: {run: '/bin/true ${o}'}}\n"


def test_nix_refuses_to_build_what_a_root_should(tmp_path: Path, needs: Callable[[str], str]) -> None:
    needs("nix-build")
    root = replace(stub("debian/trixie"), world=World("debian/trixie", look("/")))
    made = plan_of(TEXT + SCENARIOS, tmp_path, {"debian/trixie": root})
    with Pool() as pool:
        backend = NixBackend(settings({"HOME": str(tmp_path)}), Memory(tmp_path), pool.run, 1, pool.interrupt)
        with pytest.raises(BuildFailedError, match="does not build in roots: debian/trixie") as caught:
            backend.build(made, {"debian/trixie": root}, keep_going=False, report=lambda *_: None)
    assert "--backend local" in (caught.value.hint or "")
