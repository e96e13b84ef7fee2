"""Real Nix over the host's toolchain: what it builds, what it says of failures, and what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from elfworlds.__main__ import main
from elfworlds.backends import Artifact, Failure
from elfworlds.backends.nix.holding import own_directory
from elfworlds.errors import BuildFailedError
from elfworlds.process import Pool
from elfworlds.workflow import backends
from elfworlds.workflow.screen import Silent
from elfworlds.workflow.session import Session
from nix_support import EXPERIMENTS, ROOT, bench, environment, needs_nix, written

pytestmark = needs_nix
SAME_LIB = ROOT / "experiments" / "same-lib.yaml"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This process as it would be on a fresh machine."""
    for name, value in environment(tmp_path / "cache").items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_both_backends_give_the_same_facts_and_outcomes(
    experiment: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["run", "--backend", "both", "--no-tables", "-o", str(here / "results"), str(experiment)])
    runs = sorted((here / "results" / experiment.stem).glob("2*"))
    found = [json.loads((run / "backends.json").read_text()) for run in runs]
    assert [one["findings"] for one in found] == [[], []]
    assert [json.loads((run / "environment.json").read_text())["backend"] for run in runs] == ["local", "nix"]
    verdicts = {json.loads(line)["verdict"] for run in runs for line in (run / "trials.jsonl").read_text().splitlines()}
    assert code == (5 if verdicts == {"UNSUPPORTED"} else 0)
    assert "local and nix: the same ELF facts and outcomes" in capsys.readouterr().out


def test_a_closure_is_exactly_the_objects(tmp_path: Path) -> None:
    with bench(SAME_LIB, tmp_path) as one:
        build = one.build()
        app, base, user = (build.artifacts[one.key(name)] for name in ("app-0", "base-0", "user-1"))
        assert set(one.nix_store("-qR", app.directory)) == {app.directory, base.directory}
        assert set(one.nix_store("-qR", user.directory)) == {
            user.directory,
            build.artifacts[one.key("base-1")].directory,
        }


def test_a_store_path_holds_the_object_and_nothing_else(tmp_path: Path) -> None:
    with bench(SAME_LIB, tmp_path) as one:
        for artifact in one.build().artifacts.values():
            assert [path.name for path in Path(artifact.directory).iterdir()] == [artifact.filename]


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_runpaths_are_the_needed_objects_and_nothing_else(experiment: Path, tmp_path: Path) -> None:
    """Of objects whose run path no command changes after they were linked."""
    with bench(experiment, tmp_path) as one:
        build = one.build()
        for key, artifact in build.artifacts.items():
            request = one.plan.requests[key]
            if any(command[0] == "patchelf" for command in request.after):
                continue
            said = [request.argv[at + 2] for at, word in enumerate(request.argv) if word == "-rpath"]
            expected = tuple(build.realise(entry) for entry in said) or None
            assert expected in (artifact.facts.runpath, artifact.facts.rpath)
            assert None in (artifact.facts.runpath, artifact.facts.rpath)


def test_every_object_is_reported_once_and_then_found_again(tmp_path: Path) -> None:
    with bench(SAME_LIB, tmp_path) as one:
        first = one.build()
        assert sorted(request.key for request, _ in one.reported) == sorted(first.artifacts)
        second = one.build()
        assert all(artifact.reused for artifact in second.artifacts.values())
        assert [one.facts for one in second.artifacts.values()] == [one.facts for one in first.artifacts.values()]


def test_warnings_are_kept_even_where_the_memory_of_them_is_lost(tmp_path: Path) -> None:
    code = f"int f(void) {{ int unused = {os.getpid()}; return 2; }}\n"
    file = written(tmp_path, "warned", {"w": {"library": "w", "code": code, "cflags": ["-Wall"]}}, "${w}")
    outputs = []
    for cache in ("one", "two"):
        with bench(file, tmp_path / cache) as one:
            outputs.append(one.build().artifacts[one.key("w")].output)
    assert "warning: unused variable 'unused' [-Wunused-variable]" in outputs[0]
    assert outputs[0] == outputs[1]


def test_one_error_in_twenty_objects_leaves_nineteen(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    objects = {
        f"o-{number}": {"library": f"o{number}", "code": f"int f(void) {{ return {number}; }}\n"}
        for number in range(20)
    }
    objects["o-7"]["code"] = "int f(void) { return nothing; }\n"
    file = written(here, "twenty", objects, "${o-1}")
    assert main(["build", "--backend", "nix", "-k", str(file)]) == 6
    told = capsys.readouterr().out
    assert "object o-7 failed to build" in told
    assert "o7.c:1:22: error: 'nothing' undeclared (first use in this function)" in told
    assert (
        sum(line.endswith(f"libo{number}.so") for number in range(20) for line in told.splitlines() if " /nix/" in line)
        == 19
    )
    assert ", 1 failed" in told


def test_what_needs_a_failed_object_says_so_and_nothing_more(tmp_path: Path) -> None:
    objects = {
        "bad": {"library": "bad", "code": "int f(void) { return nothing; }\n"},
        "above": {"executable": "above", "code": "int main(void) { return 0; }\n", "needs": ["bad"]},
    }
    with bench(written(tmp_path, "above", objects, "${above}"), tmp_path) as one:
        failures = one.build(keep_going=True).failures
        assert failures[one.key("above")] == Failure(
            key=one.key("above"), command="", output="", missing=(one.key("bad"),)
        )
        assert failures[one.key("bad")].command.startswith("cc -std=gnu17")


def test_a_failure_says_the_same_as_with_the_local_store(tmp_path: Path) -> None:
    file = written(tmp_path, "bad", {"bad": {"library": "bad", "code": "int f(void) { return nothing; }\n"}}, "${bad}")
    found = []
    for backend in ("local", "nix"):
        with bench(file, tmp_path, backend) as one:
            failure = one.build().failures[one.key("bad")]
            found.append((failure.command, failure.output.rstrip("\n")))
    assert found[0] == found[1]


def test_a_command_that_makes_no_object_is_a_failure(tmp_path: Path) -> None:
    objects = {"none": {"library": "none", "code": "int f(void) { return 1; }\n", "cflags": ["-fsyntax-only"]}}
    with bench(written(tmp_path, "none", objects, "${none}"), tmp_path) as one:
        assert "No such file" in one.build().failures[one.key("none")].output


def test_words_reach_the_compiler_as_they_are(tmp_path: Path) -> None:
    objects = {
        "odd": {
            "library": "odd",
            "code": "const char *text = TEXT;\n",
            "defines": {"TEXT": '"it\'s $HOME `id` \\\\ * @out @x@ %s"'},
        }
    }
    file = written(tmp_path, "odd", objects, "${odd}")
    digests = []
    for backend in ("local", "nix"):
        with bench(file, tmp_path, backend) as one:
            digests.append(one.build().artifacts[one.key("odd")].sha256)
    assert digests[0] == digests[1]


@pytest.mark.parametrize("backend", ["local", "nix"])
def test_verify_records_what_is_identical_and_what_is_not(
    backend: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "int f(void) { return 1; }\n"
    objects = {
        "same": {"library": "same", "code": code},
        "other": {"library": "other", "code": code, "ldflags": ["-Wl,--build-id=uuid"]},
    }
    file = written(here, "twice", objects, "${same}")
    assert main(["build", "--verify", "--backend", backend, str(file)]) == 1
    lines = (here / "results" / "twice" / f"verified-{backend}.jsonl").read_text().splitlines()
    assert {one["object"]: one["identical"] for one in map(json.loads, lines)} == {"same": True, "other": False}
    told = capsys.readouterr().out
    assert "object other: not identical when made twice" in told
    assert "made twice: 1 of 2 objects identical" in told


@pytest.mark.usefixtures("here")
def test_verify_finds_the_objects_of_same_lib_identical() -> None:
    results = ROOT / "results" / "same-lib" / "verified-nix.jsonl"
    assert main(["build", "--verify", "--backend", "nix", str(SAME_LIB)]) == 0
    assert all(json.loads(line)["identical"] for line in results.read_text().splitlines())


def test_a_compiler_that_builds_cannot_see_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "cc"
    elsewhere.write_text('#!/bin/sh\nexec /usr/bin/gcc "$@"\n')
    elsewhere.chmod(0o755)
    with (
        bench(SAME_LIB, tmp_path, CC=str(elsewhere)) as one,
        pytest.raises(BuildFailedError, match="not where a Nix build sees it"),
    ):
        one.build()


def test_a_package_set_of_its_own_compiler_is_used(tmp_path: Path) -> None:
    """A set in nixpkgs' form: its compiler is a store path, whose identity is then the toolchain's."""
    with bench(SAME_LIB, tmp_path, ELFWORLDS_NIX_PACKAGES=str(ROOT / "tests" / "data" / "nix" / "own-compiler")) as one:
        assert one.toolchains["host"].tools["cc"][0].startswith("/nix/store/")
        build = one.build()
        assert not build.failures
        assert all(isinstance(made, Artifact) for made in build.artifacts.values())


def test_nix_too_old_for_its_package_set_is_said(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "default.nix").write_text('_: abort "This version of Nixpkgs requires Nix >= 999, please upgrade"\n')
    with (
        pytest.raises(BuildFailedError, match="too old"),
        bench(SAME_LIB, tmp_path, ELFWORLDS_NIX_PACKAGES=str(packages)),
    ):
        pass


def test_a_store_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with (
        bench(SAME_LIB, tmp_path, NIX_STATE_DIR="/proc/nix", NIX_REMOTE="local") as one,
        pytest.raises(BuildFailedError) as error,
    ):
        one.build()
    assert error.value.hint


def test_no_package_set_and_no_nix_are_said(tmp_path: Path) -> None:
    with Pool() as pool:
        with pytest.raises(BuildFailedError, match="no package set in /nowhere"):
            backends.ready("nix", Session(pool, environment(tmp_path, ELFWORLDS_NIX_PACKAGES="/nowhere"), Silent(), 1))
        with pytest.raises(BuildFailedError, match="no Nix") as error:
            backends.ready("nix", Session(pool, {"PATH": str(tmp_path)}, Silent(), jobs=1))
    assert "--backend local" in str(error.value.hint)


def test_a_prebuilt_file_and_a_question_about_the_compiler_have_one_answer(here: Path) -> None:
    """What is copied keeps every byte; a build that fails as its scenario says is an outcome, with its exit status."""
    with bench(SAME_LIB, here / "cache", "local") as one:
        made = one.build().artifacts[one.key("base-0")]
    (here / "libbase.so").write_bytes(Path(made.path).read_bytes())
    data = {
        "experiment": "asked",
        "question": "Does it compile?",
        "objects": {
            "taken": {"prebuilt": "libbase.so"},
            "bad": {"library": "bad", "code": "int f(void) { return nothing; }\n"},
        },
        "scenarios": {
            "it-does-not": {
                "build": "bad",
                "outcomes": {"refused": {"exit": 1, "output": {"contains": "'nothing' undeclared"}}},
                "expect": [{"outcome": "refused"}],
            },
            "it-is-read": {
                "inspect": "taken",
                "outcomes": {"base": {"soname": "libbase.so"}},
                "expect": [{"outcome": "base"}],
            },
        },
    }
    (here / "asked.yaml").write_text(json.dumps(data))
    assert main(["run", "--backend", "both", "--no-tables", "-o", str(here / "results"), str(here / "asked.yaml")]) == 0
    for run in (here / "results" / "asked").glob("2*"):
        assert json.loads((run / "backends.json").read_text())["findings"] == []
        (taken,) = (line for line in (run / "objects.jsonl").read_text().splitlines() if '"taken"' in line)
        assert json.loads(taken)["sha256"] == made.sha256


def test_no_garbage_collection_takes_what_a_run_uses(here: Path) -> None:
    """Each object has a root while the runner lives, and none that outlives it."""
    with bench(SAME_LIB, here / "cache") as one:
        outs = [made.directory for made in one.build().artifacts.values()]
        held = here / "cache" / "elfworlds" / "nix" / "held"
        for out in outs:
            assert any(str(held) in root for root in one.nix_store("--query", "--roots", out))
        script = (
            "import sys; from pathlib import Path; from elfworlds.backends.nix.holding import own_directory\n"
            "own_directory(Path(sys.argv[1])); print(len(list(Path(sys.argv[1]).glob('*/'))))\n"
        )
        done = subprocess.run([sys.executable, "-c", script, held], check=True, capture_output=True, text=True)
        assert done.stdout.split()[-1] == "2"  # this process' own, which lives, and the other's
        assert len(list(held.glob("*/"))) == 1


def test_roots_that_a_killed_runner_left_are_removed(tmp_path: Path) -> None:
    (tmp_path / "left").mkdir()
    (tmp_path / "left" / "lock").touch()
    own_directory(tmp_path)
    assert not (tmp_path / "left").exists()
