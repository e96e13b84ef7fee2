"""Paths of the Nix store whose files are objects: what an expression or a flake makes, and what a lock file says."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds.backends.nix import trouble
from elfworlds.backends.nix.evaluation import patiently
from elfworlds.backends.nix.programs import complaint
from elfworlds.errors import BuildFailedError
from elfworlds.trees import StorePath

if TYPE_CHECKING:
    from pathlib import Path

    from elfworlds.backends.nix.programs import Programs
    from elfworlds.backends.nix.settings import NixSettings
    from elfworlds.process import Completed

FLAKES = ("--extra-experimental-features", "nix-command flakes")
OF_APP = "-elfworlds-packages"  # the few store paths that an installed runner builds with: no set to choose from
ON_THIS_MACHINE = ("path", "git+file", "file")


def resolved(kind: str, text: str, beside: Path, link: Path, programs: Programs) -> StorePath:
    """What an experiment names, built, and rooted by the same call.

    Args:
        kind: `nix` or `flake`.
        text: an expression over the package set, or what a flake makes.
        beside: the experiment's directory, where relative paths begin.
        link: the root.
        programs: Nix'.

    Raises:
        BuildFailedError: Nix cannot make it.
    """
    out = _built(kind, text, beside, link, programs)
    shown = programs.call("nix-store", "--query", "--hash", out)
    if not shown.ok:
        raise trouble.explain(complaint(shown))
    locked = _locked(text, beside, programs) if kind == "flake" else ""
    return StorePath(kind, text, out, shown.text.strip().removeprefix("sha256:"), locked)


def fetched(stored: StorePath, link: Path, programs: Programs) -> bool:
    """Whether a locked path is in the store, or in a cache that this machine's Nix trusts; it is rooted then."""
    return programs.call("nix-store", "--realise", stored.out, "--add-root", str(link), "--indirect").ok


def realise(stored: StorePath, beside: Path, link: Path, programs: Programs) -> None:
    """Have a locked path in the store, rooted: as it is, from a cache, or made again.

    Raises:
        BuildFailedError: it cannot be had, or what is made now is another path.
    """
    if fetched(stored, link, programs):
        return
    out = _built(stored.kind, stored.locked or stored.text, beside, link, programs)
    if out != stored.out:
        hint = "`elfworlds toolchain lock --for FILE` locks what it makes now"
        raise BuildFailedError(f"{stored.kind} {stored.text} makes {out}, and {stored.out} is locked", hint=hint)


def _built(kind: str, text: str, beside: Path, link: Path, programs: Programs) -> str:
    settings = programs.settings
    if kind == "nix":
        done = _call(programs, beside, "nix-build", *_expression(text, settings), "--out-link", str(link))
    else:
        words = ("build", *FLAKES, "--no-write-lock-file", "--out-link", str(link), "--", text)
        done = _call(programs, beside, "nix", *words)
    if not done.ok:
        raise trouble.explain(complaint(done))
    if not link.is_symlink():
        hint = "name one that is a package"
        raise BuildFailedError(f"{kind} {text} makes no path of the Nix store", hint=hint)
    return str(link.readlink())


def _expression(text: str, settings: NixSettings) -> tuple[str, ...]:
    chosen = settings.packages and not settings.packages.endswith(OF_APP)
    packages = ("--argstr", "packages", settings.packages) if chosen else ()
    return (f"{settings.expressions}/nix/prebuilt.nix", "--arg", "expression", f"pkgs: with pkgs; {text}", *packages)


def _locked(text: str, beside: Path, programs: Programs) -> str:
    """A flake's output by the flake's revision; empty where it is found on this machine alone."""
    reference, hash_sign, output = text.partition("#")
    done = _call(
        programs, beside, "nix", "flake", "metadata", *FLAKES, "--no-write-lock-file", "--json", "--", reference
    )
    if not done.ok:
        raise trouble.explain(complaint(done))
    url = str(json.loads(done.text)["url"])
    return "" if url.partition(":")[0] in ON_THIS_MACHINE else f"{url}{hash_sign}{output}"


def _call(programs: Programs, beside: Path, program: str, *words: str) -> Completed:
    """A program of Nix, started in the experiment's directory."""
    return patiently(lambda: programs.run(replace(programs.command(program, *words), cwd=str(beside))))
