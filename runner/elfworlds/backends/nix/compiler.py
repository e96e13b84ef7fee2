"""The compilers that the package set builds with, so that their identity is in the plan's keys."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.backends.nix import evaluation, trouble
from elfworlds.backends.nix.programs import complaint
from elfworlds.editors import EDITORS
from elfworlds.errors import BuildFailedError
from elfworlds.process import Command

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from elfworlds.backends.nix.settings import NixSettings
    from elfworlds.process import Runner

FETCH_SECONDS = 4 * 3600.0
NO_RUSTC = "rustc-of-the-package-set"  # a command that there is not: its objects fail, and say so


def environment_with_compilers(settings: NixSettings, run: Runner, languages: Collection[str]) -> Mapping[str, str]:
    """The environment with `CC`, and for Rust `RUSTC`, added if they are not set. Builds over the host add nothing.

    The compiler for C++ lies beside the one for C. A package set without a rustc fails the objects in Rust. Tools that
    edit files after the link come first in PATH.
    """
    known = dict(settings.environment)
    if settings.over_host:
        return known
    if not known.get("CC"):
        known["CC"] = f"{_place(settings, run, 'compiler')}/bin/cc"
    if "rust" in languages and not known.get("RUSTC"):
        try:
            known["RUSTC"] = f"{_place(settings, run, 'rustc')}/bin/rustc"
        except BuildFailedError:
            known["RUSTC"] = NO_RUSTC
    editors = dict.fromkeys(_place(settings, run, f"editors.{name}") for name in sorted(EDITORS.keys() & languages))
    if editors:
        places = [f"{place}/bin" for place in editors]
        known["PATH"] = os.pathsep.join([*places, known.get("PATH", os.defpath)])
    return known


def _place(settings: NixSettings, run: Runner, attribute: str) -> str:
    """The store path of a derivation of default.nix, made or fetched first; a link keeps it, and remembers it."""
    digest = evaluation.digest(settings, {"attribute": attribute})
    link = paths.store(settings.environment) / "nix" / "compilers" / f"{attribute}-{digest[:16] or 'now'}"
    if digest and link.exists():
        return str(link.readlink())
    packages = ("--argstr", "packages", settings.packages) if settings.packages else ()
    words = settings.program(
        "nix-build", settings.expressions, "-A", attribute, "--out-link", str(_made(link)), *packages
    )
    done = run(Command(argv=words, env=settings.environment, cwd=os.sep, timeout=FETCH_SECONDS))
    if not done.ok:
        raise trouble.explain(complaint(done))
    return done.text.split()[0]


def _made(link: Path) -> Path:
    """The link, whose directory is there."""
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise trouble.explain(f"{link.parent}: {error.strerror}") from None
    return link
