"""Makes docs/repro/*.sh, a script for each finding of docs/findings.md that shows it with a shell and a compiler alone.

Run it as `python docs/repro.py` in the project's root. Tests hold that the scripts are of today's experiments, and that
each, built and run in the root that it speaks of, shows what its finding says.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    """A trial that shows a finding.

    Attributes:
        point: the axes' labels but libc and gdb.
        libc: the root in which it shows it; it need not be here.
        shows: the outcome that it has there; for gdb what gdb says, as a regular expression.
        gdb: the root whose gdb shows it.
    """

    scenario: str
    point: tuple[str, ...]
    libc: str
    shows: str
    gdb: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        return (*self.point, f"libc={self.libc}", *([f"gdb={self.gdb}"] if self.gdb else []))


BULLSEYE, BOOKWORM, TRIXIE = (f"debian/{suite}" for suite in ("bullseye", "bookworm", "trixie"))
FINDINGS = {
    "exceptions": Finding(
        "throw",
        ("way=dlmopen", "thrown=number", "thrown-before-by-the-application=nothing"),
        BOOKWORM,
        "aborted-by-the-unwinder",
    ),
    "two-openssls": Finding("an-error-in-one", ("way=dlmopen", "keys-made-before=none"), BOOKWORM, "in-both-queues"),
    "absent-namespace": Finding("open-in-another-thread", ("failed=never-opened",), BOOKWORM, "refused-and-deadlocked"),
    "fork-after-libpthread": Finding(
        "loaded-by-a-thread-forked-by-main",
        ("loaded-by=thread", "forked-by=main", "how=fork", "library=libpthread.so.0"),
        BULLSEYE,
        "child-spins",
    ),
    "more-plugins": Finding("the-whole-log", ("plugins=9", "freed-by=application"), BOOKWORM, "aborted"),
    "environ-grown": Finding("add-a-hundred", ("way=dlmopen", "first-added=before-opening"), BOOKWORM, "crashed"),
    "dlopen-inside": Finding(
        "application-calls-the-opener",
        ("opener=optimised", "flag=RTLD_LOCAL"),
        BOOKWORM,
        "the-applications-namespace",
    ),
    "gdb-visibility": Finding(
        "frame-of-a-crash", ("way=dlmopen",), BULLSEYE, r"^#0 +0x[0-9a-f]+ in \?\? \(\)$", gdb=BOOKWORM
    ),
    "rust-unload": Finding("used-by-a-thread-that-ends", ("uses=thread_current",), TRIXIE, "called-after-unloading"),
    "namespace-limit": Finding(
        "fill-again-after-closing-in-order", ("plugin=ordinary", "tunables=as-installed"), BOOKWORM, "fewer"
    ),
    "audit-two": Finding("two", ("occasion=dlsym", "first=without-symbind"), BOOKWORM, "neither"),
    "wrong-attributes": Finding("with-a-good-one-behind", ("attribute=osabi",), BOOKWORM, "fatal"),
    "audit-objects": Finding("opened-and-closed", ("way=dlmopen",), BULLSEYE, "crash-in-dlmopen"),
    "audit-version": Finding("answer", ("answers=a-future-version",), BULLSEYE, "asked-and-the-end-of-the-program"),
}


def script(name: str) -> str:
    """The finding's script."""
    finding = FINDINGS[name]
    words = [word for one in finding.labels for word in ("-S", one)]
    command = [sys.executable, "-m", "elfworlds", "export-c", f"experiments/{name}.yaml", finding.scenario, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> None:
    for name in FINDINGS:
        Path(f"docs/repro/{name}.sh").write_text(script(name))


if __name__ == "__main__":
    main()
