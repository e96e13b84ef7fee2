"""Makes docs/repro/*.sh, a script for each finding of docs/findings.md that shows it with a shell and a compiler alone.

Run it as `python docs/repro.py` in the project's root. A test holds that the scripts are of today's experiments.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LIBC = "libc=debian/bookworm"  # whatever this machine has; what is pinned need not be there
FINDINGS = {
    "exceptions": ("throw", "way=dlmopen", "thrown=number", "thrown-before-by-the-application=nothing"),
    "two-openssls": ("an-error-in-one", "way=dlmopen", "keys-made-before=none"),
    "absent-namespace": ("open-in-another-thread", "failed=never-opened"),
    "fork-after-libpthread": (
        *("loaded-by-a-thread-forked-by-main", "loaded-by=thread", "forked-by=main", "how=fork"),
        "library=libpthread.so.0",
    ),
    "more-plugins": ("the-whole-log", "plugins=9", "freed-by=application"),
    "environ-grown": ("add-a-hundred", "way=dlmopen", "first-added=before-opening"),
    "dlopen-inside": ("application-calls-the-opener", "opener=optimised", "flag=RTLD_LOCAL"),
    "gdb-visibility": ("frame-of-a-crash", "way=dlmopen"),
    "rust-unload": ("used-by-a-thread-that-ends", "uses=thread_current"),
    "namespace-limit": ("fill-again-after-closing-in-order", "plugin=ordinary", "tunables=as-installed"),
}


def script(name: str) -> str:
    """The finding's script."""
    scenario, *chosen = FINDINGS[name]
    words = [word for one in (*chosen, LIBC) for word in ("-S", one)]
    command = [sys.executable, "-m", "elfworlds", "export-c", f"experiments/{name}.yaml", scenario, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> None:
    for name in FINDINGS:
        Path(f"docs/repro/{name}.sh").write_text(script(name))


if __name__ == "__main__":
    main()
