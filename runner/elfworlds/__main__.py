"""The command's entry: the version without loading anything, else the verbs, and errors as exit codes."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> int:
    """Run a command line; the exit code says how it went."""
    words = sys.argv[1:] if arguments is None else arguments
    if words in (["--version"], ["-V"]):
        from elfworlds.version import __version__  # noqa: PLC0415

        sys.stdout.write(f"elfworlds {__version__}\n")
        return 0
    from elfworlds.cli import entry  # noqa: PLC0415

    if arguments is None:  # this process is the command's own
        entry.open_standard_streams()
        entry.end_soon_after_an_interrupt()
    from elfworlds.cli.invoking import invoke  # noqa: PLC0415

    return invoke(words)


if __name__ == "__main__":
    sys.exit(main())
