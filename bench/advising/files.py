"""Which files of a system can be opened, and whose they are."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from elfworlds import elf
from elfworlds.inspection.below import programs_below


def libraries(directories: Sequence[str], root: str) -> list[str]:
    """The paths, within the root, of every x86-64 file that can be mapped, once."""
    files: dict[str, str] = {}
    for directory in directories:
        for path in programs_below(root.rstrip("/") + directory):
            if "/debug/" in path:
                continue
            try:
                facts = elf.read(Path(path))
            except elf.NotElfError:
                continue
            if facts.type == "ET_DYN" and facts.machine == "EM_X86_64":
                files.setdefault(os.path.realpath(path), "/" + path.removeprefix(root).lstrip("/"))
    return list(files.values())


def package_of(path: str, root: str) -> str:
    """The package that brought a file, and its version; `no package` where dpkg knows of none.

    Args:
        path: within the root. A merged /usr has it under either name.
        root: of the system, with dpkg's database.
    """
    for name in (path, path.removeprefix("/usr"), f"/usr{path}"):
        words = _dpkg(root, "--search", name)
        if words:
            owner = words.partition(": ")[0].partition(",")[0]
            return _dpkg(root, "--show", "--showformat=${Package} ${Version}", owner)
    return "no package"


def packages(root: str) -> int:
    """How many packages a system has."""
    return len(_dpkg(root, "--show", "--showformat=${Package}\n").splitlines())


def _dpkg(root: str, *words: str) -> str:
    command = ["dpkg-query", f"--admindir={root.rstrip('/')}/var/lib/dpkg", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False).stdout.strip()
