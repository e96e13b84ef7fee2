"""Where a run took place: kernel, processor, toolchains with their revisions, our own parts."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elfworlds import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

    from elfworlds.toolchains import Toolchain

SCHEMA = 1
PARTS = ("pydantic", "pyelftools", "pyyaml", "pandas", "rich", "typer")


def environment(toolchains: Iterable[Toolchain], backend: str, utc: str) -> dict[str, Any]:
    """What a reader must know to judge a run, as JSON data."""
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
        "toolchains": [one.record() for one in toolchains],
    }


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
