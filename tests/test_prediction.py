"""What `resolve` predicts of every needed name is what ld.so opens: RPATH, RUNPATH, LD_LIBRARY_PATH, $ORIGIN."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import elves
from elfworlds import resolve
from elfworlds.observers.types import Watched
from elfworlds.records import traced
from elfworlds.search_prediction import DLOPEN, LD_PRELOAD, Prediction, predict
from elfworlds.toolchains import Toolchain
from elfworlds.traces.lddebug import parse
from elfworlds.traces.ldtrace import LoaderTrace
from elfworlds.trials.searching import Searching, facts_of
from waiting import TIMES

PROGRAM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
int main(int argc, char **argv)
{
	void *last = 0;
	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "dlopen"))
			last = dlopen(argv[i + 1], RTLD_NOW);
		else if (!strcmp(argv[i], "dlmopen"))
			last = dlmopen(LM_ID_NEWLM, argv[i + 1], RTLD_NOW);
		else if (!strcmp(argv[i], "dlmopen-base"))
			last = dlmopen(LM_ID_BASE, argv[i + 1], RTLD_NOW);
		else if (!strcmp(argv[i], "noload"))
			last = dlopen(argv[i + 1], RTLD_NOW | RTLD_NOLOAD);
		else if (!strcmp(argv[i], "dlclose") && last)
			dlclose(last);
	}
	return 0;
}
"""
Tag = tuple[str, tuple[str, ...]]
NONE: Tag = ("none", ())


@dataclass
class Stage:
    """A directory with an application and a middle library, which are linked anew only where they differ."""

    root: Path
    toolchain: Toolchain
    built: dict[tuple[object, ...], Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.root / "stubs").mkdir()
        (self.root / "app.c").write_text(PROGRAM)
        for name in ("leaf", "middle"):
            (self.root / f"{name}.c").write_text(f"int {name};\n")
            self.cc("-shared", "-fPIC", "-o", f"stubs/lib{name}.so", f"{name}.c")

    def cc(self, *words: str) -> None:
        subprocess.run([*self.toolchain.tool("cc"), *words], cwd=self.root, check=True, env=dict(self.toolchain.env))

    def link(self, source: str, tag: Tag, needs: Sequence[str], *flags: str) -> Path:
        """The file; its DT_NEEDED are `needs` and libc's."""
        key = (source, tag, tuple(needs), flags)
        if key not in self.built:
            kind, entries = tag
            file = self.root / f"built-{len(self.built)}"
            new = "--enable-new-dtags" if kind == "runpath" else "--disable-new-dtags"
            path = [f"-Wl,{new},-rpath,{':'.join(entries)}"] if kind != "none" else []
            libraries = [f"-l{one}" for one in needs]
            self.cc("-o", file.name, source, "-Wl,--no-as-needed", "-Lstubs", *libraries, "-ldl", *path, *flags)
            self.built[key] = file
        return self.built[key]

    def app(self, tag: Tag = NONE, needs: Sequence[str] = (), *flags: str) -> Path:
        return self.put(self.link("app.c", tag, needs, *flags), "app/app")

    def middle(self, tag: Tag = NONE, needs: Sequence[str] = ("leaf",), to: str = "mid", soname: str = "") -> Path:
        flags = ("-shared", "-fPIC", *([f"-Wl,-soname,{soname}"] if soname else []))
        return self.put(self.link("middle.c", tag, needs, *flags), f"{to}/libmiddle.so")

    def leaves(self, directories: Sequence[str]) -> None:
        for one in directories:
            self.put(self.root / "stubs/libleaf.so", f"{one}/libleaf.so")

    def put(self, file: Path, to: str) -> Path:
        target = self.root / "stage" / to
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
        return target

    def clear(self) -> None:
        shutil.rmtree(self.root / "stage", ignore_errors=True)
        for one in ("one", "two", "mid", "app"):
            (self.root / "stage" / one).mkdir(parents=True)

    def asked(
        self, *words: str, library_path: Sequence[str] = (), **env: str
    ) -> tuple[LoaderTrace, tuple[Prediction, ...]]:
        """What ld.so does when the application runs in directory `one`, and what was predicted."""
        log = self.root / "stage" / "log"
        value = ":".join(library_path)
        told = {"LD_DEBUG": "files,libs", "LD_DEBUG_OUTPUT": str(log), "LD_LIBRARY_PATH": value}
        app = self.root / "stage/app/app"
        subprocess.run([app, *words], env={**env, **told}, cwd=app.parents[1] / "one", check=False, capture_output=True)
        (found,) = log.parent.glob("log.*")
        trace = parse(found.read_text())
        found.unlink()
        return trace, predict(trace, self.world(value))

    def world(self, value: str) -> resolve.Surroundings:
        seen = Watched(
            argv=(str(self.root / "stage/app/app"),),
            env={"LD_LIBRARY_PATH": value},
            stdin=b"",
            cwd=str(self.root / "stage" / "one"),
            timeout=20,
            capture="pipe",
            cpus=None,
            settings={},
            leaves="",
        )
        return Searching(seen, self.toolchain, facts_of).world()._replace(settled=lambda _path: True)


@pytest.fixture(scope="module")
def made(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("stage"), toolchain)


@pytest.fixture
def stage(made: Stage) -> Stage:
    made.clear()
    return made


def compared(trace: LoaderTrace, predictions: tuple[Prediction, ...]) -> tuple[Prediction, ...]:
    """The predictions, none of which the loader contradicts, and none of whose searches was left out."""
    assert [one for one in predictions if not one.agrees] == []
    searched = [one.search for one in predictions if one.search]
    assert searched == [one for one in trace.searches if one.needed_by or "/" not in one.name]
    return predictions


def edges(predictions: tuple[Prediction, ...]) -> dict[tuple[int, str], tuple[str | None, str | None]]:
    """Namespace and name → the rule, and the directory where the file lies; the first of each."""
    return {
        (one.lmid, one.name): (one.rule, one.predicted and Path(os.path.realpath(one.predicted)).parent.name)
        for one in reversed(predictions)
    }


def tags(directory: str) -> Iterator[Tag]:
    yield NONE
    yield "rpath", (directory,)
    yield "runpath", (directory,)


def test_every_combination_of_the_claim_is_as_the_loader_has_it(stage: Stage) -> None:
    """A tag on the application, one on the middle library, the environment, and how the middle library comes."""
    found = set()
    mid = stage.root / "stage" / "mid"
    ways = (("needed", ("middle",), ()), ("both", ("leaf", "middle"), ()), ("opened", (), ("dlopen", "libmiddle.so")))
    for first, second, env, (_, needs, words) in product(
        tags("$ORIGIN/../one"), tags("$ORIGIN/../two"), ([], [str(mid)]), ways
    ):
        stage.clear()
        stage.app((first[0], (*first[1], str(mid)) if first[1] else ()), needs)
        stage.middle(second)
        stage.leaves(["one", "two", "mid"])
        predictions = compared(*stage.asked(*words, library_path=env))
        found |= {(one.name, one.rule) for one in predictions}
    for rule in ("rpath", "LD_LIBRARY_PATH", "runpath"):
        assert ("libleaf.so", rule) in found
    assert ("libmiddle.so", None) in found


PLACES = ("one", "two", "mid", "app")
ENTRIES = st.lists(
    st.sampled_from(
        ["", "$ORIGIN", "${ORIGIN}/../one", "$ORIGIN/../two/", "$ORIGIN/../mid", "@/one", "@/two", "@/mid"]
    ),
    min_size=1,
    max_size=3,
)
TAGS = st.tuples(st.sampled_from(["none", "rpath", "runpath"]), ENTRIES)
WORDS = st.lists(
    st.tuples(
        st.sampled_from(["dlopen", "dlmopen", "dlclose"]),
        st.sampled_from(
            ["libmiddle.so", "@/mid/libmiddle.so", "@/two/libmiddle.so", "libleaf.so", "../mid/libmiddle.so"]
        ),
    ),
    max_size=4,
)


@settings(max_examples=150 * TIMES)
@given(
    app=TAGS,
    middle=TAGS,
    needs=st.sampled_from([(), ("middle",), ("middle", "leaf"), ("leaf", "middle")]),
    env=st.one_of(st.just([]), ENTRIES),
    leaves=st.lists(st.sampled_from(PLACES), unique=True),
    middles=st.lists(st.sampled_from(PLACES), unique=True, min_size=1),
    words=WORDS,
)
def test_any_combination_is_as_the_loader_has_it(  # noqa: PLR0913, PLR0917
    app: tuple[str, list[str]],
    middle: tuple[str, list[str]],
    needs: tuple[str, ...],
    env: list[str],
    leaves: list[str],
    middles: list[str],
    words: list[tuple[str, str]],
    stage: Stage,
) -> None:
    def real(texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(one.replace("@", str(stage.root / "stage")) for one in texts)

    stage.clear()
    stage.app((app[0], real(app[1]) if app[0] != "none" else ()), needs)
    for place in middles:
        stage.middle((middle[0], real(middle[1]) if middle[0] != "none" else ()), to=place)
    stage.leaves(leaves)
    compared(*stage.asked(*real([word for pair in words for word in pair]), library_path=real(env)))


def test_an_object_of_one_namespace_does_not_serve_another(stage: Stage) -> None:
    stage.app(("rpath", ("$ORIGIN/../one", "$ORIGIN/../mid")), ["middle"])
    stage.middle()
    stage.leaves(["one"])
    predictions = compared(*stage.asked("dlmopen", "libmiddle.so"))
    assert edges(predictions)[0, "libleaf.so"] == ("rpath", "one")
    assert edges(predictions)[1, "libleaf.so"] == ("rpath", "one")
    served = {(one.lmid, one.rule) for one in predictions if one.name == "ld-linux-x86-64.so.2"}
    assert served in ({(0, "loaded"), (1, "ld.so.cache")}, set()) or len(served) == 2


def test_the_rpath_of_the_application_serves_a_namespace_that_was_opened_by_path(stage: Stage) -> None:
    """dlmopen of a path has no caller for glibc, so the chain of loaders does not lead to the application."""
    stage.app(("rpath", ("$ORIGIN/../one",)))
    stage.leaves(["one"])
    predictions = compared(*stage.asked("dlmopen", str(stage.middle())))
    assert edges(predictions)[1, "libleaf.so"] == ("rpath", "one")


def test_origin_in_the_environment_is_the_applications(stage: Stage) -> None:
    stage.app(NONE, ["middle"])
    stage.middle()
    stage.leaves(["app", "mid"])
    predictions = compared(*stage.asked(library_path=["$ORIGIN/../mid", "$ORIGIN"]))
    assert edges(predictions)[0, "libleaf.so"] == ("LD_LIBRARY_PATH", "mid")


def test_an_application_behind_a_symbolic_link_has_its_real_origin(stage: Stage) -> None:
    app = stage.app(("runpath", ("$ORIGIN",)), ["leaf"])
    app.rename(app.parents[1] / "two" / "real")
    app.symlink_to("../two/real")
    stage.leaves(["two"])
    assert edges(compared(*stage.asked()))[0, "libleaf.so"] == ("runpath", "two")


def test_an_empty_runpath_still_hides_every_rpath_and_names_no_directory(stage: Stage) -> None:
    stage.app(("rpath", ("$ORIGIN/../two", "$ORIGIN/../mid")), ["middle"])
    middle = stage.middle(("runpath", ("/x",)))
    data = middle.read_bytes()
    assert data.count(b"\0/x\0") == 1
    middle.write_bytes(data.replace(b"\0/x\0", b"\0\0\0\0"))
    stage.leaves(["one", "two"])  # one is the directory where the program runs
    assert edges(compared(*stage.asked()))[0, "libleaf.so"] == (None, None)


def test_a_file_that_two_paths_lead_to_is_mapped_once(stage: Stage) -> None:
    stage.app(("rpath", ("$ORIGIN/../mid",)), ["middle"])
    middle = stage.middle()
    stage.leaves(["mid"])
    os.link(middle, middle.with_name("libhard.so"))
    (middle.parent / "libsoft.so").symlink_to("libmiddle.so")
    trace, predictions = stage.asked("dlopen", "libhard.so", "dlopen", "libsoft.so", "dlopen", "libsoft.so")
    opened = [one for one in compared(trace, predictions) if one.cause == DLOPEN]
    assert [(one.name, one.rule) for one in opened] == [("libhard.so", "rpath"), ("libsoft.so", "rpath")]
    assert len([one for one in trace.link_maps if "/mid/" in one.path]) == 2


def test_a_soname_serves_under_a_file_name_of_its_own(stage: Stage) -> None:
    stage.app(("rpath", ("$ORIGIN/../mid", "$ORIGIN/../one")), ["middle", "leaf"])
    stage.middle(needs=(), soname="libleaf.so")
    stage.leaves(["one"])
    assert edges(compared(*stage.asked()))[0, "libleaf.so"] == ("loaded", "mid")


def test_a_needed_name_may_hold_origin(stage: Stage) -> None:
    """The link editor copies the soname of what it links with, `$` and slashes included."""
    stub = stage.middle(needs=(), to="two", soname="$ORIGIN/../mid/libmiddle.so")
    stage.cc("-o", "stage/app/app", "app.c", "-Wl,--no-as-needed", str(stub), "-ldl")
    stage.middle(needs=())
    predictions = compared(*stage.asked())
    assert [one.rule for one in predictions if one.name.endswith("/../mid/libmiddle.so")] == ["path"]


def test_a_file_of_another_machine_is_passed_over(stage: Stage) -> None:
    stage.app(("rpath", ("$ORIGIN/../one", "$ORIGIN/../two")), ["leaf"])
    stage.leaves(["one", "two"])
    foreign = stage.root / "stage/one/libleaf.so"
    data = bytearray(foreign.read_bytes())
    data[18:20] = (8).to_bytes(2, "little")  # e_machine: EM_MIPS
    foreign.write_bytes(data)
    assert edges(compared(*stage.asked()))[0, "libleaf.so"] == ("rpath", "two")


def test_no_default_path_serves_an_object_that_wants_none(stage: Stage) -> None:
    stage.app(NONE, [], "-Wl,-z,nodefaultlib")
    assert edges(compared(*stage.asked()))[0, "libc.so.6"] == (None, None)


def test_a_preloaded_object_is_no_needed_one(stage: Stage) -> None:
    stage.app(("runpath", ("$ORIGIN/../mid",)), ["middle"])
    stage.middle(("runpath", ("$ORIGIN/../two",)))
    stage.leaves(["two"])
    other = stage.put(stage.root / "stubs/libleaf.so", "one/libother.so")
    trace, predictions = stage.asked(library_path=[str(other.parent)], LD_PRELOAD="libother.so")
    (preloaded,) = [one for one in compared(trace, predictions) if one.cause == LD_PRELOAD]
    assert (preloaded.name, preloaded.rule) == ("libother.so", "LD_LIBRARY_PATH")
    maps = {one.name: one for one in traced.link_maps(trace, predictions, {}, {})}
    app = str(stage.root / "stage/app/app")
    assert maps["libother.so"].needed_by is None
    assert maps["libmiddle.so"].needed_by == app


def test_what_is_opened_by_path_in_the_base_namespace_is_no_new_program(stage: Stage) -> None:
    """dlmopen of a path is not announced, and so looks like the program that ld.so is told to run."""
    stage.app(("rpath", ("$ORIGIN/../one",)))
    stage.leaves(["one"])
    middle = str(stage.middle())
    trace, predictions = stage.asked("dlmopen-base", middle, "dlclose", "x", "dlmopen-base", middle)
    names = [one.name for one in compared(trace, predictions) if one.lmid == 0]
    assert names.count("libc.so.6") == 3  # the application, and the object twice
    assert [one.path for one in trace.link_maps if one.lmid == 0].count(str(stage.root / "stage/app/app")) == 1


def test_a_dlopen_that_ends_at_a_linker_script_found_nothing(stage: Stage) -> None:
    stage.app(("rpath", ("$ORIGIN/../two", "$ORIGIN/../mid")))
    stage.middle(needs=())
    (stage.root / "stage/two/libmiddle.so").write_text("GROUP ( libmiddle.so.1 )\n" * 9)
    (opened,) = [one for one in compared(*stage.asked("dlopen", "libmiddle.so")) if one.cause == DLOPEN]
    assert (opened.predicted, opened.found) == (None, None)


def test_a_file_that_was_not_to_be_loaded_was_found(stage: Stage) -> None:
    stage.app(("rpath", ("$ORIGIN/../mid",)))
    stage.middle(needs=())
    (asked,) = [one for one in compared(*stage.asked("noload", "libmiddle.so")) if one.cause == DLOPEN]
    assert asked.found == asked.predicted == str(stage.root / "stage/app/../mid/libmiddle.so")


@pytest.mark.parametrize("there", [True, False], ids=["there", "nowhere"])
def test_an_auxiliary_object_is_predicted_and_may_be_nowhere(stage: Stage, *, there: bool) -> None:
    stage.app(("runpath", ("$ORIGIN/../mid",)), ["middle"])
    lib = stage.root / "stage" / "mid"
    filters = [(elves.DT_AUXILIARY, "libaux.so"), (elves.DT_AUXILIARY, f"{lib}/libpath.so")]
    elves.make(lib / "libmiddle.so", ["libleaf.so"], runpath="$ORIGIN", filters=filters)
    elves.make(lib / "libleaf.so")
    if there:
        elves.make(lib / "libaux.so", ["libleaf.so"], runpath="$ORIGIN")
        elves.make(lib / "libpath.so")
    trace, predictions = stage.asked()
    found = {one.name: one.found for one in compared(trace, predictions) if one.cause == "DT_AUXILIARY"}
    paths = [f"{lib}/libaux.so", f"{lib}/libpath.so"] if there else [None, None]
    wanted = {"libaux.so": paths[0], f"{lib}/libpath.so": paths[1]}
    real = {name: path and os.path.realpath(path) for name, path in found.items()}
    assert real == {name: path and os.path.realpath(path) for name, path in wanted.items()}
    assert [one.found for one in trace.searches if one.name == f"{lib}/libpath.so"] == [paths[1]]


@pytest.mark.parametrize("name", ["/nowhere/libno.so", "libno-such.so", "./libno.so"])
def test_what_could_not_be_preloaded_was_not_found(stage: Stage, name: str) -> None:
    stage.app()
    trace, predictions = stage.asked(LD_PRELOAD=name)
    (preloaded,) = [one for one in compared(trace, predictions) if one.cause == LD_PRELOAD]
    assert (preloaded.found, preloaded.predicted) == (None, None)
    assert [one.found for one in trace.searches if one.name == name] == [None]


def test_a_preloaded_path_that_is_mapped_already_was_found(stage: Stage) -> None:
    stage.app()
    leaf = stage.put(stage.root / "stubs/libleaf.so", "one/libleaf.so")
    (leaf.parent / "libsame.so").symlink_to("libleaf.so")
    _, predictions = stage.asked(LD_PRELOAD=f"{leaf}:{leaf.parent}/libsame.so")
    found = [one.found for one in predictions if one.cause == LD_PRELOAD]
    assert found == [str(leaf), f"{leaf.parent}/libsame.so"]


def test_a_wrong_prediction_is_told(stage: Stage) -> None:
    """With another environment than the program's, the rules must come to something else."""
    stage.app(NONE, ["leaf"])
    stage.leaves(["one"])
    here = str(stage.root / "stage" / "one")
    trace, predictions = stage.asked(library_path=[here])
    wrong = predict(trace, stage.world(""))
    assert [one.name for one in wrong if not one.agrees] == ["libleaf.so"]
    assert [one.name for one in predictions if not one.agrees] == []
    searches = traced.searches(trace, wrong)
    assert [(one.name, one.predicted, one.found) for one in searches if not one.agrees] == [
        ("libleaf.so", None, f"{here}/libleaf.so")
    ]


def test_the_rows_name_objects_and_number_processes(stage: Stage) -> None:
    app = stage.app(("runpath", ("$ORIGIN/../mid",)), ["middle"])
    stage.middle(needs=())
    trace, predictions = stage.asked("dlmopen", "libmiddle.so")
    first, *others = traced.link_maps(trace, predictions, {str(app): "app-0"}, {})
    assert (first.pid, first.object, first.position, first.base) == (0, "app-0", 0, None)
    assert {one.lmid for one in others if one.name == "libmiddle.so"} == {0, 1}
    assert all((one.base or "").startswith("0x") for one in others if one.name == "libmiddle.so")
    assert {one.agrees for one in traced.searches(trace, predictions)} == {True}
