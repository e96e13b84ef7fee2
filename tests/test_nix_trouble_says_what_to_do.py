"""Errors of Nix, as 2.8, 2.26 and 2.34 really wrote them, become errors with a way out."""

from __future__ import annotations

import pytest

from elfworlds.backends.nix import trouble
from elfworlds.errors import Exit

SEEN = {
    "error: creating directory '/nix/store': Read-only file system": trouble.NOT_WRITABLE,
    'error: creating directory "/nix/store": Read-only file system': trouble.NOT_WRITABLE,
    "error: could not set permissions on '/nix/var/nix/profiles/per-user' to 755: Operation not permitted": (
        trouble.NOT_WRITABLE
    ),
    "error: writing to file: No space left on device": trouble.DISK_FULL,
    "error: setting journal mode: database or disk is full (in '/nix/var/nix/db/db.sqlite')": trouble.DISK_FULL,
    "error: cannot connect to socket at '/nix/var/nix/daemon-socket/socket': No such file or directory": (
        trouble.NO_DAEMON
    ),
    "error: unable to download 'https://example.org/x.tar.gz': Couldn't resolve host name (6)": trouble.OFFLINE,
    "error: the group 'nixbld' specified in 'build-users-group' does not exist": trouble.NO_BUILD_USERS,
    (
        "warning: ignoring the client-specified setting 'sandbox-paths', because it is a restricted setting and you "
        "are not a trusted user\nerror:\n  … while setting up the build environment\n"
        "  error: getting attributes of path '/usr/bin/bash-static': No such file or directory"
    ): trouble.REFUSED,
    (
        "error: builder for '/nix/store/403-libbase.so.drv' failed with exit code 1;\n       last 2 log lines:\n"
        "       >        Error    executing '/usr/bin/bash': No such file or directory"
    ): trouble.REFUSED,
    "elfworlds-enter: a user namespace (unshare): Operation not permitted": trouble.NO_NAMESPACE,
    "error: store path mismatch in (possibly filtered) path added from '/root/x'": trouble.CHANGED,
    (
        "error: creating symlink from '/nix/store/add-31080-0/x/usr/lib/libacl.so.1' to 'libacl.so.1.1.2253': "
        "No such file or directory"
    ): trouble.COLLECTED,
    "elfworlds-enter: start /bin/sh: No such file or directory": trouble.NO_WORLD,
    "error: evaluation aborted with the following error message: 'This version of Nixpkgs requires Nix >= 2.18'": (
        trouble.TOO_OLD
    ),
    "error: experimental Nix feature 'nix-command' is disabled; use '--extra-experimental-features nix-command'": (
        trouble.NO_FLAKES
    ),
}


@pytest.mark.parametrize("text", SEEN)
def test_known_trouble_is_named_and_has_a_hint(text: str) -> None:
    error = trouble.explain(text)
    assert error.message.startswith(SEEN[text].meaning)
    assert error.hint == SEEN[text].hint
    assert error.exit_code == Exit.BUILD_FAILED


def test_a_warning_about_build_users_is_no_error() -> None:
    text = "warning: the group 'nixbld' specified in 'build-users-group' does not exist\nerror: undefined variable 'x'"
    error = trouble.explain(text)
    assert error.message.startswith("Nix failed")
    assert "undefined variable 'x'" in error.message


def test_retries_are_not_shown() -> None:
    text = "warning: unable to download 'x': resolve; retrying in 352 ms\nerror: unable to download 'x'"
    assert "retrying" not in trouble.explain(text).message


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("error: creating directory '/nix/store': Read-only file system", "/nix/store"),
        ('error: creating directory "/home/me/store": Read-only file system', "/home/me/store"),
        ("error: opening lock file '/nix/var/nix/db/big-lock': Permission denied", "/nix/var/nix/db/big-lock"),
    ],
)
def test_a_store_that_cannot_be_written_to_is_named(text: str, place: str) -> None:
    assert trouble.explain(text).message.startswith(f"{trouble.NOT_WRITABLE.meaning}: {place}\n")
