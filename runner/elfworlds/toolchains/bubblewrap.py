"""Whether this machine can give a program a world of its own."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from elfworlds import sandbox
from elfworlds.errors import BuildFailedError
from elfworlds.process import Command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.process import Run

TRIAL_SECONDS = 30.0
INSTALL = "install bubblewrap (Debian: apt-get install bubblewrap); roots are unpacked and used through it"
ALLOW = (
    "it needs user namespaces, or to be setuid: see the settings kernel.unprivileged_userns_clone, "
    "user.max_user_namespaces and kernel.apparmor_restrict_unprivileged_userns; in a container, start it with "
    "permission to make them"
)


def find(run: Run, environment: Mapping[str, str]) -> str:
    """The path of a bubblewrap that works here.

    Raises:
        BuildFailedError: there is none, or the system forbids what it does.
    """
    found = shutil.which("bwrap", path=environment.get("PATH", os.defpath))
    if found is None:
        raise BuildFailedError("no bubblewrap: bwrap is not in PATH", hint=INSTALL)
    command = Command(argv=(os.path.realpath(found), "--version"), env={}, cwd="/", timeout=TRIAL_SECONDS)
    done = run(sandbox.inside(command, found, "/", ("tmp",)))  # it may lie in /tmp itself
    if not done.ok:
        said = done.stderr.data.decode("utf-8", "replace").strip() or done.not_started or "it says nothing"
        raise BuildFailedError(f"bubblewrap makes no world here: {said[:500]}", hint=ALLOW)
    return found
