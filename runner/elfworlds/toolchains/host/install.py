"""The words that install a compiler, or a tool, on this system."""

from __future__ import annotations

from pathlib import Path

from elfworlds.editors import EDITORS

ELSE = {
    "cc": ("install gcc and the C library's headers", "or name another compiler in CC"),
    "c++": ("install g++", "or name another compiler in CXX"),
    "rustc": ("install rustc", "or name another compiler in RUSTC"),
}
INSTALL = {
    "debian": {"cc": "apt-get install gcc libc6-dev", "c++": "apt-get install g++", "rustc": "apt-get install rustc"},
    "fedora": {"cc": "dnf install gcc glibc-devel", "c++": "dnf install gcc-c++", "rustc": "dnf install rust"},
    "arch": {"cc": "pacman -S gcc", "c++": "pacman -S gcc", "rustc": "pacman -S rust"},
    "alpine": {"cc": "apk add gcc musl-dev", "c++": "apk add g++", "rustc": "apk add rust"},
    "opensuse": {
        "cc": "zypper install gcc glibc-devel",
        "c++": "zypper install gcc-c++",
        "rustc": "zypper install rust",
    },
}
INSTALLERS = {
    "debian": "apt-get install",
    "fedora": "dnf install",
    "arch": "pacman -S",
    "alpine": "apk add",
    "opensuse": "zypper install",
}
SAME_AS = {"ubuntu": "debian", "rhel": "fedora"}


def install_hint(tool: str = "cc") -> str:
    """How to come by `cc`, `c++`, `rustc`, or a tool that edits files."""
    if tool not in ELSE:
        return _packaged(EDITORS[tool])
    known = (INSTALL[here][tool] for here in _systems() if here in INSTALL)
    general, otherwise = ELSE[tool]
    return f"{next(known, general)}; {otherwise}"


def _packaged(package: str) -> str:
    return f"{next((INSTALLERS[here] for here in _systems() if here in INSTALLERS), 'install')} {package}"


def _systems() -> list[str]:
    """This system's names, its own first."""
    try:
        lines = Path("/etc/os-release").read_text().splitlines()
    except OSError:
        lines = []
    release = dict(line.split("=", 1) for line in lines if "=" in line)
    names = [name.strip('"') for name in (release.get("ID", ""), *release.get("ID_LIKE", "").split())]
    return [SAME_AS.get(name, name) for name in names]
