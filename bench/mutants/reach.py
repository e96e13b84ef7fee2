"""Which tests reach a mutant's line."""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from .child import in_child
from .rooms import ROOT
from .sample import Mutant
from .testing import measure

CPU_SECONDS = 1200
LONGEST_SECONDS = 20  # of tests for each mutant, as they are: a survivor costs all of them
MEASURED = ROOT / ".cache" / "mutants-reach"


@dataclass(frozen=True)
class Reach:
    """What a room's tests did with its modules as they are: seconds by test, tests by file and line."""

    seconds: Mapping[str, float]
    tests: Mapping[str, Mapping[int, Sequence[str]]]

    def in_time(self, names: Sequence[str]) -> list[str]:
        """The quickest first, as many as LONGEST_SECONDS hold."""
        ordered = sorted(names, key=lambda name: (self.seconds[name], name))
        ends = accumulate(self.seconds[name] for name in ordered)
        return [name for name, end in zip(ordered, ends, strict=True) if end <= LONGEST_SECONDS]


def learn(room: str, tree: Path) -> Reach:
    """A room's tests, as they are, must pass by exactly what mutants are tried with; measured once for a tree."""
    file = MEASURED / f"{room}-{digest(tree)}.json"
    if not file.exists():
        ended = in_child(lambda: measure(room, tree), tree, CPU_SECONDS)
        if json.loads(ended.answer or '{"code": "nothing"}')["code"] != 0:
            sys.exit(f"the tests of {room} fail without any mutant:\n{ended.log}")
        MEASURED.mkdir(parents=True, exist_ok=True)
        file.write_text(ended.answer or "")
    measured = json.loads(file.read_text())
    seconds = measured["seconds"]
    tests = {
        path: {int(line): [name for name in names if name] for line, names in lines.items()}
        for path, lines in measured["lines"].items()
    }
    slow = ", ".join(f"{name} {seconds[name]:.1f}" for name in sorted(seconds, key=seconds.get)[-3:])
    print(f"{room}: {len(seconds)} tests, {sum(seconds.values()):.1f} s; the longest: {slow}", flush=True)
    return Reach(seconds, tests)


def digest(tree: Path) -> str:
    """Of every file of the package and its tests."""
    files = sorted(path for folder in ("runner", "tests") for path in (tree / folder).rglob("*.py"))
    text = b"\0".join(str(path.relative_to(tree)).encode() + b"\0" + path.read_bytes() for path in files)
    return hashlib.sha256(text).hexdigest()[:12]


def statement(text: str, line: int) -> range | None:
    """The lines of the innermost statement in a function, without the statements in it; None outside of functions."""
    best = None
    for function in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)):
        for node in (below for top in function.body for below in ast.walk(top) if isinstance(below, ast.stmt)):
            if node.lineno <= line <= node.end_lineno:
                body = getattr(node, "body", None)
                end = body[0].lineno if body and body[0].lineno > node.lineno else node.end_lineno + 1
                best = max(best or range(0), range(node.lineno, max(end, line + 1)), key=lambda lines: lines.start)
    return best


def batches(mutant: Mutant, known: Reach, tree: Path, *, thorough: bool) -> list[list[str]]:
    """The tests that reach a mutant's line; where it is thorough, then all others of its room; each the quickest first.

    The others have their turn because a line in a cached function, or in a fixture of the session, is only seen to be
    reached by the first test that needs it. No batch takes more than LONGEST_SECONDS without a mutant.
    """
    lines = statement((tree / mutant.file).read_text(), mutant.line)
    reached = known.tests.get(mutant.file, {})
    names = {name for line in lines or () for name in reached.get(line, ())}
    if lines is None and not thorough:
        names = set(known.seconds)
    others = [name for name in known.seconds if name not in names] if thorough else []
    return [batch for batch in (known.in_time(sorted(names)), known.in_time(others)) if batch]
