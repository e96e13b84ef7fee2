"""What Nix complains of → an error that says what to do. The patterns are from 2.8, 2.26 and 2.34."""

from __future__ import annotations

import re
from dataclasses import dataclass

from elfworlds.errors import BuildFailedError
from elfworlds.install import installing

WITHOUT = "or build without Nix: --backend local"
HOSTPKGS = "build over this machine's toolchain: ELFWORLDS_NIX_PACKAGES=hostpkgs, or nix/hostpkgs/nix run . -- …"
OWN_STORE = "use a store of your own (docs/nix.md, without root)"
SHOWN_LINES = 12
_NOISE = re.compile(r"retrying in|use '--show-trace'|^warning: you did not specify|^\s*$")


@dataclass(frozen=True, slots=True)
class Trouble:
    """A kind of trouble: how Nix says it, what it means, and what helps."""

    patterns: tuple[str, ...]
    meaning: str
    hint: str
    which: str = ""

    def fits(self, text: str) -> bool:
        return any(re.search(pattern, text, re.MULTILINE) for pattern in self.patterns)

    def says(self, text: str) -> str:
        """What it means, with the place that Nix names, if that is of interest."""
        match = re.search(self.which, text, re.MULTILINE) if self.which else None
        return f"{self.meaning}: {match[1]}" if match else self.meaning


TOO_OLD = Trouble(
    (r"requires Nix\b", r"upgrade your Nix", r"requires version .* of Nix", r"has an unsupported version"),
    "this Nix is too old for the nixpkgs that flake.lock pins",
    f"use Nix 2.18 or newer; or {HOSTPKGS}; {WITHOUT}",
)
REFUSED = Trouble(
    (r"setting 'sandbox-paths'.*(?:restricted|trusted)", r"executing '/usr/bin/bash': No such file or directory"),
    "the Nix daemon does not let you say which directories builds see (sandbox-paths)",
    f"ask for `trusted-users = YOU` in the daemon's nix.conf, or {OWN_STORE}; {WITHOUT}",
)
DISK_FULL = Trouble(
    (r"No space left on device", r"database or disk is full"),
    "no space is left where Nix writes: its store, or its temporary directory",
    "free some (nix-collect-garbage), or name another directory in TMPDIR",
)
NO_DAEMON = Trouble(
    (r"cannot connect to socket at",),
    "the Nix daemon does not answer",
    f"start nix-daemon, or {OWN_STORE}; {WITHOUT}",
)
OFFLINE = Trouble(
    (r"unable to download", r"[Cc]ould(?:n't| not) resolve host", r"name resolution"),
    "nixpkgs, at the pin of flake.lock, cannot be fetched",
    f"without a network, {HOSTPKGS}; {WITHOUT}",
)
NO_BUILD_USERS = Trouble(
    (r"^error: the group '[^']*' specified in 'build-users-group' does not exist", r"build users group .* no members"),
    "Nix is set up for build users, and there are none",
    "say `build-users-group =` in nix.conf where the store is root's own, or start nix-daemon",
)
NOT_WRITABLE = Trouble(
    (r"Permission denied", r"Read-only file system", r"is not writable", r"could not set permissions on '/nix"),
    "the Nix store is not writable for you",
    f"use the daemon ({installing('nix-daemon')}), or {OWN_STORE}; {WITHOUT}",
    which=r"(/[^'\"\s]+)['\"]?:? .*(?:Permission denied|Read-only file system|is not writable)",
)
NO_FLAKES = Trouble(
    (r"experimental (?:Nix )?feature '(?:flakes|nix-command|fetch-tree)' is disabled",),
    "this Nix has flakes turned off",
    "say `experimental-features = nix-command flakes` in nix.conf, or give nix the option"
    " --extra-experimental-features 'nix-command flakes'",
)
NO_NAMESPACE = Trouble(
    (r"^\s*elfworlds-enter: (?:a user namespace|open|write)",),
    "a build in a root takes a user namespace, and here it gets none",
    f"allow user namespaces, inside of Nix' sandbox too (sysctl user.max_user_namespaces); {WITHOUT}",
)
AGAIN = "`elfworlds toolchain remove SUITE` and `fetch SUITE` make the root anew"
CHANGED = Trouble(
    (r"store path mismatch in .* added from",),
    "files of a root or of a tree were changed since Nix was first given it",
    f"of a tree, run it again; of a root, {AGAIN}; {WITHOUT}",
)
COLLECTED = Trouble(
    (r"'/nix/store/add-\d+-\d+/.*: No such file or directory",),
    "a garbage collection took what Nix was copying into its store, which Nix before 2.12 does not protect",
    f"run it again when no collection runs; {WITHOUT}",
)
NO_WORLD = Trouble(
    (r"^\s*elfworlds-enter: ",),
    "a build cannot make a root its own world",
    f"{AGAIN}; {WITHOUT}",
)
NO_SANDBOX = Trouble(
    (r"this system does not support the kernel namespaces", r"namespace", r"Operation not permitted"),
    "this kernel or container does not let Nix make its sandbox",
    f"allow user namespaces, or build on a machine that does; {WITHOUT}",
)
KNOWN = (
    NO_NAMESPACE,
    NO_WORLD,
    CHANGED,
    COLLECTED,
    NO_FLAKES,
    TOO_OLD,
    REFUSED,
    DISK_FULL,
    NO_DAEMON,
    OFFLINE,
    NO_BUILD_USERS,
    NOT_WRITABLE,
    NO_SANDBOX,
)


def blind(text: str) -> bool:
    """Whether builds do not see what they were to see: then no compiler has failed."""
    return bool(
        re.search(r"executing '/usr/bin/bash': No such file or directory|^\s*elfworlds-enter: ", text, re.MULTILINE)
    )


def explain(text: str) -> BuildFailedError:
    """Nix' own last words, and what to do about them where that is known."""
    lines = [line for line in text.splitlines() if not _NOISE.search(line)]
    ending = "".join(f"\n  {line}" for line in lines[-SHOWN_LINES:])
    for trouble in KNOWN:
        if trouble.fits(text):
            return BuildFailedError(f"{trouble.says(text)}{ending}", hint=trouble.hint)
    return BuildFailedError(f"Nix failed{ending}", hint=f"docs/nix.md has the ways to use Nix; {WITHOUT}")
