"""csrc: every file begins with its claim, and no compiler has anything to say about it."""

from __future__ import annotations

import subprocess  # compilers are run as a person would
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import ROOT

SOURCES = sorted((ROOT / "csrc").rglob("*.c"))
WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-pedantic", "-Wmissing-prototypes", "-Wstrict-prototypes", "-Werror"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_first_comment_is_the_claim(path: Path) -> None:
    assert path.read_text().startswith("/* Claim: ")


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_it_compiles_without_a_warning(path: Path, compiler: str, needs: Callable[[str], str]) -> None:
    command = [
        needs(compiler),
        "-std=gnu17",
        "-fPIC",
        "-DVERSION=1",
        *WARNINGS,
        "-O1",
        "-c",
        "-o",
        "/dev/null",
        str(path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
