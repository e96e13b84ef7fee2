"""Where a run took place: kernel, processor, toolchains with their revisions, our own parts."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elfworlds import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from elfworlds.toolchains import Toolchain

SCHEMA = 1
PACKAGES = {"libc": "libc6", "gdb": "gdb", "rustc": "rustc"}  # axis → the package that has it
PARTS = ("pydantic", "pyelftools", "pyyaml", "pandas", "rich", "typer")


def environment(
    toolchains: Iterable[Toolchain], backend: str, utc: str, inherited: Iterable[str] = ()
) -> dict[str, Any]:
    """What a reader must know to judge a run, as JSON data.

    Args:
        toolchains: those that trials run with.
        backend: who built the objects.
        utc: when the run started.
        inherited: in words, what trials have from whoever started the runner, since it could not be put back.
    """
    kernel = os.uname()
    return {
        "schema": SCHEMA,
        "started": utc,
        "elfworlds": __version__,
        "python": platform.python_version(),
        "parts": {name: metadata.version(name) for name in PARTS},
        "backend": backend,
        "kernel": f"{kernel.sysname} {kernel.release} {kernel.version}",
        "machine": kernel.machine,
        "system": _release(),
        "cpu": _cpu(),
        "cpus": len(os.sched_getaffinity(0)),
        "inherited": list(inherited),
        "toolchains": [one.record() for one in toolchains],
    }


def versions(
    axes: Mapping[str, Iterable[str]], toolchains: Mapping[str, Toolchain]
) -> dict[str, dict[str, dict[str, str]]]:
    """What is behind the labels of the axes that name toolchains: axis → label → `version`, `revision`, `family`.

    A label whose toolchain does not know the tool's version is left out.
    """
    return {
        axis: {
            label: _version(axis, toolchains[label])
            for label in labels
            if label in toolchains and axis in toolchains[label].versions
        }
        for axis, labels in axes.items()
        if axis in PACKAGES
    }


def _version(axis: str, toolchain: Toolchain) -> dict[str, str]:
    """Its version; the revision that the file itself or its package has; whose libc it is."""
    told = toolchain.versions
    family = told.get(f"{axis}-family", "")
    package = family if family == "musl" else PACKAGES[axis]
    words = told.get(f"{axis}-revision", "").split()  # `Debian GLIBC 2.36-9+deb12u14`
    revisions = [*(word for word in words[-1:] if word[0].isdigit())]
    revisions += [one.version for one in toolchain.packages if one.name == package]
    found = {"version": told[axis], "revision": "".join(revisions[:1]), "family": family}
    return {name: text for name, text in found.items() if text}


def _release() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return "unknown"


def _cpu() -> str:
    """The processor's name, as the kernel gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return "unknown"
    names = (line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model", "cpu\t")))
    return next(names, "unknown")
