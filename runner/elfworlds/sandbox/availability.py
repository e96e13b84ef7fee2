"""Whether worlds can be made on this machine, and what helps where they cannot."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.errors import BuildFailedError
from elfworlds.install import installing
from elfworlds.process import Command
from elfworlds.sandbox.bubblewrap import APART

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.process import Completed, Runner

PROBE_SECONDS = 20.0
PROBES = 3
ABSENT = "bubblewrap (`bwrap`) is not in PATH"
# What bubblewrap says (its bubblewrap.c, network.c), and what is the cause; the first that is found is told.
CAUSES = (
    (
        r"max_\*_namespaces exceeded|No space left on device",
        (
            "this machine allows no more namespaces: `sysctl user.max_user_namespaces` and its like say how many,"
            " as root `sysctl -w user.max_user_namespaces=10000` allows some"
        ),
    ),
    (
        r"setting up uid map: Permission denied|loopback: Failed",
        (
            "AppArmor forbids namespaces to ordinary users: as root"
            " `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, or give bwrap a profile that allows `userns`"
        ),
    ),
    (
        r"No permissions to (?:create|creat) (?:a )?new namespace|kernel does not allow non-privileged user namespaces",
        "user namespaces are off for ordinary users: as root `sysctl -w kernel.unprivileged_userns_clone=1`",
    ),
    (
        r"(?:mount|make) .*: (?:Operation not permitted|Permission denied)|Can't mount proc|remount",
        (
            "it may make namespaces and not mount in them: in a container, start that one with"
            " `--security-opt seccomp=unconfined --security-opt systempaths=unconfined`, or `--privileged`"
        ),
    ),
    (
        r"Operation not permitted|Permission denied",
        (
            "namespaces are forbidden here: in a container, start that one with `--privileged`, or with"
            " `--cap-add SYS_ADMIN --cap-add NET_ADMIN --security-opt seccomp=unconfined`"
        ),
    ),
    (r"Unknown option|unrecognized option", "it is too old: version 0.3 or later is needed"),
)
# The same of root, whom AppArmor lets make namespaces.
CAUSES_OF_ROOT = (
    (
        r"loopback: Failed",
        (
            "root may make no network here: start the container with `--cap-add NET_ADMIN` too, or with `--privileged`;"
            " in Kubernetes, securityContext.capabilities.add: [SYS_ADMIN, NET_ADMIN]"
        ),
    ),
    *CAUSES,
)


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether worlds can be made.

    Attributes:
        bwrap: bubblewrap's path; empty where there is none.
        lacking: what this machine lacks or forbids, and what helps; empty where nothing is known to.
        failing: bubblewrap's words, where it fails for a reason that is not known; that may be chance.
    """

    bwrap: str
    lacking: str = ""
    failing: str = ""


def probe(run: Runner, path: str) -> Availability:
    """Make one world, isolated as every world is. This takes milliseconds; a failure is tried again.

    Args:
        run: how programs are run.
        path: PATH.
    """
    bwrap = paths.which("bwrap", path)
    if bwrap is None:
        return Availability("", f"{ABSENT}: {installing('bwrap')}")
    seen = ("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc")
    argv = (bwrap, *seen, *APART, "--as-pid-1", "--", bwrap, "--version")
    words = ""
    for _ in range(PROBES):
        done = run(Command(argv=argv, env={"LC_ALL": "C"}, cwd="/", timeout=PROBE_SECONDS))
        if done.ok:
            return Availability(bwrap)
        words = done.stderr.data.decode("utf-8", "replace").strip() or done.not_started or _ending(done)
    root = os.geteuid() == 0
    told = explain(words, root=root)
    return Availability(bwrap, lacking=told) if cause(words, root=root) else Availability(bwrap, failing=told)


def _ending(done: Completed) -> str:
    if done.timed_out:
        return "it did not end in time"
    return f"it was ended by {done.signal}" if done.signal else f"exit {done.exit}"


def found(run: Runner, environment: Mapping[str, str]) -> str:
    """The path of a bubblewrap that works here.

    Raises:
        BuildFailedError: there is none, or the system forbids what it does.
    """
    here = probe(run, environment.get("PATH", os.defpath))
    if here.lacking or here.failing:
        raise BuildFailedError(here.lacking or here.failing, hint="roots are unpacked and used through it")
    return here.bwrap


def cause(words: str, *, root: bool) -> str:
    """What helps, if bubblewrap's words show a known cause; empty if they do not."""
    causes = CAUSES_OF_ROOT if root else CAUSES
    return next((helps for pattern, helps in causes if re.search(pattern, words)), "")


def explain(words: str, *, root: bool) -> str:
    """What bubblewrap said, and what helps."""
    words = words[-1000:]
    last = words.rpartition("\n")[2].removeprefix("bwrap: ")
    helps = cause(words, root=root)
    return f"bubblewrap cannot make a world here ({last}){f': {helps}' if helps else ''}"
