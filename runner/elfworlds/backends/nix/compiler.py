"""The compiler that the package set builds with, so that its identity is in the plan's keys."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from elfworlds.backends.nix import trouble
from elfworlds.process import Command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.backends.nix.settings import Settings
    from elfworlds.process import Run

FETCH_SECONDS = 4 * 3600.0


def environment_with_compiler(settings: Settings, run: Run) -> Mapping[str, str]:
    """The environment with `CC`; over the host, and where CC is said, that is what it was."""
    known = settings.environment
    if settings.over_host or known.get("CC"):
        return known
    packages = ("--argstr", "packages", settings.packages) if settings.packages else ()
    words = settings.program("nix-build", settings.expressions, "-A", "compiler", "--no-out-link", *packages)
    done = run(Command(argv=words, env=known, cwd=os.sep, timeout=FETCH_SECONDS))
    if not done.ok:
        raise trouble.explain(done.stderr.data.decode("utf-8", "replace") or str(done.not_started))
    return {**known, "CC": f"{done.text.split()[0]}/bin/cc"}
