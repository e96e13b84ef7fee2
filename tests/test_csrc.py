"""csrc: every file begins with its claim, and no compiler has anything to say about it."""

from __future__ import annotations

import subprocess  # compilers are run as a person would
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import ROOT
from elfworlds.driver.headers import DIRECTORY

SOURCES = sorted(path for path in (ROOT / "csrc").rglob("*") if path.suffix in (".c", ".cc"))
WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-pedantic", "-Werror"]
OF_C = ["-std=gnu17", *WARNINGS, "-Wmissing-prototypes", "-Wstrict-prototypes"]
COMPILERS = {
    ".c": [["gcc", *OF_C], ["clang", *OF_C]],
    ".cc": [["g++", "-std=gnu++17", *WARNINGS], ["clang++", "-std=gnu++17", *WARNINGS]],
}
CASES = [(path, command) for path in SOURCES for command in COMPILERS[path.suffix]]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_first_comment_is_the_claim(path: Path) -> None:
    assert path.read_text().startswith("/* Claim: ")


@pytest.mark.parametrize(("path", "command"), CASES, ids=[f"{path.name}-{words[0]}" for path, words in CASES])
def test_it_compiles_without_a_warning(path: Path, command: list[str], needs: Callable[[str], str]) -> None:
    compiler, *words = command
    found = [needs(compiler), *words, "-fPIC", "-DVERSION=1", "-O1", f"-I{DIRECTORY}", "-c", "-o", "/dev/null"]
    done = subprocess.run([*found, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
