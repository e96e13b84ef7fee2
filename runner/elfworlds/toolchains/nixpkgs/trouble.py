"""What Nix complains of while it makes a pin's toolchain → an error that says what to do."""

from __future__ import annotations

import re

from elfworlds.errors import BuildFailedError

SHOWN_LINES = 4
_NOISE = re.compile(r"retrying in|use '--show-trace'|^warning: |^\s*$")
KNOWN = (
    (
        r"hash mismatch in file downloaded",
        "what was fetched is not what is pinned",
        "the narHash of its file is not that of its commit, or somebody changed what was sent",
    ),
    (
        r"unable to download|[Cc]ould(?:n't| not) resolve host|name resolution|[Cc]onnection refused",
        "nixpkgs, or a package of it, cannot be fetched",
        "it takes a network; where another machine has one, docs/toolchains.md says how to carry it over",
    ),
    (r"No space left on device|database or disk is full", "no space is left", "make room: nix-collect-garbage"),
    (r"requires Nix\b|upgrade your Nix", "this Nix is too old for it", "use a newer one"),
    (
        r"Permission denied|Read-only file system|is not writable|cannot connect to socket",
        "the Nix store is not writable for you",
        "use Nix' daemon, or a store of your own (docs/nix.md, without root)",
    ),
)


def explain(label: str, text: str, *, timed_out: bool = False, unseen: bool = False) -> BuildFailedError:
    """Nix' own last words, and what to do about them where that is known.

    Args:
        label: the toolchain.
        text: what Nix wrote.
        timed_out: it was not done in time.
        unseen: it was done, and its store is not where programs look.
    """
    if unseen:
        hint = "its paths are to be seen at /nix/store: nix/own-nix (docs/nix.md, without root)"
        return BuildFailedError(f"{label}: Nix made it in a store that is not seen here", hint=hint)
    if timed_out:
        return BuildFailedError(f"{label}: Nix was not done within an hour", hint="the next try goes on where it was")
    lines = [line.strip() for line in text.splitlines() if not _NOISE.search(line)]
    lines = [line for line in lines if "error:" in line] or lines
    ending = "".join(f"\n  {line}" for line in lines[-SHOWN_LINES:])
    for pattern, meaning, hint in KNOWN:
        if re.search(pattern, text):
            return BuildFailedError(f"{label}: {meaning}{ending}", hint=hint)
    return BuildFailedError(f"{label}: Nix failed{ending}", hint="docs/nix.md has the ways to use Nix")
