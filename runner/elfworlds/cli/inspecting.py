"""What `elfworlds inspect` does, without the parser of its words: reading that takes longer than a hundred files."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from elfworlds import paths
from elfworlds.cli.echo import echo, echo_lines, told, write
from elfworlds.errors import Exit, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from elfworlds.inspection import Inspection, System, World

TREE, TABLE, JSON, CSV, DOT = "tree", "table", "json", "csv", "dot"
FORMATS = (TREE, TABLE, JSON, CSV, DOT)


class Words(NamedTuple):
    """The words of a command line of `inspect`, each as its option's help says."""

    files: Sequence[Path]
    root: Path | None = None
    toolchain: str | None = None
    env: Sequence[str] = ()
    preload: Sequence[str] = ()
    host: Path | None = None
    namespace: str = "base"
    why: str | None = None
    symbols: bool = False
    form: str = TREE
    table: str = "needed"
    tables: Path | None = None
    diff: str | None = None


class _Inspected:
    """Files that are inspected one after the other; what came of them all.

    Attributes:
        symbols: whether missing ones count, where they can be judged.
        wrong: whether a file could not be inspected: it is told, and the rest goes on.
        whole: whether nothing is missing.
        count: how many files there were.
    """

    def __init__(self, files: Sequence[Path], system: System, *, symbols: bool) -> None:
        self.files, self.system, self.symbols = files, system, symbols
        self.wrong, self.whole, self.count = False, True, 0

    def __iter__(self) -> Iterator[Inspection]:
        from elfworlds.inspection import inspect

        for path in self._every():
            self.count += 1
            try:
                inspection = inspect(path, self.system)
            except InputError as error:
                self._tell(error)
                continue
            judged = inspection.judges_symbols(asked=self.symbols)
            self.whole = self.whole and inspection.whole and not (judged and inspection.missing_symbols)
            yield inspection

    def _every(self) -> Iterator[Path]:
        from elfworlds.inspection.below import programs_below

        for path in self.files:
            if not paths.is_directory(path):
                yield path
                continue
            before = self.count
            yield from map(Path, programs_below(str(path)))
            if self.count == before:
                self._tell(InputError(f"{paths.shown(path)}: no program and no library is below it"))

    def _tell(self, error: InputError) -> None:
        self.wrong = True
        told(error)

    @property
    def code(self) -> Exit:
        if self.wrong:
            return Exit.INPUT
        return Exit.AS_EXPECTED if self.whole else Exit.EXPECTATION_FAILED


def inspect(words: Words) -> Exit:
    """Inspect, show, and give the exit code."""
    if words.form not in FORMATS:
        raise InputError(f"--format is {', '.join(FORMATS)}, not `{words.form}`")
    world = _world(words)
    if words.diff is not None:
        return _diff(words.files, world, words.diff, words.form, symbols=words.symbols)
    return _told(words, world)


def _world(words: Words) -> World:
    from elfworlds.inspection import World

    return World(
        root=None if words.root is None else str(words.root),
        toolchain=words.toolchain,
        env=environment(words.env, elsewhere=words.root is not None or words.toolchain is not None),
        preload=tuple(words.preload),
        host=None if words.host is None else str(words.host),
        namespace=words.namespace,
    )


def _told(words: Words, world: World) -> Exit:
    from elfworlds.inspection import system_of

    inspected = _Inspected(words.files, system_of(world), symbols=words.symbols)
    if words.tables is not None:
        _write(words.tables, inspected)
    elif words.form in (TABLE, CSV):
        _show_table(inspected, words.form, words.table)
    else:
        _show(inspected, words.form, why=words.why)
    return inspected.code


def environment(given: Iterable[str], *, elsewhere: bool) -> dict[str, str]:
    """The loader's variables: this process' own on this machine, and what is given."""
    own = {} if elsewhere else {name: os.environ[name] for name in os.environ if name.startswith(("LD_", "GLIBC_"))}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise InputError(f"--env is NAME=VALUE, not `{text}`")
        own[name] = value
    return own


def _write(directory: Path, inspected: _Inspected) -> None:
    from elfworlds.inspection.writing import write as write_tables

    for name, count in write_tables(directory, inspected).items():
        echo(f"{name}: {count} rows")


def _show(inspected: _Inspected, form: str, *, why: str | None) -> None:
    if form == JSON:
        from elfworlds.inspection.document import document

        _json(document(inspected, symbols=inspected.symbols, why=why))
        return
    if form == DOT:
        from elfworlds.inspection.dot import dot_lines

        echo_lines(dot_lines(inspected))
        return
    show = _tree(symbols=inspected.symbols) if why is None else _reasons(why)
    for at, inspection in enumerate(inspected):
        if at:
            echo_lines([""])
        echo_lines(show(inspection))


def _json(data: object) -> None:
    import json

    write(json.dumps(data, indent=1) + "\n")


def _tree(*, symbols: bool) -> Callable[[Inspection], Iterable[str]]:
    from elfworlds.inspection.terminal import tree_lines

    return lambda inspection: tree_lines(inspection, symbols=symbols)


def _reasons(name: str) -> Callable[[Inspection], Iterable[str]]:
    from elfworlds.inspection.why import why, why_lines

    return lambda inspection: why_lines(why(inspection, name))


def _show_table(inspected: _Inspected, form: str, name: str) -> None:
    from elfworlds.inspection.frames import frame
    from elfworlds.inspection.rows import names
    from elfworlds.tables import as_csv, as_texts

    if name not in names():
        raise InputError(f"--table is {', '.join(names())}, not `{name}`")
    made = frame(list(inspected), name)
    if form == CSV:
        write(as_csv(made))
        return
    from elfworlds.report.text import grid

    echo_lines(grid(as_texts(made), indent=""))


def _diff(files: Sequence[Path], world: World, other: str, form: str, *, symbols: bool) -> Exit:
    from elfworlds.inspection import inspect, system_of
    from elfworlds.inspection.difference import difference_lines, differences

    if len(files) != 1:
        raise InputError("--diff compares one file", hint="FILE --diff OTHER")
    elsewhere = _other_world(world, other)
    before = inspect(files[0], system_of(world))
    after = inspect(files[0] if elsewhere else paths.word(other), system_of(elsewhere or world))
    found = differences(before, after, symbols=symbols)
    if form == JSON:
        names = ("kind", "name", "before", "after")
        _json({"schema": 1, "differences": [{name: getattr(each, name) for name in names} for each in found]})
    else:
        echo_lines(difference_lines(found))
    return Exit.EXPECTATION_FAILED if found else Exit.AS_EXPECTED


def _other_world(world: World, other: str) -> World | None:
    """The world that `other` names: a directory or a toolchain; None for a file."""
    from elfworlds.toolchains.families import FAMILIES

    if paths.is_directory(paths.word(other)):
        return replace(world, root=other, toolchain=None, env={})
    if not os.path.lexists(other) and other.partition("/")[0] in FAMILIES:
        return replace(world, root=None, toolchain=other, env={})
    return None
