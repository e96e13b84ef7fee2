"""All mutants of ROOMS, and a seeded sample of them."""

from __future__ import annotations

import ast
import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

from .rooms import PACKAGE, ROOMS, ROOT

SEED = 11


@dataclass(frozen=True)
class Mutant:
    """A module's text with one change; `id` stays the same as long as the module does."""

    room: str
    file: str
    operator: str
    line: int
    text: str = field(repr=False)
    id: str


@dataclass(frozen=True)
class Position:
    """A place that an operator can change: its `occurrence` in the file, counted from 0, and its line."""

    room: str
    file: str
    operator: str
    occurrence: int
    line: int


class Bare(ast.NodeTransformer):
    """A module without annotations, which nothing in ROOMS reads when it runs."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(value=None)
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)


def bare(text: str) -> str | None:
    """A module's shape: mutants of one shape are one. None where the text is no Python."""
    try:
        return ast.dump(Bare().visit(ast.parse(text)))
    except SyntaxError:
        return None


def files_of(room: str) -> list[Path]:
    return sorted((ROOT / PACKAGE / room).glob("**/*.py"))


def positions(room: str) -> Iterator[Position]:
    """Whatever cosmic-ray can change in a room."""
    kinds = {name: get_operator(name) for name in operator_names()}
    operators = {name: kind() for name, kind in kinds.items() if not kind.arguments()}
    for path in files_of(room):
        nodes = list(ast_nodes(get_ast(path.read_text())))
        for name, operator in operators.items():
            places = (place for node in nodes for place in operator.mutation_positions(node))
            for occurrence, (start, _) in enumerate(places):
                yield Position(room, str(path.relative_to(ROOT)), name, occurrence, start[0])


def shuffled() -> list[Position]:
    """Every position of every room, in an order that SEED decides."""
    everything = [position for room in ROOMS for position in positions(room)]
    random.Random(SEED).shuffle(everything)  # noqa: S311  # no secret
    return everything


def sample(number: int, rooms: Sequence[str]) -> Iterator[Mutant]:
    """The first mutants of all in a shuffled order, so that a session which was cut short is a fair sample too."""
    texts = {str(path.relative_to(ROOT)): path.read_text() for room in ROOMS for path in files_of(room)}
    known = {bare(text) for text in texts.values()} | {None}
    unchanged = len(known)
    for place in shuffled():
        if len(known) == number + unchanged:
            return
        text = mutate_code(texts[place.file], get_operator(place.operator)(), place.occurrence) or ""
        if (shape := bare(text)) not in known:
            known.add(shape)
            digest = hashlib.sha256(f"{place.file}\0{text}".encode()).hexdigest()[:12]
            if place.room in rooms:
                yield Mutant(place.room, place.file, place.operator, place.line, text, digest)
