"""The compilers that the package set builds with, so that their identity is in the plan's keys."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from elfworlds.backends.nix import trouble
from elfworlds.editors import EDITORS
from elfworlds.process import Command

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from elfworlds.backends.nix.settings import NixSettings
    from elfworlds.process import Runner

FETCH_SECONDS = 4 * 3600.0


def environment_with_compilers(settings: NixSettings, run: Runner, languages: Collection[str]) -> Mapping[str, str]:
    """The environment with `CC`, and for Rust `RUSTC`, added if they are not set. Builds over the host add nothing.

    The compiler for C++ lies beside the one for C. Tools that edit files after the link come first in PATH.
    """
    known = dict(settings.environment)
    if settings.over_host:
        return known
    if not known.get("CC"):
        known["CC"] = f"{_place(settings, run, 'compiler')}/bin/cc"
    if "rust" in languages and not known.get("RUSTC"):
        known["RUSTC"] = f"{_place(settings, run, 'rustc')}/bin/rustc"
    editors = dict.fromkeys(_place(settings, run, f"editors.{name}") for name in sorted(EDITORS.keys() & languages))
    if editors:
        places = [f"{place}/bin" for place in editors]
        known["PATH"] = os.pathsep.join([*places, known.get("PATH", os.defpath)])
    return known


def _place(settings: NixSettings, run: Runner, attribute: str) -> str:
    """The store path of a derivation of default.nix, made or fetched first."""
    packages = ("--argstr", "packages", settings.packages) if settings.packages else ()
    words = settings.program("nix-build", settings.expressions, "-A", attribute, "--no-out-link", *packages)
    done = run(Command(argv=words, env=settings.environment, cwd=os.sep, timeout=FETCH_SECONDS))
    if not done.ok:
        raise trouble.explain(done.stderr.data.decode("utf-8", "replace") or str(done.not_started))
    return done.text.split()[0]
