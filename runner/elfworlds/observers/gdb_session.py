"""What gdb is asked: MI commands, all on standard input at once (GDB manual, "GDB/MI Command Syntax")."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.traces.mi import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from elfworlds.jsondata import Json, JsonObject
    from elfworlds.observers.types import Watched

AT_MOST = 20
DEEPEST_FRAME = 255
RUN_TOKEN = 1
FIRST_TOKEN = 1000
OUT, ERR = 7, 8  # the program's own standard output and error, while gdb has 1 and 2
LD_DEBUG_FILE = "ld-debug"
MARK = "elfworlds: stop "
SETTINGS = (
    "mi-async off",  # each command waits until the program has stopped
    "confirm off",
    "pagination off",
    "width 0",
    "height 0",
    "style enabled off",
    "breakpoint pending on",
    "debuginfod enabled off",
    "auto-load gdb-scripts off",
    "auto-load python-scripts off",
    "disable-randomization off",  # the program is to be as it is alone
    "startup-with-shell on",
)
# `info proc` is an error where there is no process any more, and an error ends these words.
ATTACHING = (
    "info proc",
    "shell kill -STOP %s",
    "detach",
    "attach %s",
    'eval "shell kill -%%d %s", $elfworlds_signal',
    "",
)
COLLECTED = {
    "backtrace": f"-stack-list-frames 0 {DEEPEST_FRAME}",
    "sharedlibrary": "-file-list-shared-libraries",
    "linker-namespaces": '-interpreter-exec console "info linker-namespaces"',
    "threads": "-thread-info",
    "registers": '-interpreter-exec console "info registers"',
}


@dataclass(frozen=True, slots=True)
class Question:
    """One question at a stop: what kind, by which name, and the MI command that asks it."""

    kind: str
    name: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GdbSettings:
    """What an experiment asks of gdb, as `spec.model.observers.Gdb` says it.

    Attributes:
        attaches: to the program where it crashes.
        breaks: where to stop.
        evaluate, commands: by name, C expressions and gdb's commands; `collect` names what else is asked at each stop.
        at_most: stops to look at.
    """

    attaches: bool
    breaks: tuple[str, ...]
    evaluate: Mapping[str, str]
    commands: Mapping[str, str]
    collect: tuple[str, ...]
    at_most: int

    @staticmethod
    def of(asked: JsonObject) -> GdbSettings:
        return GdbSettings(
            attaches=asked.get("start") == "attach",
            breaks=_texts(asked.get("break")),
            evaluate=_named(asked.get("evaluate")),
            commands=_named(asked.get("commands")),
            collect=_texts(asked.get("collect", ["backtrace"])),
            at_most=int(str(asked.get("at-most", AT_MOST))),
        )


def _texts(data: Json) -> tuple[str, ...]:
    return tuple(map(str, data)) if isinstance(data, list | tuple) else ()


def _named(data: Json) -> Mapping[str, str]:
    return {name: str(text) for name, text in data.items()} if isinstance(data, dict) else {}


def at_a_stop(settings: GdbSettings) -> tuple[Question, ...]:
    """What is asked at each stop, in order; the same at every stop."""
    return (
        Question("program", "", console("info proc exe")),
        Question("mappings", "", console("info proc mappings")),
        *(Question(name, "", command) for name, command in COLLECTED.items() if name in settings.collect),
        *(question for name, text in settings.evaluate.items() for question in _evaluated(name, text)),
        *(Question("command", name, _typed(text)) for name, text in settings.commands.items()),
    )


def _evaluated(name: str, expression: str) -> Iterator[Question]:
    yield Question("value", name, f"-data-evaluate-expression {quoted(expression)}")
    yield Question("address", name, f"-data-evaluate-expression {quoted(f'&({expression})')}")


def _typed(text: str) -> str:
    """What a person would type, a line each."""
    return console(*text.split("\n"))


def console(*commands: str) -> str:
    """Commands of gdb's own command line, which may hold any character."""
    return " ".join(["-interpreter-exec console", *(quoted(command) for command in commands if command.strip())])


def session(watched: Watched, env: str) -> bytes:
    """All that gdb is told.

    Args:
        watched: the program.
        env: the program `env`.
    """
    lines = [*_setup(watched, env), *_started(watched), *_stops(watched), "-gdb-exit"]
    return "".join(f"{line}\n" for line in lines).encode()


def _setup(watched: Watched, env: str) -> Iterator[str]:
    for setting in SETTINGS:
        yield f"-gdb-set {setting}"
    yield console(f"echo {_header(watched)}")
    # gdb's shell and `env` are given nothing of the experiment's environment; gdb's own LINES and COLUMNS end here.
    yield console("unset environment")
    yield console("handle SIGINT pass")
    yield console(f"set exec-wrapper {_wrapper(watched, env)}")
    yield console(f"set args {_arguments(watched)}")


def _header(watched: Watched) -> str:
    """The questions of a stop as JSON, which gdb repeats in its output so that the answers can be read by it."""
    asked = [[question.kind, question.name] for question in at_a_stop(GdbSettings.of(watched.settings))]
    return json.dumps({"asked": asked}).replace("\\", "\\\\")


def _wrapper(watched: Watched, env: str) -> str:
    """What gdb's shell puts between `exec` and the program: `exec` with a redirection only goes on to the next command.

    The loader's link maps go to a file of their own, and gdb is left the words that attach to this process.
    """
    attach = shlex.quote(f"{watched.leaves}/attach")
    words = "\\n".join(ATTACHING)
    assignments = [f"{name}={value}" for name, value in sorted(inferior_env(watched).items())]
    return f"{OUT}>&{OUT}; printf '{words}' $$ $$ $$ >{attach}; exec {shlex.join([env, '-i', *assignments])}"


def inferior_env(watched: Watched) -> dict[str, str]:
    """The program's environment; where it uses LD_DEBUG itself, its link maps are not known to us."""
    if "LD_DEBUG" in watched.env:
        return dict(watched.env)
    return {**watched.env, "LD_DEBUG": "files", "LD_DEBUG_OUTPUT": f"{watched.leaves}/{LD_DEBUG_FILE}"}


def _arguments(watched: Watched) -> str:
    stdin = shlex.quote(f"{watched.leaves}/stdin") if watched.stdin else "/dev/null"
    return f"{shlex.join(watched.argv[1:])} <{stdin} >&{OUT} 2>&{ERR} {OUT}>&- {ERR}>&-"


def _started(watched: Watched) -> Iterator[str]:
    if not GdbSettings.of(watched.settings).attaches:
        yield from _breakpoints(watched)
    yield f"{RUN_TOKEN}-exec-run"


def _breakpoints(watched: Watched) -> Iterator[str]:
    for location in GdbSettings.of(watched.settings).breaks:
        yield f"-break-insert -f {quoted(location)}"


def _stops(watched: Watched) -> Iterator[str]:
    settings = GdbSettings.of(watched.settings)
    asked, attaches = at_a_stop(settings), settings.attaches
    count = max(settings.at_most, 1 + attaches)
    for stop in range(count):
        yield console(_marking(watched.leaves, stop))
        for position, question in enumerate(asked):
            yield f"{FIRST_TOKEN + stop * len(asked) + position}{question.command}"
        if attaches and stop == 0:
            yield from _attached(watched)
        elif stop + 1 < count:
            yield "-exec-continue"
    yield "-break-delete"
    yield console("handle all nostop noprint")
    yield "-exec-continue"


def _attached(watched: Watched) -> Iterator[str]:
    """Let the program go where it crashed and attach to it again, so that gdb reads the link maps as it finds them.

    A SIGSTOP waits for the program before it can go on. A fault happens again by itself; a signal that was sent
    (si_code, sigaction(2)) is sent again.
    """
    yield console("set $elfworlds_signal = $_siginfo.si_code <= 0 ? $_siginfo.si_signo : 0")
    yield console("handle all nopass", "handle SIGINT nopass")
    yield console("handle SIGSTOP nostop noprint nopass")
    yield console(f"source {watched.leaves}/attach")
    yield console("handle all pass", "handle SIGINT pass")
    yield console("handle SIGSTOP nostop noprint nopass")
    yield from _breakpoints(watched)


def _marking(leaves: str, stop: int) -> str:
    """Append a mark to what the loader has written so far, so that it shows what came before this stop."""
    files = f"{shlex.quote(f'{leaves}/{LD_DEBUG_FILE}')}.*"
    return f'shell for f in {files}; do [ ! -e "$f" ] || echo "{MARK}{stop}" >>"$f"; done'
