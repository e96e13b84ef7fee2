"""Every key has an effect wherever it is accepted: it changes the plan, or it is an error where it stands.

The keys are those of the types, so that a new one is covered: it fails here until it has a sample and an effect.
"""

from __future__ import annotations

import copy
import functools
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from elfworlds.elf import read
from elfworlds.sources import store_paths
from elfworlds.sources.packages import PinnedPackage, written
from elfworlds.sources.store_paths import LockedPath
from elfworlds.spec.model.base import Model
from elfworlds.spec.model.experiment import Claim, Expectation, Experiment, Matrix, Scenario, Source
from elfworlds.spec.model.layout import LaidOutFile
from elfworlds.spec.model.objects import Object, Prebuilt, Program
from elfworlds.spec.model.observe import observe_model
from elfworlds.spec.model.observers import Gdb
from elfworlds.spec.model.steps import BESIDE, VERB_WORDS, Step
from elfworlds.trees import Entry, Manifest, StorePath
from elfworlds.yamltext import ProblemsError, parse
from plans import plan_of, stub

Data = dict[str, Any]
At = tuple[str | int, ...]

# What is told to people only.
TOLD: dict[type[Model], set[str]] = {
    Experiment: {"source", "note"},
    Source: {"title", "url", "year", "authors"},
    **{model: {"note"} for model in (Object, Scenario, Claim, Expectation)},
}
# What lets outcomes speak of something, and does nothing more.
DECLARED = ("reports",)

LIBRARY = {"library": "l", "code": "int l;\n"}
OPEN = {"object": "l", "as": "open"}
OBJECTS: dict[str, Data] = {
    "a library in C": {"library": "x", "code": "int x;\n"},
    "an executable in C": {"executable": "x", "code": "int main(void) { return 0; }\n"},
    "a library in C++": {"library": "x", "sources": ["x.cc"]},
    "a library in assembly": {"library": "x", "sources": ["x.S"]},
    "a library in Rust": {"library": "x", "sources": ["r.rs"]},
    "an executable in Rust": {"executable": "x", "sources": ["r.rs"]},
    "a prebuilt object": {"prebuilt": "p.so"},
    "a file of a tree": {"prebuilt": {"tree": "tree", "file": "p.so"}},
}
JUDGED = {"outcomes": {"a": {"exit": 0}, "b": {"exit": 1}}}
SCENARIOS: dict[str, Data] = {
    "run": {"run": "${app}", **JUDGED},
    "steps": {"steps": [{"flush": True}], **JUDGED},
    "build": {"build": "l", **JUDGED},
    "inspect": {"inspect": "l", "outcomes": {"a": {"soname": "x"}, "b": {"soname": "y"}}},
}
VERBS: dict[str, Any] = {
    "load": {**OPEN, "as": "x", "way": "dlmopen"},
    "dlopen": {**OPEN, "as": "x"},
    "dlmopen": {**OPEN, "as": "x"},
    "dlsym": {"symbol": "l", "as": "x"},
    "dlclose": "open",
    "call": {"function": "f", "type": "int (void)"},
    "read": {"symbol": "l", "type": "int", "as": "x"},
    "write": {"symbol": "l", "type": "int", "value": "1"},
    "namespaces": {"as": "x"},
    "mappings": {"object": "l", "as": "x"},
    "phdrs": {"as": "x"},
    "thread": {"as": "x", "steps": [{"flush": True}]},
    "join": "thread",
    "cancel": "thread",
    "post": "signal",
    "await": "signal",
    "fork": {"as": "x", "steps": [{"flush": True}]},
    "system": {"command": "true"},
    "loop": {"times": 2, "steps": [{"dlclose": "open"}]},
    "copy": {"object": "l", "to": "there"},
    "setenv": {"A": "1"},
    "sleep": 1,
    "flush": True,
    "c": "int a;",
}
# Values of a key, whichever part has it; of the part alone where they must be others.
SAMPLES: dict[str, tuple[Any, ...]] = {
    "after": ([["strip"]],),
    "archive": ("other.zip",),
    "flake": ("f",),
    "nix": ("n",),
    "package": ("p",),
    "args": (["1"],),
    "as": ("other",),
    "as-needed": (True,),
    "at": ("0",),
    "at-most": (3,),
    "authors": ("somebody",),
    "break": (["main"],),
    "build": ("k",),
    "build-id": ("md5", "none"),
    "build-timeout": (3,),
    "capture": ("file", "pty"),
    "cflags": (["-O2"],),
    "claim": ({"says": "It is so.", "outcome": "a"},),
    "code": ("int other;\n",),
    "collect": (["threads"],),
    "command": ("false",),
    "compiler": ("clang",),
    "commands": ({"a": "info files"},),
    "cpus": (1,),
    "crate-type": ("dylib", "bin"),
    "defines": ({"A": 1},),
    "directory": (True,),
    "edition": ("2018", "2024"),
    "linker": ("lld",),
    "env": ({"A": "1"},),
    "evaluate": ({"a": "1"},),
    "exclude": ([{"way": "other"}],),
    "executable": ("other",),
    "expect": ({"outcome": "a"}, {"needed": {"contains": "l"}}),
    "experiment": ("y",),
    "file": ("q.so",),
    "exports": ("all", ["l"], {"V1": ["l"]}),
    "files": ({"there": {"text": "x"}},),
    "flags": (["RTLD_GLOBAL"],),
    "function": ("g",),
    "gdb": ({},),
    "handle": ("open", "next"),
    "hash-style": ("sysv", "both"),
    "headers": (["other.h"],),
    "id": ("C-1",),
    "in-place": (True,),
    "include": ([{"way": "third"}],),
    "includes": (["math.h"],),
    "inspect": ("k",),
    "language": ("c++", "assembly", "rust", "c"),
    "ld-debug": ({},),
    "ld-so-conf": (["l"], ["/there"]),
    "ldflags": (["-Wl,-Bsymbolic"],),
    "ldflags-first": (["-Wl,--copy-dt-needed-entries"],),
    "library": ("other",),
    "limits": ({"cpu": 5},),
    "link": ("elsewhere",),
    "main-program": (True,),
    "may-fail": (True,),
    "mode": ("0700", "06755"),
    "namespace": ("base",),
    "needs": (["l"],),
    "note": ("a note",),
    "object": ("k",),
    "observe": (["ld-debug"],),
    "outcome": ("b",),
    "outcomes": ({"c": {}},),
    "owner": (65533,),
    "path": ("other.so",),
    "pie": (False, True),
    "prebuilt": ("q.so",),
    "program": ({"cflags": ["-O2"]},),
    "matrix": ({"way": ["one", "other", "third"]},),
    "objects": ({"app": LIBRARY},),
    "question": ("Is it so?",),
    "quiet": (True,),
    "repeat": (2,),
    "reports": (["told"],),
    "retries": (1,),
    "rpath": (["/there"],),
    "run": ("${app} more",),
    "runpath": (["/there"],),
    "scenarios": ({"s": SCENARIOS["steps"]},),
    "says": ("It is not so.",),
    "sees": (["debian/sid"],),
    "show": (["exit"], ["soname"]),
    "soname": ("other.so",),
    "sources": (["other.c"],),
    "start": ("attach",),
    "std": ("c11", "c++20"),
    "stdin": ("text",),
    "steps": ([{"sleep": 2}],),
    "strace": ({},),
    "symbol": ("k",),
    "text": ("other",),
    "timeout": (3,),
    "times": (3,),
    "title": ("a title",),
    "to": ("elsewhere",),
    "tree": ("other",),
    "toolchain": ("debian/sid",),
    "type": ("long", "long (void)"),
    "until": ("failure",),
    "url": ("https://example.org",),
    "valgrind": ({},),
    "value": ("2",),
    "values": ({"v": "1"},),
    "version": ("V1",),
    "way": ("dlopen",),
    "when": ({"way": "one"},),
    "xfail": ("a defect",),
    "year": (2020,),
    "z": (["now"],),
}
INSTEAD: dict[tuple[str, str], str] = {  # of these one is written: the other goes
    **{("mappings", key): "object" for key in ("path", "at")},
    **{(verb, key): "object" for verb in ("load", "dlopen", "dlmopen") for key in ("path", "main-program")},
    ("copy", "path"): "object",
    ("a prebuilt tree", "archive"): "tree",
    **{("a prebuilt tree", key): "tree" for key in ("package", "nix", "flake")},
    ("loop", "at-most"): "times",
    **{("a file with a text", key): "text" for key in ("object", "link", "directory")},
}
SO_ANYWAY = {  # what the other keys of a place say already
    ("a library in C++", "language"): "c++",
    ("a library in Rust", "language"): "rust",
    ("an executable in Rust", "language"): "rust",
    ("an executable in Rust", "crate-type"): "bin",
}


@dataclass(frozen=True, eq=False)
class Place:
    """A part of an experiment whose keys are tried.

    Attributes:
        name: what kind of part it is.
        model: its type, whose fields are the keys.
        at: where it stands.
        whole: the experiment around it.
        keys: other keys than the model's fields.
    """

    name: str
    model: type[Model]
    at: At
    whole: Data
    keys: tuple[str, ...] = ()

    @property
    def part(self) -> Any:  # noqa: ANN401  # any part of the file
        return follow(self.whole, self.at)

    def names(self) -> tuple[str, ...]:
        return self.keys or tuple(one.alias or name for name, one in self.model.model_fields.items())


def follow(data: Any, path: At) -> Any:  # noqa: ANN401  # any part of the file
    for step in path:
        data = data[step]
    return data


def experiment(scenario: Data, **objects: Data) -> Data:
    return {
        "experiment": "x",
        "question": "Does every key have an effect?",
        "matrix": {"way": ["one", "other"]},
        "objects": {
            "l": LIBRARY,
            "k": {"library": "k", "code": "int k;\n"},
            "app": {"executable": "app", "code": "int main(void) { return 1; }\n"},
            **objects,
        },
        "scenarios": {"s": scenario},
    }


def in_steps(step: Data) -> Data:
    """A scenario around a step of any verb."""
    before = [{"dlopen": OPEN}, {"thread": {"as": "thread", "steps": [{"flush": True}]}}]
    after = [{"post": "signal"}] if "await" in step else [{"await": "signal"}] if "post" in step else []
    return {"steps": [*before, step, *after], **JUDGED}


def places() -> list[Place]:
    run = SCENARIOS["run"]
    found = [Place("the file", Experiment, (), experiment(run))]
    found += [Place("the matrix", Matrix, ("matrix",), experiment(run))]
    found += [Place(name, Object, ("objects", "x"), experiment(run, x=one)) for name, one in OBJECTS.items()]
    found += [
        Place(f"a {name} scenario", Scenario, ("scenarios", "s"), experiment(one)) for name, one in SCENARIOS.items()
    ]
    inside: At = ("objects", "x", "prebuilt")
    for name, one in (("a prebuilt tree", {"tree": "tree", "file": "p.so"}), ("a prebuilt file", {"file": "p.so"})):
        found.append(Place(name, Prebuilt, inside, experiment(run, x={"prebuilt": one})))
    here: At = ("scenarios", "s")
    program = {**SCENARIOS["steps"], "program": {}}
    found.append(Place("a program", Program, (*here, "program"), experiment(program)))
    for kind, file in (("text", {"text": "x"}), ("copy", {"object": "l", "mode": "04755", "owner": 65534})):
        name = f"a file with a {kind}"
        found.append(Place(name, LaidOutFile, (*here, "files", "f"), experiment({**run, "files": {"f": file}})))
    for name, key, model, part in (
        ("observe", "observe", observe_model(), {}),
        ("gdb", "observe", Gdb, {"gdb": {}}),
        ("a claim", "claim", Claim, {"says": "It is so.", "outcome": "a"}),
        ("an expectation", "expect", Expectation, {"outcome": "a"}),
    ):
        at = (*here, key, "gdb") if model is Gdb else (*here, key)
        found.append(Place(name, model, at, experiment({**run, key: part})))
    for verb, part in VERBS.items():
        whole = experiment(in_steps({verb: part}))
        step = (*here, "steps", 2)
        beside = tuple(key.replace("_", "-") for key in BESIDE)
        found.append(Place(f"beside {verb}", Step, step, whole, beside))
        holder = type_of(verb)
        if holder is not None:
            found.append(Place(verb, holder, (*step, verb), whole))
    return found


def type_of(verb: str) -> type[Model] | None:
    kind = Step.model_fields[{"await": "await_", "copy": "copy_"}.get(verb, verb)].annotation
    return next(
        (one for one in getattr(kind, "__args__", ()) if isinstance(one, type) and issubclass(one, Model)), None
    )


PLACES = places()


def tried_keys(place: Place) -> list[str]:
    return [key for key in place.names() if key not in TOLD.get(place.model, ()) and key not in DECLARED]


CASES = [pytest.param(place, key, id=f"{place.name}-{key}") for place in PLACES for key in tried_keys(place)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sources")
    for name, text in {
        "other.c": "int o;\n",
        "other.h": "",
        "x.cc": "int x;\n",
        "x.S": "nop\n",
        "r.rs": "fn main() {}\n",
        "p.so": "",
    }.items():
        (path / name).write_text(text)
    elf = Path("/bin/true").read_bytes()
    (path / "p.so").write_bytes(elf)
    (path / "q.so").write_bytes(elf + b"\0")
    for tree in ("tree", "other"):
        (path / tree).mkdir()
        (path / tree / "p.so").write_bytes(elf)
        (path / tree / "q.so").write_bytes(elf + b"\0")
        (path / tree / "told").write_text(tree)
    manifest = Manifest.of({name: Entry("file", "0") for name in ("p.so", "q.so")})
    package = PinnedPackage("", (), manifest, dict.fromkeys(manifest.entries, read(path / "p.so")))
    (path / "x.lock.json").write_text(written({("debian/sid", "p"): package}))
    stored = [StorePath(kind, kind[0], f"/nix/store/{'0' * 32}-{kind}", "0") for kind in ("nix", "flake")]
    locked = [LockedPath(each, manifest, package.objects) for each in stored]
    (path / "x.nix-lock.json").write_text(store_paths.written(locked))
    with zipfile.ZipFile(path / "other.zip", "w") as archive:
        archive.writestr("p.so", elf)
    return path


def digest(whole: Data, at: At, folder: Path) -> str | None:
    """The plan's digest; None where it is refused at a part of it."""
    text = json.dumps(whole, indent=1)
    try:
        return plan_of(text, folder, {name: stub(name, rustc="1.85") for name in ("host", "debian/sid")}).digest
    except ProblemsError as error:
        refused = error
    first = parse(text, "x").mark(at, key=True).line
    last = first + json.dumps(follow(whole, at), indent=1).count("\n")
    lines = [one.mark.line for one in refused.problems if one.mark]
    assert any(first <= line <= last for line in lines), f"refused elsewhere: {refused}"
    return None


def having(place: Place, key: str, value: Any) -> Data:  # noqa: ANN401  # any data
    whole = copy.deepcopy(place.whole)
    part = follow(whole, place.at)
    part.pop(INSTEAD.get((place.name, key)), None)
    part[key] = value
    return whole


@functools.cache
def effects(place: Place, key: str, folder: Path) -> tuple[str, ...]:
    """What each sample comes to: `changed`, `refused` or `dropped`; a value that is there already is none."""
    before = digest(place.whole, place.at, folder)
    assert before is not None, f"{place.name} itself is refused"
    so_anyway = (place.part.get(key), SO_ANYWAY.get((place.name, key)))
    samples = [value for value in SAMPLES[key] if value not in so_anyway]
    after = [digest(having(place, key, value), place.at, folder) for value in samples]
    return tuple("refused" if one is None else "dropped" if one == before else "changed" for one in after)


@pytest.mark.parametrize(("place", "key"), CASES)
def test_a_key_changes_the_plan_or_is_refused(place: Place, key: str, folder: Path) -> None:
    """Of several values one may be the default."""
    found = effects(place, key, folder)
    assert "changed" in found or "dropped" not in found


def test_every_key_has_an_effect_somewhere(folder: Path) -> None:
    """So that no sample is wrong in itself."""
    tried = [(place, key) for place in PLACES for key in tried_keys(place)]
    changing = {(place.model, key) for place, key in tried if "changed" in effects(place, key, folder)}
    assert {f"{place.model.__name__}.{key}" for place, key in tried if (place.model, key) not in changing} == set()


def test_a_verb_is_refused_where_it_does_nothing(folder: Path) -> None:
    place = next(one for one in PLACES if one.name == "beside flush")
    assert digest(having(place, "flush", False), place.at, folder) is None  # noqa: FBT003  # a key's value


def test_what_is_reported_may_be_spoken_of_and_nothing_else(folder: Path) -> None:
    spoken = experiment({"run": "${app}", "outcomes": {"a": {"told": 1}}})
    at: At = ("scenarios", "s")
    assert digest(spoken, at, folder) is None
    follow(spoken, at)["reports"] = ["told"]
    assert digest(spoken, at, folder) is not None


def test_every_verb_is_tried() -> None:
    assert set(VERBS) == set(VERB_WORDS)
