"""One trial of a plan → one shell script: sources, plain compiler commands, and the program's command line.

It runs in an empty directory on a machine that has a compiler, and shows there what the trial showed: what the
program tells goes to standard error, an event a line.
"""

from __future__ import annotations

import base64
import shlex
from typing import TYPE_CHECKING

from elfworlds import driver, shell_elsewhere
from elfworlds.planning.command import as_file
from elfworlds.planning.steps import OWNER, SOURCES
from elfworlds.planning.types import BUILD, FILES, OUT, realise
from elfworlds.shell_script import watched
from elfworlds.shell_script.words import END, HERE, quoted
from elfworlds.sources import INCLUDE_DIRECTORY
from elfworlds.trees import script as trees

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from elfworlds.planning import BuildRequest, LaidFile, Plan, Trial

PROGRAM = "program"
CWD = "cwd"
CONF, CACHE = '"$here/ld.so.conf"', '"$here/ld.so.cache"'
TOOLS = {"cc": "${CC:-cc}", "c++": "${CXX:-c++}", "rustc": "${RUSTC:-rustc}", "cp": "cp"}
GNU_LD = " -C link-arg=-fuse-ld=bfd"  # rustc from 1.90 on has an lld of its own, which no trial is linked with
DROPPED = ("-ffile-prefix-map=", "-frandom-seed=", "-fdiagnostics-color", "--remap-path-prefix")
ON_A_TERMINAL = ("if [ -t 1 ]; then", '\t{ sh "$0" "$@" || echo "exit status $?" >&2; } | cat', "\texit", "fi")


def comment(plan: Plan, trial: Trial) -> list[str]:
    """The question, which trial this is, and what is claimed of it."""
    claims = [f"claim {claim.id or ''}".strip() + f": {claim.says} ({claim.shown})" for claim in trial.claims]
    point = ", ".join(f"{axis}={label}" for axis, label in trial.point)
    return [plan.question, f"{plan.experiment}: {trial.scenario}, {point}", *claims]


def source(plan: Plan, trial: Trial) -> str:
    """The program alone, in one file; empty where the scenario has no steps."""
    text = plan.files[trial.bound.program].decode() if trial.bound.program else ""
    return driver.standalone(text, comment(plan, trial)) if text else ""


def script(plan: Plan, trial: Trial) -> str:
    """The whole script.

    It makes `src/` (and `sources/OBJECT/` where two objects mean different files by one name), `objects/OBJECT/`,
    `program/` for the steps' program, and `cwd/`, in which it runs the trial.
    """
    return "\n".join(_Script(plan, trial).lines()) + "\n"


def place(request: BuildRequest) -> str:
    """The directory of an object, or of its tree, below that of the script."""
    if request.tree:
        return trees.place(request.tree)
    return PROGRAM if request.name.startswith(OWNER) else f"objects/{request.name}"


class _Script:
    def __init__(self, plan: Plan, trial: Trial) -> None:
        self.plan = plan
        self.trial = trial
        self.requests = [
            request for key, request in plan.requests.items() if key in (*trial.bound.keys, trial.bound.subject)
        ]
        others = (plan.requests[key] for request in self.requests for key in request.circle)
        self.places = {request.key: place(request) for request in (*self.requests, *others)} | {FILES: CWD}
        self.files: dict[str, str] = {}

    def lines(self) -> Iterator[str]:
        yield "#!/bin/sh"
        yield from (f"# {line}" for text in comment(self.plan, self.trial) for line in text.split("\n"))
        here = [request for request in self.requests if request.toolchain == self.trial.bound.toolchain]
        used = {tool for request in here for tool in request.tools}
        tools = ", ".join(sorted({TOOLS.get(tool, tool) for tool in used} - {"cp"}))
        yield f"# Needs: {tools or 'sh'}. Run it in an empty directory: sh THIS-FILE"
        yield from (f"# It was tried with all files of {name} below /{name}." for name in self.trial.bound.sees)
        yield from ("set -eu", "here=$(pwd)", "")
        yield from shell_elsewhere.asked(self.requests, self.trial.bound.toolchain)
        if self.trial.bound.argv and self.trial.bound.capture == "pipe":
            yield from ("# The trial's standard output was a pipe.", *ON_A_TERMINAL, "")
        for key in dict.fromkeys(request.tree for request in self.requests if request.tree):
            files = [request.filename for request in self.requests if request.tree == key]
            yield from trees.lines(self.plan.trees[key], files)
        for request in self.requests:
            yield from self.build(request) if not request.tree else ()
        yield from self.run()

    def build(self, request: BuildRequest) -> Iterator[str]:
        """Its sources as they are not there yet, then the command."""
        place = self.places[request.key]
        sources = self.sources(request)
        yield f"# {request.name}"
        yield f"mkdir -p {shlex.quote(place)}"
        for path, data in self.inputs(request).items():
            yield from self.put(f"{sources}/{path}", data)
        yield self.command(request, request.argv, sources)
        if request.argv[0] == "cp":
            yield f"chmod +x {shlex.quote(f'{place}/{request.filename}')}"
        for command in request.after:
            yield self.command(request, command, sources)
        for link in request.links:
            yield f"ln -sf {shlex.quote(as_file(request.filename))} {shlex.quote(f'{place}/{link}')}"
        yield ""

    def command(self, request: BuildRequest, argv: Iterable[str], directory: str) -> str:
        """A command of a request, in the directory of its sources."""
        symbols: Callable[[str], str] = lambda key: f"{HERE}/{self.places[key]}"  # noqa: E731  # a map of keys
        tool, *rest = argv
        words = [realise(word, symbols) for word in rest if not word.startswith(DROPPED)]
        words = [word.replace(OUT, f"{HERE}/{self.places[request.key]}").replace(BUILD, ".") for word in words]
        arguments = " ".join(map(quoted, words))
        if request.toolchain == self.trial.bound.toolchain:
            linker = GNU_LD if tool == "rustc" else ""
            return f"(cd {shlex.quote(directory)} && {TOOLS.get(tool, tool)}{linker} {arguments})"
        return shell_elsewhere.command(request.toolchain, tool, quoted(f"{HERE}/{directory}"), arguments)

    def file(self, key: str) -> str:
        """An object's file, below the directory of the script."""
        return f"{self.places[key]}/{self.plan.requests[key].filename}"

    def inputs(self, request: BuildRequest) -> Mapping[str, bytes]:
        """The files to write; the generated program has our headers in it."""
        files = {path: self.plan.files[digest] for path, digest in request.inputs}
        if not request.name.startswith(OWNER):
            return files
        source = next(path for path in SOURCES if path in files)
        whole = driver.standalone(files[source].decode(), comment(self.plan, self.trial)).encode()
        others = {path: data for path, data in files.items() if not path.startswith(f"{INCLUDE_DIRECTORY}/")}
        return {**others, source: whole}

    def sources(self, request: BuildRequest) -> str:
        """One directory for all sources, unless two objects mean different files by one name."""
        if request.name.startswith(OWNER):
            return PROGRAM
        wanted = {f"src/{path}": digest for path, digest in request.inputs}
        same = all(self.files.get(path, digest) == digest for path, digest in wanted.items())
        return "src" if same else f"sources/{request.name}"

    def put(self, path: str, data: bytes) -> Iterator[str]:
        digest = next((known for known, held in self.plan.files.items() if held == data), path)
        if self.files.get(path) == digest:
            return
        self.files[path] = digest
        yield f"mkdir -p {shlex.quote(path.rpartition('/')[0])}"
        yield from _written(path, data)

    def run(self) -> Iterator[str]:
        bound = self.trial.bound
        symbols: Callable[[str], str] = lambda key: f"{HERE}/{self.places[key]}"  # noqa: E731  # a map of keys
        argv = [realise(word, symbols) for word in bound.argv]
        env = [f"{name}={realise(value, symbols)}" for name, value in bound.env]
        if bound.kind == "inspect":
            yield from watched.inspected(self.trial, self.file(bound.subject))
        if not argv:
            yield from ("# What the compiler says is what happens.",) if bound.kind == "build" else ()
            return
        yield from (*_conditions(self.trial), f"mkdir -p {CWD} && cd {CWD}")
        for file in bound.files:
            yield from laid_out(file, realise(file.holds, symbols))
        world = ""
        if bound.ld_so_conf:
            yield from own_cache([realise(directory, symbols) for directory in bound.ld_so_conf])
            world = f"bwrap --dev-bind / / --ro-bind {CACHE} /etc/ld.so.cache -- "
        stdin = "/dev/null"
        if bound.stdin:
            stdin = "../stdin"
            yield f"printf %s {quoted(realise(bound.stdin, symbols))} > {stdin}"
        yield from watched.watched(self.trial, watched.Program(argv, env, stdin, world), symbols)
        yield from captured(
            f"{world}env -i -- {' '.join(quoted(word) for word in (*env, *argv))} < {stdin}", bound.capture
        )


def laid_out(file: LaidFile, holds: str) -> Iterator[str]:
    """Commands that make a file of the trial's directory; it is the current one."""
    to = shlex.quote(as_file(file.path))
    if "/" in file.path:
        yield f"mkdir -p {shlex.quote(as_file(file.path.rpartition('/')[0]))}"
    if file.kind == "link":
        yield f"ln -sfn -- {quoted(holds)} {to}"
        return
    making = {"object": f"cp {quoted(holds)} {to}", "text": f"printf %s {quoted(holds)} > {to}"}
    yield making.get(file.kind, f"mkdir -p {to}")
    if file.owner:
        yield f"chown {file.owner}:{file.owner} {to} # as root"
    yield f"chmod {file.mode:04o} {to}"


def own_cache(directories: Iterable[str]) -> Iterator[str]:
    """Commands that make a cache of the trial's own; this machine's stays as it is."""
    yield "# The trial's /etc/ld.so.conf named these directories first. Needs: ldconfig, bwrap"
    yield f"printf '%s\\n' {' '.join(map(quoted, directories))} | cat - /etc/ld.so.conf > {CONF}"
    yield f'PATH="$PATH:/sbin:/usr/sbin" ldconfig -f {CONF} -C {CACHE}'


def captured(command: str, capture: str) -> Iterator[str]:
    """The command, its standard output what the trial's was as far as a shell can say it."""
    if capture != "file":
        yield f"exec {command}"
        return
    yield from ("status=0", f"{command} > ../stdout || status=$?", "cat ../stdout")
    yield from ('[ "$status" -le 128 ] || kill "-$((status - 128))" $$', 'exit "$status"')


def _written(path: str, data: bytes) -> Iterator[str]:
    """A file, byte by byte as it was."""
    text, to = data.decode("utf-8", "replace"), shlex.quote(path)
    if text.encode() != data or "\0" in text:
        yield from (f"base64 -d > {to} << {END}", base64.encodebytes(data).decode().rstrip("\n"), END)
    elif f"\n{END}\n" in f"\n{text}" or not text.endswith("\n"):
        yield f"printf %s {shlex.quote(text)} > {to}"
    else:
        yield from (f"cat > {to} << '{END}'", *text[:-1].split("\n"), END)


def _conditions(trial: Trial) -> Iterator[str]:
    """What the trial had besides, which a shell has other words for."""
    bound = trial.bound
    if bound.capture == "pty":
        yield "# The trial's standard output was a terminal: give it one."
    if bound.cpus is not None:
        yield f"# The trial had {bound.cpus} processor{'s' if bound.cpus > 1 else ''}: taskset -c 0-{bound.cpus - 1}"
    for key, most in bound.limits:
        yield f"# Its limit of {key}: {most:g}{' s' if key == 'cpu' else ''}."
    yield f"# It is over after {bound.timeout:g} s; where it hangs, that is what happens."
