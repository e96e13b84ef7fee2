"""Makes docs/elfworlds.1, the manual page, from the command line itself; exit codes are those of docs/verbs.md.

Run it as `python docs/manpage.py` in the project's root. The wheel and the Nix package install the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from typer.core import TyperArgument, TyperGroup, TyperOption
from typer.main import get_command

from elfworlds.cli.app import app

DOCS = Path(__file__).parent
VARIABLES = {
    "CC, CXX, RUSTC": "This machine's compilers; default: cc, the C++ compiler of the same name, rustc.",
    "ELFWORLDS_BACKEND": "Who builds, where --backend does not say it: auto, nix or local.",
    "ELFWORLDS_DEBIAN_MIRROR": "The mirror of Debian's packages: an http, https or file URL that has pool/ below it.",
    "ELFWORLDS_DEBIAN_SNAPSHOT": "Where packages are looked for that the mirror has no more.",
    "ELFWORLDS_NIX_PACKAGES": "The package set of the nix backend: a directory like nixpkgs, or hostpkgs.",
    "ELFWORLDS_TREE_BYTES": "How many bytes a tree of built files may have; default: 4 GiB.",
    "NO_COLOR": "If set, no colours are written.",
    "XDG_CACHE_HOME": "The store and the roots are in elfworlds/ below it; default: ~/.cache.",
}
DESCRIPTION = (
    "One YAML file asks one question about ELF dynamic loading. elfworlds builds the objects, runs each scenario at",
    "each point of the matrix, names what happened, and compares it with what a source says and with what is known.",
)
NAMES = (
    "An experiment is a file, a directory of files, or a name: same-lib stands for experiments/same-lib.yaml, or for",
    "the one that came with elfworlds. A run is its directory, or an experiment's name for its latest run.",
)
EXAMPLES = {
    "elfworlds new my-question": "Write an experiment to start from.",
    "elfworlds run same-lib": "Build and try an experiment that came with elfworlds.",
    "elfworlds run exceptions -S libc=debian/bookworm,debian/trixie": "The same question in two pinned roots.",
    "elfworlds report same-lib --format md": "Show its latest run as Markdown.",
    "elfworlds inspect /usr/lib/libfoo.so.1": "What would the dynamic loader do with this file?",
}


def page() -> str:
    """The page as roff, with the macros of man(7)."""
    verbs = get_command(app)
    if not isinstance(verbs, TyperGroup):
        raise TypeError("the command line has no verbs")
    return "\n".join([*_head(verbs), ".SH VERBS", *_verbs(verbs), *_tail()]) + "\n"


def _head(verbs: TyperGroup) -> Iterator[str]:
    yield '.\\" made by docs/manpage.py'
    yield '.TH ELFWORLDS 1 "" elfworlds "User Commands"'
    yield from (".SH NAME", f"elfworlds \\- {roff(str(verbs.help).rstrip('.'))}")
    yield from (".SH SYNOPSIS", ".B elfworlds", ".I VERB", "[\\fIOPTION\\fR]... [\\fIARGUMENT\\fR]...")
    yield from (".SH DESCRIPTION", *map(roff, DESCRIPTION), ".PP", *map(roff, NAMES))


def _verbs(verbs: TyperGroup, before: str = "") -> Iterator[str]:
    """A section for each verb, with its options; verbs of a group follow in sections of their own."""
    for name, command in verbs.commands.items():
        if isinstance(command, TyperGroup):
            yield from _verbs(command, f"{before}{name} ")
        elif not command.hidden:
            yield from _verb(f"{before}{name}", str(command.help), command.params)


def _verb(name: str, words: str, params: Iterable[object]) -> Iterator[str]:
    known = list(params)
    arguments = [param for param in known if isinstance(param, TyperArgument)]
    heading = " ".join([name, *(f"\\fI{roff(_argument(argument))}\\fR" for argument in arguments)])
    yield from (f".SS {heading}", roff(_one_line(words)))
    for argument in arguments:
        if argument.help:
            yield from (".TP", f"\\fI{roff(_argument(argument))}\\fR", roff(argument.help))
    for option in known:
        if isinstance(option, TyperOption) and not option.hidden:
            yield from (".TP", _option(option), roff(_one_line(option.help or "")))


def _argument(argument: TyperArgument) -> str:
    name = str(argument.metavar or str(argument.name).upper()).rstrip("…")
    return f"{name}..." if argument.nargs == -1 else name


def _option(option: TyperOption) -> str:
    value = "" if option.is_flag else f" \\fI{roff(str(option.metavar or 'N'))}\\fR"
    return ", ".join(f"\\fB{roff(word)}\\fR{value}" for word in (*option.opts, *option.secondary_opts))


def _tail() -> Iterator[str]:
    yield ".SH EXIT STATUS"
    for code, means in re.findall(r"^\| ([0-9]) \| (.+) \|$", (DOCS / "verbs.md").read_text(), re.MULTILINE):
        yield from (".TP", f".B {code}", roff(means.replace("`", "")))
    yield ".SH ENVIRONMENT"
    for name, means in VARIABLES.items():
        yield from (".TP", f".B {roff(name)}", roff(means))
    yield ".SH FILES"
    for name, means in (
        ("experiments/", "The experiments of a project: one question a file."),
        ("results/EXPERIMENT/latest/", "The latest run: report.html, report.md, tables/, trials/."),
    ):
        yield from (".TP", f".I {roff(name)}", roff(means))
    yield ".SH EXAMPLES"
    for command, means in EXAMPLES.items():
        yield from (".TP", f".B {roff(command)}", roff(means))
    yield from (".SH SEE ALSO", "ld.so(8), dlopen(3), dlsym(3), dl_iterate_phdr(3), readelf(1), bwrap(1)")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def roff(text: str) -> str:
    """A text that roff shows as it is."""
    safe = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...").replace("—", "\\(em")
    return f"\\&{safe}" if safe[:1] in (".", "'") else safe


if __name__ == "__main__":
    (DOCS / "elfworlds.1").write_text(page())
