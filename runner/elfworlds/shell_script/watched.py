"""What a script shows of what an observer saw, or of a file's facts, where the trial's outcome rests on that."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.planning.spoken import names_in
from elfworlds.planning.types import realise
from elfworlds.shell_script.words import END, HERE, in_text, marked, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from elfworlds.jsondata import Json, JsonObject
    from elfworlds.planning import Trial

    # the program, the values spoken of, how a symbolic text becomes real, what the observer is asked
    Shows = Callable[["Program", Sequence[str], Callable[[str], str], JsonObject], Iterator[str]]

PLAIN = "plain"
COLLECTED = {
    "backtrace": "backtrace",
    "sharedlibrary": "info sharedlibrary",
    "linker-namespaces": "info linker-namespaces",
    "threads": "info threads",
    "registers": "info registers",
}
LOADER_LINES = {  # value of ld-debug → the lines of the loader's account that it is made of
    "link-maps": "generating link map|dynamic: ",
    "namespaces": "generating link map|dynamic: ",
    "searches": "find library=|search path=|search cache=|trying file=",
    "bindings": "binding file",
    "init": "calling init",
    "fini": "calling fini",
}
FACTS = {  # fact of a file → what readelf is to show of it
    **dict.fromkeys(("flags", "needed", "rpath", "runpath", "soname", "missing-objects"), "-d"),
    **dict.fromkeys(("exports", "undefined", "symbols", "missing-symbols"), "--dyn-syms"),
    **dict.fromkeys(("relocations", "symbol-relocations", "text-relocations", "relr"), "-r"),
    **dict.fromkeys(("execstack", "interp", "stack", "tls", "relro"), "-l"),
    **dict.fromkeys(("build-id", "notes"), "-n"),
    **dict.fromkeys(("machine", "type"), "-h"),
    "versions": "-V",
    "hash-tables": "-d",
}
BOTH = {"relro": "-d", "tls": "-r"}
SYSTEM_CALLS = "open,openat,execve,mmap"


@dataclass(frozen=True, slots=True)
class Program:
    """How a script starts the trial's program: words with `HERE` in them.

    Attributes:
        env: NAME=VALUE.
        stdin: the path of its standard input.
        world: the words before, as the shell reads them; empty for none.
    """

    argv: Sequence[str]
    env: Sequence[str]
    stdin: str
    world: str


def watched(trial: Trial, program: Program, symbols: Callable[[str], str]) -> Iterator[str]:
    """Lines that start the program under the trial's observer; nothing where the trial had none.

    They are what the script does by itself where the outcome rests on the observer's values. Else, and where the script
    is told `plain`, the program runs alone.
    """
    every: Mapping[str, Shows] = {"gdb": _gdb, "ld-debug": _ld_debug, "strace": _strace, "valgrind": _valgrind}
    shows = every.get(trial.observer)
    if shows is None:
        return
    observer = trial.observer
    values = sorted(name for name in names_in(trial) if name.partition(".")[0] == observer)
    if values:
        yield f"# The outcome rests on {', '.join(values)}. `sh THIS-FILE {PLAIN}` runs the program alone."
    else:
        yield f"# {observer} watched the trial: `sh THIS-FILE {observer}` shows what it sees."
    yield f'if [ "${{1-{observer if values else PLAIN}}}" = {observer} ]; then'
    settings = trial.bound.watch.get(observer, {})
    yield from shows(program, values, lambda text: realise(text, symbols), settings)
    yield "fi"


def _gdb(program: Program, _values: Sequence[str], real: Callable[[str], str], asked: JsonObject) -> Iterator[str]:
    commands = real(gdb_commands(asked))
    wrapper = quoted(" ".join(["set exec-wrapper env -i --", *map(marked, program.env)]))
    if END in commands.split("\n"):
        yield f"printf '%s\\n' {quoted(commands)} > commands.gdb"
    elif HERE in commands:
        yield from (f"cat > commands.gdb << {END}", in_text(commands), END)
    else:
        yield from (f"cat > commands.gdb << '{END}'", commands, END)
    words = f"gdb -nx -batch -ex {wrapper} -x commands.gdb --args {_words(program.argv)}"
    yield f"exec {program.world}{words} < /dev/null"


def _ld_debug(program: Program, values: Sequence[str], *_: object) -> Iterator[str]:
    """The loader writes a file a process; of it the lines that the values are made of."""
    spoken = {value.split(".")[1] for value in values}
    lines = dict.fromkeys(pattern for value, pattern in LOADER_LINES.items() if value in spoken or not values)
    variables = ("LD_DEBUG=files,libs,bindings,scopes", f"LD_DEBUG_OUTPUT={HERE}/ld-debug")
    alone = f"env -i -- {_words((*program.env, *variables, *program.argv))}"
    yield from _then(program, alone, f'grep -hE {shlex.quote("|".join(lines))} "$here"/ld-debug.* >&2')


def _strace(program: Program, *_: object) -> Iterator[str]:
    env = _words(word for variable in program.env for word in ("-E", variable))
    tool = f'"$(command -v strace)" -f -q -y -e trace={SYSTEM_CALLS} -o "$here/strace"'
    alone = f"env -i {tool} {env} -- {_words(program.argv)}".replace("  ", " ")
    yield from _then(program, alone, 'cat "$here/strace" >&2')


def _valgrind(program: Program, *_: object) -> Iterator[str]:
    tool = '"$(command -v valgrind)" --leak-check=full --show-leak-kinds=all --log-file="$here/memcheck"'
    yield from _then(
        program, f"env -i -- {_words(program.env)} {tool} {_words(program.argv)}", 'cat "$here/memcheck" >&2'
    )


def _then(program: Program, alone: str, shows: str) -> Iterator[str]:
    """The program's own output, then what was seen, and the exit status of the program."""
    yield from ("status=0", f"{program.world}{alone} < {program.stdin} || status=$?", shows, 'exit "$status"')


def _words(words: Iterable[str]) -> str:
    return " ".join(map(quoted, words))


def inspected(trial: Trial, file: str) -> Iterator[str]:
    """Lines that show the facts of a file on which the outcome rests; `file` is below the directory of the script."""
    facts = sorted({name.partition(".")[0] for name in names_in(trial)})
    options = [option for fact in facts for option in (FACTS.get(fact), BOTH.get(fact)) if option]
    yield f"# The outcome rests on facts of the file: {', '.join(facts)}."
    if options:
        yield f"readelf -W {' '.join(dict.fromkeys(options))} {shlex.quote(file)}"
    if "size" in facts:
        yield f"wc -c {shlex.quote(file)}"


def gdb_commands(asked: JsonObject) -> str:
    """What a person would tell gdb to be shown what the trial's gdb was asked."""
    at_a_stop = [
        *(COLLECTED[name] for name in _texts(asked["collect"])),
        *(f"print {_on_a_line(expression)}" for expression in _texts(asked["evaluate"])),
        *(line for text in _texts(asked["commands"]) for line in text.splitlines() if line.strip()),
    ]
    lines = [
        *("set breakpoint pending on", "set print elements 0"),
        *(f"break {_on_a_line(place)}" for place in _texts(asked["break"])),
        *("run", "while $_isvoid($_exitcode) && $_isvoid($_exitsignal)"),
        *(f"  {command}" for command in (*at_a_stop, "continue")),
        "end",
    ]
    return "\n".join(lines)


def _on_a_line(words: str) -> str:
    """An argument of one of gdb's commands; what came after a newline would be another command."""
    return words.replace("\n", " ")


def _texts(setting: Json) -> list[str]:
    """The texts of a list, or those to which a mapping gives names."""
    texts = setting.values() if isinstance(setting, Mapping) else setting if isinstance(setting, list) else ()
    return [str(text) for text in texts]
