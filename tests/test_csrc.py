"""csrc: every file begins with its claim, and no compiler has anything to say about it."""

from __future__ import annotations

import subprocess  # compilers are run as a person would
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import ROOT
from elfworlds.driver.headers import DIRECTORY

SOURCES = sorted(path for path in (ROOT / "csrc").rglob("*") if path.suffix in (".c", ".cc", ".rs"))
COMPILED = [path for path in SOURCES if path.suffix != ".rs"]
WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-pedantic", "-Werror"]
LANGUAGES = {
    ".c": ("gcc", "clang", ["-std=gnu17", "-Wmissing-prototypes", "-Wstrict-prototypes"]),
    ".cc": ("g++", "clang++", ["-std=gnu++17"]),
}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_first_comment_is_the_claim(path: Path) -> None:
    assert path.read_text().startswith(("/* Claim: ", "// Claim: "))


@pytest.mark.parametrize("compiler", [0, 1], ids=["gcc", "clang"])
@pytest.mark.parametrize("path", COMPILED, ids=lambda path: str(path.relative_to(ROOT)))
def test_it_compiles_without_a_warning(path: Path, compiler: int, needs: Callable[[str], str]) -> None:
    *compilers, words = LANGUAGES[path.suffix]
    command = [
        needs(compilers[compiler]),
        *words,
        *("-fPIC", "-DVERSION=1", f"-I{DIRECTORY}"),
        *WARNINGS,
        "-O1",
        "-c",
        "-o",
        "/dev/null",
        str(path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
