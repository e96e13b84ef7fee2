"""Which Nix, which expressions and which package set, as the environment says it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import paths, shipped
from elfworlds.errors import BuildFailedError
from elfworlds.install import installing

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGES = "ELFWORLDS_NIX_PACKAGES"
HOSTPKGS = "hostpkgs"
SEEN = "sandbox-paths"


@dataclass(frozen=True, slots=True, kw_only=True)
class NixSettings:
    """How Nix is called.

    Attributes:
        programs: directory of nix-build and its like.
        expressions: directory of default.nix.
        packages: where the package set lies; empty for the nixpkgs that flake.lock pins.
        options: (name, value) of each setting that the package set asks for.
        environment: Nix' own: its settings, proxies and keys are its user's.
    """

    programs: str
    expressions: str
    packages: str
    options: tuple[tuple[str, str], ...]
    environment: Mapping[str, str]

    @property
    def over_host(self) -> bool:
        """Whether builds see this machine's /usr."""
        return SEEN in dict(self.options)

    @property
    def visible(self) -> tuple[str, ...]:
        """The directories of this machine that a build sees."""
        return tuple(dict(self.options).get(SEEN, "").split())

    def seeing_nothing(self) -> NixSettings:
        """The settings for builds that see nothing of this machine: a daemon may refuse to show directories."""
        return replace(self, options=tuple(option for option in self.options if option[0] != SEEN))

    def program(self, name: str, *words: str) -> tuple[str, ...]:
        options = (word for pair in self.options for word in ("--option", *pair))
        return (f"{self.programs}/{name}", *options, *words)


def settings(environment: Mapping[str, str]) -> NixSettings:
    """What the environment says.

    Raises:
        BuildFailedError: there is no Nix, or the package set is not there.
    """
    program = paths.which("nix-build", environment.get("PATH"))
    if program is None:
        raise BuildFailedError(
            "no Nix: nix-build is not in PATH",
            hint=f"{installing('nix')}; or build without it: --backend local",
        )
    expressions = shipped.expressions()
    packages = environment.get(PACKAGES, "")
    if packages == HOSTPKGS:
        packages = str(expressions / "nix" / HOSTPKGS)
    elif packages:
        packages = os.path.abspath(packages)  # noqa: PTH100  # a store path's links stay as they are
    if packages and not Path(packages, "default.nix").is_file():
        raise BuildFailedError(
            f"no package set in {packages}: it has no default.nix",
            hint=f"{PACKAGES} is a directory like nixpkgs, or the word {HOSTPKGS}; unset, it is nixpkgs at its pin",
        )
    return NixSettings(
        programs=str(Path(program).parent),
        expressions=str(expressions),
        packages=packages,
        options=_options(Path(packages)) if packages else (),
        environment=environment,
    )


def _options(packages: Path) -> tuple[tuple[str, str], ...]:
    """The settings that a package set needs, in nix.conf's form."""
    try:
        lines = (packages / "conf" / "nix.conf").read_text().splitlines()
    except OSError:
        return ()
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)
