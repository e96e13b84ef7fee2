"""What a process inherits from whoever started the runner, put back to one state, so that trials do not depend on it.

Environment, descriptors, session and working directory are given anew to every command; this is the rest.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal

MIB = 1 << 20
OOM_SCORE = "/proc/self/oom_score_adj"
INFINITE = resource.RLIM_INFINITY
UMASK = 0o022
PERSONALITY = 0  # PER_LINUX of personality(2), with no flag: addresses are random
# Soft and hard limits (getrlimit(2)). The hard one of NOFILE is the kernel's own (INR_OPEN_MAX).
LIMITS = {
    "AS": (INFINITE, INFINITE),
    "CORE": (0, INFINITE),
    "CPU": (INFINITE, INFINITE),
    "DATA": (INFINITE, INFINITE),
    "FSIZE": (INFINITE, INFINITE),
    "NOFILE": (1024, 4096),
    "RSS": (INFINITE, INFINITE),
    "STACK": (8 * MIB, INFINITE),
}
RAISED = ("MEMLOCK", "MSGQUEUE", "NPROC", "SIGPENDING")  # their hard limits depend on the machine


def reset() -> list[str]:
    """Put this process, and so what it starts, into the one state; return in words what could not be set.

    Only a privileged process may raise a hard limit, lower its nice value, or its OOM score below what it was given.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.umask(UMASK)
    ctypes.CDLL(None).personality(ctypes.c_ulong(PERSONALITY))
    limits = [_limited(name, *wanted) for name, wanted in LIMITS.items()]
    for name in RAISED:
        kind = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (hard, hard))
    return [words for words in (*limits, _nice(), _oom_score()) if words]


def _limited(name: str, soft: int, hard: int) -> str:
    """Set a limit; return words if the soft limit stays below the wanted one, else an empty text."""
    kind = getattr(resource, f"RLIMIT_{name}")
    try:
        resource.setrlimit(kind, (soft, hard))
    except (OSError, ValueError):
        most = resource.getrlimit(kind)[1]
    else:
        return ""
    resource.setrlimit(kind, (_least(soft, most), most))
    return "" if _least(soft, most) == soft else f"{name.lower()} limit {_shown(most)}, not {_shown(soft)}"


def _least(soft: int, hard: int) -> int:
    if INFINITE in (soft, hard):
        return hard if soft == INFINITE else soft
    return min(soft, hard)


def _shown(limit: int) -> str:
    return "unlimited" if limit == INFINITE else str(limit)


def _nice() -> str:
    try:
        os.setpriority(os.PRIO_PROCESS, 0, 0)
    except OSError:
        return f"nice {os.getpriority(os.PRIO_PROCESS, 0)}, not 0"
    return ""


def _oom_score() -> str:
    score = "0"
    try:
        with open(OOM_SCORE) as file:  # noqa: PTH123  # pathlib is too slow to import here
            score = file.read().strip()
        if score != "0":
            with open(OOM_SCORE, "w") as file:  # noqa: PTH123
                file.write("0")
    except OSError:
        return "" if score == "0" else f"oom_score_adj {score}, not 0"
    return ""
