"""What holds under gdb, valgrind and strace alike: the program is the one that would run alone."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from elfworlds.observers import gdb, strace, table, valgrind
from elfworlds.process import Pool
from elfworlds.spec.model.observers import OBSERVERS
from elfworlds.spec.shapes import Fields
from elfworlds.spec.values.described import ENDED
from elfworlds.toolchains import Toolchain
from elfworlds.traces import memcheck
from shaping import misfits
from watching import OBSERVED, Watching, app_and_library, compiled

WORDS = (
    "",
    " ",
    "a b",
    "it's",
    '"',
    "\\",
    "\\n",
    "\n",
    "two\nlines\n",
    "$HOME `id` $(id)",
    "*",
    "é\t",
    "-x",
    "!!",
    "#",
    "a=b",
    "%p",
    "<&>|;",
)
TELLS = r"""
    #include <stdio.h>
    #include <stdlib.h>
    #include <unistd.h>
    int main(int argc, char **argv) {
        for (int i = 1; i < argc; i++)
            fwrite(argv[i], 1, strlen(argv[i]) + 1, stdout);
        char *value = getenv("VALUE");
        fwrite(value, 1, strlen(value) + 1, stdout);
        for (int c; (c = getchar()) != EOF;)
            putchar(c);
        fprintf(stderr, "told");
        return write(9, "event\n", 6) == 6 ? 0 : 9;
    }
"""
NAMES_ITSELF = """
    #include <errno.h>
    #include <stdio.h>
    __attribute__((constructor)) static void here(void) {
        FILE *file = fopen(WHERE, "a");
        fprintf(file, "%s\\n", program_invocation_short_name);
        fclose(file);
    }
"""


@pytest.fixture(params=[gdb, valgrind, strace], ids=lambda one: one.TOOLS[0])
def observer(request: pytest.FixtureRequest, toolchain: Toolchain) -> ModuleType:
    observer: ModuleType = request.param
    if not set(observer.TOOLS) <= set(toolchain.tools):
        pytest.skip(f"{observer.TOOLS[0]} is not installed")
    return observer


@pytest.fixture
def watching(pool: Pool, toolchain: Toolchain, tmp_path: Path) -> Watching:
    return Watching(pool, toolchain, tmp_path)


def test_words_values_and_streams_arrive_as_they_are(watching: Watching, observer: ModuleType) -> None:
    program = compiled(watching.directory, "tells its words", f"#include <string.h>\n{TELLS}")
    stdin, value, nine = b"\0binary\xff\n-gdb-exit\n" * 1000, ' it\'s\n"$x" ', watching.directory / "nine"
    values = watching.watch(observer, program, *WORDS, env={"VALUE": value}, stdin=stdin, nine=nine)
    assert values["stdout"].split("\0", len(WORDS) + 1) == [*WORDS, value, stdin.decode("utf-8", "replace")]
    assert (values["exit"], values["stderr"]) == (0, "told")
    assert nine.read_text() == "event\n"


def test_standard_input_without_anything_is_at_its_end(watching: Watching, observer: ModuleType) -> None:
    text = "#include <stdio.h>\nint main(void) { return getchar() == EOF ? 5 : 6; }"
    assert watching.watch(observer, compiled(watching.directory, "reads", text))["exit"] == 5


def test_a_preloaded_object_is_seen_by_the_program_only(watching: Watching, observer: ModuleType) -> None:
    where = watching.directory / "names"
    text = f'#define _GNU_SOURCE\n#define WHERE "{where}"\n{NAMES_ITSELF}'
    preloaded = compiled(watching.directory, "preloaded.so", text, "-shared", "-fPIC")
    program = compiled(watching.directory, "alone", "int main(void) { return 4; }")
    values = watching.watch(observer, program, env={"LD_PRELOAD": preloaded})
    assert values["exit"] == 4
    assert where.read_text() == "alone\n"


@pytest.mark.parametrize(("function", "signal"), [("boom", "SIGSEGV"), ("terminate", "SIGTERM")])
def test_a_signal_that_ends_the_program_is_told(
    watching: Watching, observer: ModuleType, function: str, signal: str
) -> None:
    app, library = app_and_library(watching.directory)
    values = watching.watch(observer, app, library, function, stdin=b"input\n", env={"A": "x"})
    assert (values["exit"], values["signal"], values["timed-out"]) == (None, signal, False)
    assert values["stdout"] == "A is x\nread input\n"


SETTINGS = {  # all that gdb may be asked
    "collect": ["backtrace", "sharedlibrary", "linker-namespaces", "threads", "registers"],
    "evaluate": {"counter": "counter", "none": "no_such_thing"},
    "commands": {"files": "info files", "lost": "info nothing"},
    "break": ["main"],
}


@pytest.mark.parametrize("name", list(OBSERVERS))
@pytest.mark.parametrize("function", ["boom", "hello", "nothing"])
def test_values_are_as_they_are_described(watching: Watching, toolchain: Toolchain, name: str, function: str) -> None:
    watched_by = table.OBSERVERS[name]
    if not set(watched_by.tools) <= set(toolchain.tools):
        pytest.skip(f"{name} is not installed")
    app, library = app_and_library(watching.directory)
    values = watching.watch(watched_by, app, library, function, env={"A": "x"}, settings=SETTINGS)
    assert misfits(values[name], Fields(OBSERVERS[name].values), name) == []
    assert misfits({key: values[key] for key in values if key in ENDED}, Fields(ENDED)) == []


@pytest.mark.parametrize("file", sorted(OBSERVED.glob("**/*memcheck*.xml*")), ids=lambda path: path.name)
def test_what_memcheck_recorded_is_as_it_is_described(file: Path) -> None:
    seen = valgrind.values(memcheck.parse(file.read_bytes()), "")
    assert misfits(seen, Fields(OBSERVERS["valgrind"].values), "valgrind") == []


def test_a_terminal_is_a_terminal(watching: Watching, observer: ModuleType) -> None:
    program = compiled(watching.directory, "asks", "#include <unistd.h>\nint main(void) { return isatty(1) + 10; }")
    assert watching.watch(observer, program, capture="pty")["exit"] == 11
    assert watching.watch(observer, program, capture="file")["exit"] == 10


def test_what_a_program_prints_is_bounded(watching: Watching, observer: ModuleType) -> None:
    text = '#include <stdio.h>\nint main(void) { for (int i = 0; i < 50000; i++) puts("%0999d"); return 0; }'
    program = compiled(watching.directory, "prints", text.replace("%0999d", "x" * 999))
    completed, values = watching.completed(observer, program)
    assert (values["exit"], completed.stdout.total) == (0, 50_000_000)
    assert len(values["stdout"]) < 2_000_000
