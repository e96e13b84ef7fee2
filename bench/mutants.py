"""Mutants of the heart: how many of them do its own tests catch?

Install what it needs with `pip install -e '.[test,mutation]'`, then run `python bench/mutants.py`. A fixed seed takes
600 of all mutants that cosmic-ray's operators make of ROOMS. What came of each is one line of .cache/mutants.jsonl, so
that an interrupted session goes on where it was. `--workers 2` tries two at a time, `--again` tries the survivors again
after tests were added, `--show` only tells the score and every survivor.

Each mutant is tried with those tests of its room that reach its line, the quickest first, in a process forked from one
that has imported everything else. A mutant exists only there, in memory. Mutants of annotations are none.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import difflib
import hashlib
import importlib
import importlib.machinery
import importlib.util
import json
import os
import random
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import coverage
import pytest
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names
from hypothesis import HealthCheck, settings

SEED = 11
SAMPLE = 600
ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / ".cache" / "mutants.jsonl"
# A room's own tests: none that needs Nix, gdb or a root. Programs are compiled where generated C is what is tested.
ROOMS = {
    "outcome": ("matching", "shapes", "events"),
    "plan": ("plan", "points", "exports", "every_key"),
    "prediction": ("walk", "prediction"),
    "resolve": ("resolve", "walk", "loader_rules"),
    "driver": ("driver", "export_c"),
    "flips": ("flips", "chance", "varying", "heatmap", "made_with"),
}
# Every room above uses these and none of these uses a room above, so a child finds them imported.
WARM = ("elfworlds.spec", "elfworlds.process", "elfworlds.elf", "pandas", "pyarrow", "rich", "typer", "jsonschema")
# These only keep a mutant that never ends, or that eats all memory, from doing so.
CPU_SECONDS, WALL_SECONDS, ADDRESS_SPACE = 120, 1800, 8 << 30
EXAMPLES = "_hypothesis_internal_use_settings"
KILLED, SURVIVED, TIMED_OUT = "killed", "survived", "timed out"


@dataclass(frozen=True)
class Mutant:
    """A module's text with one change; `id` stays the same as long as the module does."""

    room: str
    file: str
    operator: str
    line: int
    text: str = dataclasses.field(repr=False)
    id: str


@dataclass(frozen=True)
class Reach:
    """What a room's tests did with its modules as they are: seconds by test, tests by file and line."""

    seconds: Mapping[str, float]
    tests: Mapping[str, Mapping[int, Sequence[str]]]


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
    try:
        return ast.dump(Bare().visit(ast.parse(text)))
    except SyntaxError:
        return None


def positions(room: str) -> Iterator[tuple[str, str, int, int]]:
    """File, operator, occurrence and line of whatever cosmic-ray can change in a room."""
    kinds = {name: get_operator(name) for name in operator_names()}
    operators = {name: kind() for name, kind in kinds.items() if not kind.arguments()}
    for path in sorted((ROOT / "runner" / "elfworlds" / room).glob("**/*.py")):
        nodes = list(ast_nodes(get_ast(path.read_text())))
        for name, operator in operators.items():
            places = (place for node in nodes for place in operator.mutation_positions(node))
            for occurrence, (start, _) in enumerate(places):
                yield str(path.relative_to(ROOT)), name, occurrence, start[0]


def sample(number: int, rooms: Sequence[str]) -> Iterator[Mutant]:
    """The first mutants of all in a shuffled order, so that a session which was cut short is a fair sample too."""
    everything = [(room, *position) for room in ROOMS for position in positions(room)]
    print(f"{len(everything)} places to change; {number} mutants are taken")
    random.Random(SEED).shuffle(everything)  # noqa: S311  # no secret
    texts = {file: (ROOT / file).read_text() for _, file, *_ in everything}
    known = {bare(text) for text in texts.values()} | {None}
    taken = len(known)
    for room, file, operator, occurrence, line in everything:
        if len(known) == number + taken:
            return
        text = mutate_code(texts[file], get_operator(operator)(), occurrence) or ""
        if (shape := bare(text)) not in known:
            known.add(shape)
            digest = hashlib.sha256(f"{file}\0{text}".encode()).hexdigest()[:12]
            if room in rooms:
                yield Mutant(room, file, operator, line, text, digest)


class Finder:
    """Imports a mutant where its module is asked for."""

    def __init__(self, mutant: Mutant, tree: Path) -> None:
        self.path = tree / mutant.file
        parts = self.path.relative_to(tree / "runner").with_suffix("").parts
        self.package = parts[-1] == "__init__"
        self.name = ".".join(parts[:-1] if self.package else parts)
        self.text = mutant.text

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        if name != self.name:
            return None
        loader = importlib.machinery.SourceFileLoader(name, str(self.path))
        loader.get_code = lambda _: compile(self.text, str(self.path), "exec", dont_inherit=True)
        return importlib.util.spec_from_file_location(name, self.path, loader=loader)


def fewer_examples(items: Sequence[pytest.Item]) -> None:
    """Hypothesis tries few examples, also where a test asks for more: the profile does not reach those."""
    for function in {item.function for item in items}:
        if asked := getattr(function, EXAMPLES, None):
            setattr(function, EXAMPLES, settings(asked, max_examples=min(asked.max_examples, 30), derandomize=True))


class Chosen:
    """Runs these tests in this order, and keeps the name of what failed."""

    def __init__(self, names: Sequence[str]) -> None:
        self.places = {name: place for place, name in enumerate(names)}
        self.failed: list[str] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        fewer_examples(items)
        items[:] = sorted((i for i in items if i.nodeid in self.places), key=lambda i: self.places[i.nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)


class Measured:
    """Measures how long each test takes, and tells coverage which one runs."""

    def __init__(self, measuring: coverage.Coverage) -> None:
        self.measuring = measuring
        self.seconds: dict[str, float] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        fewer_examples(items)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.measuring.switch_context(item.nodeid)
        start = time.perf_counter()
        result = yield
        self.seconds[item.nodeid] = round(time.perf_counter() - start, 3)
        self.measuring.switch_context("")
        return result


def run_tests(files: Sequence[str], plugin: object) -> int:
    settings.register_profile(
        "mutants", max_examples=30, deadline=None, derandomize=True, database=None, suppress_health_check=HealthCheck
    )
    words = [
        "-x",
        "-q",
        "--tb=no",
        "-W",
        "ignore::pytest.PytestAssertRewriteWarning",
        "--hypothesis-profile=mutants",
        "-p",
        "no:xdist",
        "-p",
        "no:cacheprovider",
    ]
    return int(pytest.main([*words, *files], plugins=[plugin]))


def test_files(room: str) -> list[str]:
    return [f"tests/test_{name}.py" for name in ROOMS[room]]


def reach(room: str, tree: Path) -> dict[str, object]:
    """What a room's tests reach; called in a child."""
    here = tree / "runner" / "elfworlds" / room
    measuring = coverage.Coverage(data_file=None, include=[f"{here}/*"])
    plugin = Measured(measuring)
    measuring.start()
    code = run_tests(test_files(room), plugin)
    measuring.stop()
    data = measuring.get_data()
    lines = {str(Path(file).relative_to(tree)): data.contexts_by_lineno(file) for file in data.measured_files()}
    return {"code": code, "seconds": plugin.seconds, "lines": lines}


def attempt(mutant: Mutant, tests: Sequence[str], tree: Path) -> dict[str, object]:
    """What a mutant's tests say; called in a child."""
    finder = Finder(mutant, tree)
    assert finder.name not in sys.modules, f"{finder.name} is imported beforehand"  # noqa: S101
    sys.meta_path.insert(0, finder)
    plugin = Chosen(tests)
    code = run_tests(sorted({name.split("::")[0] for name in tests}), plugin)
    return {"outcome": SURVIVED if code == 0 else KILLED, "by": plugin.failed[:1] or [f"exit {code}"]}


def in_child(work: Callable[[], object], tree: Path, cpu_seconds: int) -> object:
    """What `work` gave in a process of its own, in the tree; None where that did not end, or ended otherwise."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        os.chdir(tree)
        with (tree / f"log-{os.getppid()}").open("w") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        try:
            answer = json.dumps(work())
            sys.stdout.flush()
            with os.fdopen(write, "w") as out:
                out.write(answer)
        except BaseException:  # noqa: BLE001  # whatever it is, the log has it and the parent goes on
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        text = read_until(answer.fileno(), time.monotonic() + WALL_SECONDS)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return json.loads(text) if text else None


def read_until(descriptor: int, end: float) -> bytes:
    text = b""
    while select.select([descriptor], [], [], max(0, end - time.monotonic()))[0]:
        if not (more := os.read(descriptor, 1 << 20)):
            return text
        text += more
    return b""


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


def tests_of(mutant: Mutant, known: Reach) -> list[str]:
    """Tests that reach a mutant's line, the quickest first; all of the room's where it counts when it is imported."""
    lines = statement((ROOT / mutant.file).read_text(), mutant.line)
    reached = known.tests.get(mutant.file, {})
    names = {name for line in lines or () for name in reached.get(line, ())}
    return sorted(known.seconds if lines is None else names, key=lambda name: (known.seconds[name], name))


def learn(rooms: Sequence[str], tree: Path) -> dict[str, Reach]:
    """Every room's tests, as they are, must pass by exactly what mutants are tried with."""
    learned = {}
    for room in rooms:
        told = in_child(lambda room=room: reach(room, tree), tree, 10 * CPU_SECONDS)
        if told is None or told["code"] != 0:
            sys.exit(f"the tests of {room} fail without any mutant:\n{(tree / f'log-{os.getpid()}').read_text()}")
        seconds = told["seconds"]
        tests = {
            file: {int(line): [name for name in names if name] for line, names in lines.items()}
            for file, lines in told["lines"].items()
        }
        learned[room] = Reach(seconds, tests)
        slow = ", ".join(f"{name} {seconds[name]:.1f}" for name in sorted(seconds, key=seconds.get)[-3:])
        print(f"{room}: {len(seconds)} tests, {sum(seconds.values()):.1f} s; the longest: {slow}", flush=True)
    return learned


def try_mutant(mutant: Mutant, known: Reach, tree: Path) -> dict[str, object]:
    tests = tests_of(mutant, known)
    start = time.perf_counter()
    told = {"outcome": SURVIVED, "by": ["no test reaches it"]}
    if tests:
        told = in_child(lambda: attempt(mutant, tests, tree), tree, CPU_SECONDS)
    told = told or {"outcome": TIMED_OUT, "by": []}
    before, after = (ROOT / mutant.file).read_text().splitlines(), mutant.text.splitlines()
    change = [line for line in difflib.unified_diff(before, after, lineterm="", n=0) if line[:3] not in ("---", "+++")]
    told |= {"tests": len(tests), "seconds": round(time.perf_counter() - start, 2), "diff": change}
    return {name: getattr(mutant, name) for name in ("id", "room", "file", "line", "operator")} | told


def results() -> dict[str, dict[str, object]]:
    """The last line of each mutant."""
    lines = RESULTS.read_text().splitlines() if RESULTS.exists() else []
    return {told["id"]: told for told in map(json.loads, lines)}


def try_all(mutants: Sequence[Mutant], known: Mapping[str, Reach], tree: Path, workers: int) -> None:
    """Each worker takes every n-th mutant, and adds a line at a time."""
    children = []
    for number in range(workers):
        if child := os.fork():
            children.append(child)
            continue
        for mutant in mutants[number::workers]:
            told = try_mutant(mutant, known[mutant.room], tree)
            with RESULTS.open("a") as lines:
                lines.write(json.dumps(told) + "\n")
            print(f"{told['outcome']:9} {told['file']}:{told['line']} {told['by']}", flush=True)
        os._exit(0)
    for child in children:
        os.waitpid(child, 0)


def show(mutants: Sequence[Mutant]) -> None:
    told = results()
    tried = [told[mutant.id] for mutant in mutants if mutant.id in told]
    for one in sorted((one for one in tried if one["outcome"] == SURVIVED), key=lambda one: (one["file"], one["line"])):
        print(f"\n{one['file']}:{one['line']} {one['operator']} ({one['id']}, {one['tests']} tests)")
        print("\n".join(f"    {line}" for line in one["diff"] if not line.startswith("@@")))
    counts = defaultdict(Counter)
    for one in tried:
        counts[one["room"]][one["outcome"]] += 1
        counts["all"][one["outcome"]] += 1
    for room, by in counts.items():
        caught = by[KILLED] + by[TIMED_OUT]
        tried_in_room = f"{room:10} {by.total():4} tried"
        print(f"{tried_in_room}, {caught:4} caught ({by[TIMED_OUT]} by time), {by[SURVIVED]} survived")


def copied() -> Path:
    """A private copy of what tests read, so that the tree may change meanwhile."""
    tree = Path(tempfile.mkdtemp(prefix="mutants-"))
    for name in ("runner", "tests", "csrc", "experiments", "toolchains", "docs", "pyproject.toml", "nix", "results"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tree / name)
    return tree


def warm(tree: Path) -> None:
    sys.path[:0] = [str(tree / "runner"), str(tree / "tests")]
    os.environ.pop("CI", None)
    for name in WARM:
        importlib.import_module(name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=SAMPLE)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--rooms", nargs="*", choices=list(ROOMS), default=list(ROOMS))
    parser.add_argument("--again", action="store_true", help="try the survivors again")
    parser.add_argument("--show", action="store_true", help="try nothing, tell what came")
    asked = parser.parse_args()
    mutants = list(sample(asked.number, asked.rooms))
    told = results()
    done = {name for name, one in told.items() if not asked.again or one["outcome"] != SURVIVED}
    left = [mutant for mutant in mutants if mutant.id not in done and (mutant.id in told or not asked.again)]
    if left and not asked.show:
        RESULTS.parent.mkdir(exist_ok=True)
        tree = copied()
        warm(tree)
        try_all(left, learn([room for room in ROOMS if any(m.room == room for m in left)], tree), tree, asked.workers)
        shutil.rmtree(tree)
    show(mutants)


if __name__ == "__main__":
    main()
