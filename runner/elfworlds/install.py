"""The words that install a program on this system, by its own package manager."""

from __future__ import annotations

import shutil
from pathlib import Path

from elfworlds import makers
from elfworlds.editors import EDITORS

ELSE = {
    "cc": ("install gcc and the C library's headers", "or name another compiler in CC"),
    "c++": ("install g++", "or name another compiler in CXX"),
    "rustc": ("install rustc", "or name another compiler in RUSTC"),
}
HOW = {
    "debian": "apt-get install",
    "fedora": "dnf install",
    "arch": "pacman -S",
    "alpine": "apk add",
    "opensuse": "zypper install",
    "nixos": "nix-shell -p",
}
# Where its package has another name than the program. Nix has no package of itself for a system that has none.
PACKAGES = {
    "cc": {
        "debian": "gcc libc6-dev",
        "fedora": "gcc glibc-devel",
        "arch": "gcc",
        "alpine": "gcc musl-dev",
        "opensuse": "gcc glibc-devel",
        "nixos": "gcc",
    },
    "c++": {
        "debian": "g++",
        "fedora": "gcc-c++",
        "arch": "gcc",
        "alpine": "g++",
        "opensuse": "gcc-c++",
        "nixos": "gcc",
    },
    "binutils-gold": {"arch": "binutils", "alpine": "binutils-gold", "nixos": "binutils"},
    "g++": {"fedora": "gcc-c++", "arch": "gcc", "opensuse": "gcc-c++", "nixos": "gcc"},
    "rustc": {"fedora": "rust", "arch": "rust", "alpine": "rust", "opensuse": "rust"},
    "nix": {"debian": "nix-bin"},
    "nix-daemon": {"debian": "nix-setup-systemd", "fedora": "nix-daemon", "arch": "nix", "alpine": "nix-openrc"},
    "bwrap": dict.fromkeys(HOW, "bubblewrap"),
}
SAME_AS = {"ubuntu": "debian", "rhel": "fedora"}
MANAGERS = {"apt-get": "debian", "dnf": "fedora", "pacman": "arch", "apk": "alpine", "zypper": "opensuse"}


def install_hint(tool: str = "cc") -> str:
    """How to come by `cc`, `c++`, `rustc`, or a tool that an object names."""
    if tool not in ELSE:
        return installing({**EDITORS, **makers.PACKAGES}[tool])
    general, otherwise = ELSE[tool]
    return f"{_words(tool) or general}; {otherwise}"


def installing(program: str) -> str:
    """The words that install a program: `dnf install gdb`; `install gdb` where no package manager is known."""
    return _words(program) or f"install {PACKAGES.get(program, {}).get('debian', program)}"


def _words(program: str) -> str:
    """Empty on a system that is not known."""
    system = _system()
    return f"{HOW[system]} {PACKAGES.get(program, {}).get(system, program)}" if system else ""


def _system() -> str:
    """This one by the name that it has itself, else by its package manager; empty for one that is not known."""
    try:
        lines = Path("/etc/os-release").read_text().splitlines()
    except OSError:
        lines = []
    release = dict(line.split("=", 1) for line in lines if "=" in line)
    names = [name.strip('"') for name in (release.get("ID", ""), *release.get("ID_LIKE", "").split())]
    known = (SAME_AS.get(name, name) for name in names if SAME_AS.get(name, name) in HOW)
    managers = (system for manager, system in MANAGERS.items() if shutil.which(manager))
    return next(known, "") or next(managers, "")
