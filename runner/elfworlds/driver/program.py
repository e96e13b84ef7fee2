"""The whole program: what it includes and keeps, one function for each thread, and main."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.ctext import identifier, result_type, unqualified
from elfworlds.driver.headers import inlined
from elfworlds.driver.position import STEP, Numbered, Position, every, for_each, numbered, one_of, summary
from elfworlds.driver.running import limit
from elfworlds.driver.scope import Scope
from elfworlds.driver.verbs import IN_CXX, USED, VERBS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from elfworlds.driver.scope import TextsAtPoint
    from elfworlds.spec.model.experiment import Scenario
    from elfworlds.spec.model.steps import Step

THREADS = frozenset(verb for verb, header in USED.items() if header == "threads.h")
_LINE = re.compile(r'^#line [0-9]+ "[^"\n]*"\n', re.MULTILINE)
_END_OF_COMMENT = re.compile(r"\*((?:\\[ \t]*\n)*)/")  # a line that goes on may part the two characters
_WIDTH = 110
CODE = "the program's code"


@dataclass(frozen=True, slots=True)
class GeneratedProgram:
    """C as it is compiled; each step behind a `#line` that names it, so that the compiler does.

    Attributes:
        arguments: symbolic texts: what the program is given in argv.
        threads: whether it needs -pthread.
    """

    text: str
    arguments: tuple[str, ...]
    threads: bool


def program(scenario: Scenario, point: TextsAtPoint) -> GeneratedProgram:
    """The program of a scenario's steps at a point; equal texts are one program."""
    return _Writer(scenario, point).program()


def readable(text: str, comment: Iterable[str]) -> str:
    """As people read it: the claim first, without `#line`."""
    return f"{_comment(comment)}{_LINE.sub('', text)}"


def standalone(text: str, comment: Iterable[str]) -> str:
    """In one file, to be compiled anywhere: with our headers in it."""
    return readable(inlined(text), comment)


def _comment(lines: Iterable[str]) -> str:
    safe = [_END_OF_COMMENT.sub(r"* \1/", line) for line in lines if line]
    return "/* " + "\n * ".join(safe) + " */\n" if safe else ""


def _indented(lines: Iterable[str]) -> Iterator[str]:
    """One tab further; a directive stands at the start of its line."""
    for line in lines:
        stripped = line.lstrip("\t")
        yield stripped if not stripped or stripped[0] == "#" else f"\t{line}"


class _Writer:
    def __init__(self, scenario: Scenario, point: TextsAtPoint) -> None:
        self.scenario = scenario
        self.scope = Scope(point)
        self.numbers: dict[str, str] = {}
        self.steps = numbered(scenario.steps, lambda step: point.applies(step.when))
        self.all = [node.step for node in every(self.steps)]
        self.declare(self.steps, rounds=1)
        self.keep_all(self.steps, frozenset())

    def declare(self, nodes: Iterable[Numbered], rounds: int) -> None:
        """The variables, and how many there can be of one that is bound in loops."""
        for node in nodes:
            step = node.step
            kind = self.kind(step)
            if step.name and kind:
                self.scope.variables[step.name] = kind
                self.numbers[step.name] = node.number
                self.scope.rounds[step.name] = rounds
            self.declare(node.inner, rounds * (limit(step.loop, self.scope) if step.loop else 1))

    def kind(self, step: Step) -> str | None:
        """The C type of the variable that a step binds, `#` for where its name goes."""
        if step.load or step.dlopen or step.dlmopen:
            return "void *#"
        if step.thread:
            return "pthread_t #"
        if step.dlsym:
            return f"__typeof__({self.scope.expression(step.dlsym.type)}) *#" if step.dlsym.type else "void *#"
        if step.call and step.call.as_:
            result = result_type(self.scope.expression(step.call.type)) or "int"
            result = unqualified(result)
            return f"{result}#" if result.endswith("*") else f"{result} #"
        return f"__typeof__({unqualified(self.scope.expression(step.read.type))}) #" if step.read else None

    def keep_all(self, nodes: Iterable[Numbered], bound: frozenset[str]) -> None:
        """Names that are used outside of the loop that binds them are kept as arrays."""
        for node in nodes:
            used, index = one_of(node.step.used)
            rounds = self.scope.rounds.get(used, 1)
            if index or (rounds > 1 and used not in bound):
                self.scope.arrays[used] = max(self.scope.arrays.get(used, 0), rounds, int(index or 0) + 1)
            names = {inner.step.name for inner in every(node.inner) if inner.step.name} if node.step.loop else set()
            self.keep_all(node.inner, bound | names)

    def program(self) -> GeneratedProgram:
        functions = [line for node in self.threads() for line in self.thread(node)]
        main = [*self.body(self.steps)]
        text = "\n".join([*self.head(), *self.kept(), *functions, *self.main(main)]) + "\n"
        return GeneratedProgram(text, tuple(self.scope.given.values()), any(step.verb in THREADS for step in self.all))

    def head(self) -> Iterator[str]:
        used = {USED[step.verb] for step in self.all if step.verb in USED}
        if self.scenario.program and self.scenario.program.language == "c++":
            used = {IN_CXX.get(name, name) for name in used}
        else:  # the compilers define it for C++
            yield "#define _GNU_SOURCE"
        yield "#include <limits.h>"
        yield from (f"#include <{name}>" for name in self.scenario.includes)
        yield from ('#include "steps.h"', *(f'#include "{name}"' for name in sorted(used)), "")
        if self.scenario.program and self.scenario.program.code:
            yield from (f'#line 1 "{CODE}"', self.scenario.program.code.rstrip("\n"), "")

    def kept(self) -> Iterator[str]:
        """What the program is given, and what its steps find."""
        if self.scope.given:
            names = ", ".join(f"*{name}" for name in self.scope.given)
            yield f"static struct {{ /* what the program is given */\n\tconst char {names};\n}} given;\n"
        members = [*self.members()]
        if members:
            yield from ("static struct { /* what its steps find */", *_indented(members), "} it;", "")

    def members(self) -> Iterator[str]:
        for name, kind in self.scope.variables.items():
            spelled = identifier(name)
            yield f'#line 1 "{STEP}{self.numbers[name]}"'
            yield kind.replace("#", spelled) + ";"
            if name in self.scope.arrays:
                yield kind.replace("#", f"{spelled}_all[{self.scope.arrays[name]}]") + ";"
                yield f"long {spelled}_count;"
        yield from (f"sem_t {identifier(name)}_posted;" for name in self.posted())

    def posted(self) -> list[str]:
        return list(dict.fromkeys(name for step in self.all if (name := step.post or step.await_)))

    def threads(self) -> list[Numbered]:
        """A thread that another one starts comes before it, since C wants functions to be declared before use."""
        return [node for node in every(self.steps) if node.step.thread][::-1]

    def thread(self, node: Numbered) -> Iterator[str]:
        yield from (f"static void *{identifier(str(node.step.name))}_steps(void *unused)", "{", "\t(void)unused;")
        yield from _indented(self.body(node.inner))
        yield from ("\treturn NULL;", "}", "")

    def body(self, nodes: Iterable[Numbered]) -> Iterator[str]:
        for node in nodes:
            yield from self.step(Position(self.scope, node, self.step))

    def step(self, here: Position) -> Iterator[str]:
        step, number = here.node.step, here.node.number
        named = ", ".join([*([step.name] if step.name else []), *step.values])
        heading = f"{number}. {summary(step, self.scope)}{f', as {named}' if named else ''}"
        yield from ("", f"/* {heading.replace('*/', '* /')[:_WIDTH]} */", f'#line 1 "{STEP}{number}"')
        yield from for_each(step, here, VERBS[step.verb]) if step.handle else VERBS[step.verb](step, here)

    def main(self, body: list[str]) -> Iterator[str]:
        given = list(self.scope.given)
        yield from (f"int main({'int argc, char **argv' if given else 'void'})", "{")
        if given:
            usage = " ".join(name.upper() for name in given)
            yield f"\tif (argc != {len(given) + 1}) {{"
            yield from (f'\t\tfputs("usage: program {usage}\\n", stderr);', "\t\treturn 2;", "\t}")
            yield from (f"\tgiven.{name} = argv[{number}];" for number, name in enumerate(given, start=1))
        yield from (f"\tsem_init(&it.{identifier(name)}_posted, 0, 0);" for name in self.posted())
        yield from _indented(body if given or self.posted() else body[1:])
        yield from ("\treturn 0;", "}")
