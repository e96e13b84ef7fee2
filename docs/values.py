"""Makes docs/values.md: what each value is, by the language's own types, beside what a trial gave.

`python docs/values.py`, in the project's root, writes the page from the types and docs/values.json. With `--run` the
trials of docs/values.yaml are tried first, and what they gave is kept there. Tests hold that the page is what this
makes of it, that no value lacks an example, and that each example is of the kind that the types say.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elfworlds.backends.local import LocalBackend
from elfworlds.outcome import lookup
from elfworlds.outcome.observed import ABSENT
from elfworlds.process import Pool
from elfworlds.spec.model.observers import OBSERVERS
from elfworlds.spec.shapes import Fields, Items, Repeated, Shape
from elfworlds.spec.values.described import FOUND, OF_BUILD, OF_INSPECT, REPORT, VALUE, VALUES
from elfworlds.trials.broken import broken_objects
from elfworlds.trials.observe import TrialRunner
from elfworlds.workflow.experiments import load_all
from elfworlds.workflow.plans import make_plan
from elfworlds.workflow.screen import Silent
from elfworlds.workflow.session import Session, processors
from elfworlds.workflow.toolchains import provide

PAGE, TRIALS, KEPT = Path("docs/values.md"), Path("docs/values.yaml"), Path("docs/values.json")
MOST_ITEMS, MOST_CHARACTERS = 3, 110
INTRODUCTION = """\
# Values, with an example of each

What a trial gives has names, of which `outcomes`, `expect`, `claim` and `show` speak. Below is every one of them: what
it is, and what it was in a trial of [values.yaml](values.yaml) on this project's machine. A dash says that there was no
such value: only `absent` matches it. Addresses and process ids are others each time. Of a list the first items are
shown: a path through a list gives a list, and `first`, `last`, `all` and `count` are its ends, all of it, and how long
it is.

Made by `python docs/values.py` from the language's types and from these trials. What a matcher may ask of a value:
[language.md](language.md#values-and-matchers).
"""


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        about: what a reader trips over.
        columns: scenario → the names in it whose values are shown; an empty name stands for the trial itself.
        shape: the values below such a name.
    """

    title: str
    about: str
    columns: Mapping[str, tuple[str, ...]]
    shape: Mapping[str, Shape]


@dataclass(frozen=True)
class Row:
    """A value: its path below a name, what it is, and in how many lists it stands."""

    path: str
    shape: Shape
    lists: int = 0


ENDINGS = dict.fromkeys(("ends", "killed", "hangs", "not-there", "leaves-a-child", "writes-much"), ("",))
STEPS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "load": ("load", "dlopen or dlmopen, as `way` says. `path` is the link map's name.", ("opened",)),
    "dlopen": (
        "dlopen",
        "The application itself has an empty path. `error` is what dlerror(3) says; there is none where all went well.",
        ("opened", "itself", "missing"),
    ),
    "dlmopen": ("dlmopen", "`lmid` is 0 for the application's namespace.", ("opened", "missing")),
    "dlsym": ("dlsym", "", ("found", "missing")),
    "call": (
        "call",
        "A NULL `char *` is null. The bare name is its value: `counted: 42`.",
        ("counted", "said", "null-pointer"),
    ),
    "read": ("read", "", ("seen",)),
    "namespaces": ("namespaces", "", ("every",)),
    "mappings": (
        "mappings",
        "`perms` is one text, a word a mapping: `perms: {contains: r-x}`. `copies` counts mappings with offset 0.",
        ("mapped", "closed", "stack"),
    ),
    "phdrs": ("phdrs", "The application's name is empty.", ("shown",)),
    "thread": ("thread", "", ("worker", "waiter")),
    "fork": ("fork", "", ("child", "killed", "slow")),
    "system": ("system", "", ("shell",)),
    "loop": (
        "loop",
        (
            "What a step in a loop found is there several times: the bare name is the last, `opened.all.lmid` has all, "
            "and `opened.times` says how often."
        ),
        ("rounds",),
    ),
    "copy": ("copy", "", ("copied",)),
}


def sections() -> list[Section]:
    """The parts of the page, in order."""
    ended = {**VALUES["run"]}
    gave_up = {key: shape for key, shape in VALUES["steps"].items() if key not in ended}
    parts = [
        Section("A program: `run`", "Of `steps` too; `exit` is null where a signal ended it.", ENDINGS, ended),
        Section(
            "Steps that gave up",
            "Where every step went well there is neither. `write`, `dlclose`, `join`, `cancel`, `post`, "
            "`await`, `setenv`, `sleep` and `flush` find nothing: where one fails, these two values say so.",
            {"gives-up": ("",)},
            gave_up,
        ),
    ]
    parts += [
        Section(f"The step `{verb}`", about, {scenario: names}, FOUND[verb])
        for verb, (scenario, about, names) in STEPS.items()
    ]
    kinds = ("number", "real", "not-a-number", "comparison", "text", "address", "no-error")
    told = ("began", "pair.left", "pair.right", "inside")
    parts += [
        Section(
            "The step `c`: `values`",
            "A comparison is a number. A NULL dlerror(3) is null: `no-error: null`.",
            {"c": kinds},
            VALUE,
        ),
        Section("An event of `reports`", "The bare name is its value: `began: 41`.", {"event": told}, REPORT),
        Section("A compiler: `build`", "", {"builds": ("",), "is-refused": ("",)}, OF_BUILD),
        Section(
            "A file: `inspect`, and `expect` of an object",
            "`flags: {contains: DF_STATIC_TLS}` asks for one of a list; `symbols.text.type` is the type of the symbol "
            "`text`.",
            {"library": ("",), "executable": ("",)},
            OF_INSPECT,
        ),
    ]
    return [*parts, *(_of_observer(name) for name in OBSERVERS)]


ASKED = {"gdb": {"values": ("place", "counter"), "commands": ("where",)}}
ABOUT = {
    "gdb": "An expression of `evaluate` has a `value`, which is a text. `address` is where what it names lies, "
    "`points-to` where its value leads: `gdb.stops.values.place.points-to.lmid`.",
    "ld-debug": "`process` counts from 0.",
}


def _of_observer(name: str) -> Section:
    values = {f"{name}.{key}": shape for key, shape in OBSERVERS[name].values.items()}
    return Section(f"The observer `{name}`", ABOUT.get(name, ""), {name: ("",)}, values)


def rows(section: Section) -> list[Row]:
    """Every value of a part."""
    observer = next((name for name in section.columns if name in OBSERVERS), "")
    return [row for path, shape in section.shape.items() for row in _rows(path, shape, 0, ASKED.get(observer, {}))]


def _rows(path: str, shape: Shape, lists: int, asked: Mapping[str, Sequence[str]]) -> Iterator[Row]:
    if isinstance(shape, Repeated):
        yield from _rows(path, shape.each, lists, asked)
    elif isinstance(shape, Items) and isinstance(shape.of, Fields):
        yield from _rows(path, shape.of, lists + 1, asked)
    elif isinstance(shape, Fields) and shape.other is None and not shape.called.startswith("{"):
        for key, inner in shape.fields.items():
            yield from _rows(f"{path}.{key}", inner, lists, asked)
    elif isinstance(shape, Fields) and shape.other is not None and (names := asked.get(path.rpartition(".")[2])):
        for name in names:
            yield from _rows(f"{path}.{name}", shape.other, lists, asked)
    else:
        yield Row(path, shape, lists)


Kept = Mapping[str, Mapping[str, Any]]


def tried() -> dict[str, dict[str, Any]]:
    """What the trials give: scenario → path → value, of every path of the page that has one."""
    with tempfile.TemporaryDirectory() as folder, Pool() as pool:
        session = Session(pool, os.environ, Silent(), processors())
        (loaded,) = load_all([TRIALS], Path.cwd())
        toolchains = provide([loaded], session, sandbox=False)
        plan = make_plan(loaded, toolchains)
        backend = LocalBackend(Path(folder, "store"), pool.run, session.jobs, pool.interrupt)
        build = backend.build(plan, toolchains, keep_going=True, report=lambda *_: None)
        runner = TrialRunner(
            names=plan.names(),
            build=build,
            toolchains=toolchains,
            run=pool.run,
            directory=lambda trial: _empty(Path(folder, trial.id, "cwd")),
            broken=broken_objects(plan, build),
            question=plan.question,
            programs=plan.programs(),
        )
        objects = {key: name for key, name in plan.names().items() if key in build.artifacts}
        names = {build.artifacts[key].directory: f"${{{name}.dir}}" for key, name in objects.items()}
        found: dict[str, dict[str, Any]] = {}
        for trial in plan.trials:
            seen = runner.observe(trial)
            if seen.judgement.outcome not in trial.bound.outcomes:
                raise SystemExit(
                    f"{trial.id}: {seen.judgement.outcome} {seen.judgement.why} {seen.notes} {seen.values}"
                )
            places = {
                **{place: f"${{{name}.dir}}" for place, name in names.items()},
                str(Path(folder, trial.id, "cwd")): "${files.dir}",
            }
            found[trial.scenario] = _kept(trial.scenario, seen.values, {**places, folder: "…"})
        return found


def _empty(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


def _kept(scenario: str, values: Mapping[str, Any], places: Mapping[str, str]) -> dict[str, Any]:
    paths = (path for section in sections() for path in _paths(section, scenario))
    found = {path: value for path in paths if (value := _at(values, path)) is not ABSENT}
    text = json.dumps(_cut(found))
    for place, name in places.items():
        text = text.replace(place, name)
    kept: dict[str, Any] = json.loads(text)
    return kept


def _at(values: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401  # any value
    """As a matcher finds it; a field of an event is its value itself."""
    value = lookup(values, path)
    bare = lookup(values, path.removesuffix(".value"))
    return bare if value is ABSENT and path.endswith(".value") and not isinstance(bare, Mapping) else value


def _cut(value: Any) -> Any:  # noqa: ANN401  # any value
    """The first items of each list; of a mapping that has many the first ones."""
    if isinstance(value, list | tuple):
        return [_cut(item) for item in value[:MOST_ITEMS]]
    return {key: _cut(item) for key, item in value.items()} if isinstance(value, dict) else value


def _paths(section: Section, scenario: str) -> Iterator[str]:
    for name in section.columns.get(scenario, ()):
        yield from (f"{name}.{row.path}" if name else row.path for row in rows(section))


def page(kept: Kept) -> str:
    """The text of docs/values.md."""
    source = TRIALS.read_text(encoding="utf-8")
    return "\n".join([INTRODUCTION, *(line for section in sections() for line in _part(section, kept, source))])


def _part(section: Section, kept: Kept, source: str) -> Iterator[str]:
    columns = [(scenario, name) for scenario, names in section.columns.items() for name in names]
    yield from (f"## {section.title}", "", *([section.about, ""] if section.about else []))
    for scenario in section.columns:
        yield from ("```yaml", *_snippet(source, scenario), "```", "")
    heads = [f"`{name or scenario}`" if len(columns) > 1 else "seen" for scenario, name in columns]
    yield f"| value | what it is | {' | '.join(heads)} |"
    yield f"| --- | --- |{' --- |' * len(columns)}"
    for row in rows(section):
        seen = [_seen(kept.get(scenario, {}), f"{name}.{row.path}" if name else row.path) for scenario, name in columns]
        yield f"| `{row.path}` | {_what(row)} | {' | '.join(seen)} |"
    yield ""


def _what(row: Row) -> str:
    shape = f"`{row.shape}`" if isinstance(row.shape, Fields | Items) else str(row.shape)
    return f"{'list of ' * row.lists}{shape}"


def _seen(values: Mapping[str, Any], path: str) -> str:
    if path not in values:
        return "–"
    text = json.dumps(values[path], ensure_ascii=False)
    text = text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
    return f"`` {text} ``".replace("|", "\\|")


def _snippet(source: str, scenario: str) -> list[str]:
    """The scenario as it stands in the file, without what names its outcomes."""
    lines = source.split("\n")
    first = next(number for number, line in enumerate(lines) if line.startswith(f"  {scenario}:"))
    last = next(number for number in range(first + 1, len(lines)) if not lines[number].startswith("    "))
    return [line[2:] for line in lines[first:last] if line]


def main() -> None:
    if "--run" in sys.argv[1:]:
        KEPT.write_text(json.dumps(tried(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(page(json.loads(KEPT.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
