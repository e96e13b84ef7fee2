"""Objects that a compiler made, and what the real loader of this machine says of a file."""

from __future__ import annotations

import os
import re
import struct
import subprocess
from pathlib import Path

import pytest

LOADER = Path("/lib64/ld-linux-x86-64.so.2")
MAPPED = re.compile(r"\t(?:(.*?) => )?(\S*) \(0x[0-9a-f]+\)")
LACKING = re.compile(r"\t(\S+) => not found")
UNDEFINED = re.compile(r"undefined symbol: (\S+?)(?:, version (\S+))?\s+\((\S+)\)")
VERSION = re.compile(r"(\S+): version `(\S+)' not found \(required by (\S+)\)")


def compiled(path: Path, code: str, *words: str | Path) -> Path:
    """A shared library, or with `-pie` among the words a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = () if "-pie" in words else ("-shared", "-fPIC")
    command = ["cc", "-x", "c", "-", "-o", str(path), *kind, "-Wl,--no-as-needed", *map(str, words)]
    subprocess.run(command, input=code.encode(), check=True)
    return path


def listed(path: Path, env: dict[str, str] | None = None) -> tuple[dict[str, str | None], set[tuple[str, str, str]]]:
    """What this machine's loader lists: name → file or None, without the vDSO; (file, version, needing) missing."""
    words, asked = [str(LOADER), str(path)], {"LD_TRACE_LOADED_OBJECTS": "1", "PATH": os.environ["PATH"]}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env={**asked, **(env or {})})
    found: dict[str, str | None] = {}
    for line in (done.stdout + done.stderr).splitlines():
        mapped, lacking = MAPPED.fullmatch(line), LACKING.fullmatch(line)
        if mapped and "linux-vdso" not in line:
            found.setdefault(mapped[1] or mapped[2], mapped[2])
        elif lacking:
            found.setdefault(lacking[1], None)
    versions = {(match[1], match[2], match[3]) for match in VERSION.finditer(done.stdout + done.stderr)}
    return found, versions


def cached() -> None:
    """Skip where the system's libraries are in no /etc/ld.so.cache, as in a build of Nix."""
    if not Path("/etc/ld.so.cache").exists():
        pytest.skip("this machine has no /etc/ld.so.cache")


def weakened(path: Path, version: str) -> Path:
    """The same file beside it, which needs a version only weakly, as old linkers wrote it."""
    digest = 0
    for byte in version.encode():
        digest = (digest << 4) + byte
        digest = (digest ^ (digest & 0xF0000000) >> 24) & 0x0FFFFFFF
    strong, weak = struct.pack("<IH", digest, 0), struct.pack("<IH", digest, 2)  # Vernaux: vna_hash, vna_flags
    data = path.read_bytes()
    assert data.count(strong) == 1
    weaker = path.with_name(f"{path.name}-weak")
    weaker.write_bytes(data.replace(strong, weak))
    weaker.chmod(0o755)
    return weaker


def undefined(path: Path, env: dict[str, str] | None = None) -> set[tuple[str, str, str]]:
    """(symbol, version, file) that this machine's loader says nothing defines, as `ldd -r`."""
    asked = {"LD_TRACE_LOADED_OBJECTS": "1", "LD_WARN": "1", "LD_BIND_NOW": "1", "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [str(LOADER), str(path)], capture_output=True, text=True, check=False, env={**asked, **(env or {})}
    )
    return {(match[1], match[2] or "", match[3]) for match in UNDEFINED.finditer(done.stdout + done.stderr)}
