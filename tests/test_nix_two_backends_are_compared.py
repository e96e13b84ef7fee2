"""The comparison of two backends, and which one a word and the environment choose."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds.backends import Build, compare
from elfworlds.gather.backends import trials
from elfworlds.outcome import Verdict
from nix_support import ROOT, bench
from recording import trial
from rooting import CC

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("local", "nix")
TRIAL = trial(1, trial="t", outcome="isolated", expected="isolated", verdict="PASS")


def moved(build: Build) -> Build:
    """The same build in another store."""
    places = {one.directory: f"/elsewhere/{one.key}" for one in build.artifacts.values()}
    made = {}
    for key, one in build.artifacts.items():
        runpath = one.facts.runpath and tuple(places[entry] for entry in one.facts.runpath)
        facts = one.facts._replace(runpath=runpath, build_id="0" * 40 if runpath else one.facts.build_id)
        made[key] = replace(one, directory=places[one.directory], facts=facts)
    return Build(made, {})


def test_where_the_store_is_makes_no_difference_and_anything_else_does(tmp_path: Path) -> None:
    with bench(ROOT / "experiments" / "same-lib.yaml", tmp_path, "local") as here:
        build = here.build()
        assert list(compare.builds(here.plan, NAMES, (build, moved(build)))) == []
        key = here.key("user-1")
        other = moved(build)
        changed = replace(other.artifacts[key], facts=other.artifacts[key].facts._replace(needed=("libc.so.6",)))
        found = list(compare.builds(here.plan, NAMES, (build, Build({**other.artifacts, key: changed}, {}))))
        assert found == [
            "object user-1: needed is ['libbase.so', 'libc.so.6'] by local, ['libc.so.6'] by nix",
        ]
        lacking = Build({one: artifact for one, artifact in other.artifacts.items() if one != key}, {})
        assert list(compare.builds(here.plan, NAMES, (build, lacking))) == [
            "object user-1: nix could not make it, local could"
        ]


def test_objects_without_paths_in_them_have_the_same_bytes_or_differ(tmp_path: Path) -> None:
    with bench(ROOT / "experiments" / "same-lib.yaml", tmp_path, "local") as here:
        build = here.build()
        key = here.key("base-0")
        changed = Build({**build.artifacts, key: replace(build.artifacts[key], sha256="0" * 64)}, {})
        (finding,) = compare.builds(here.plan, NAMES, (build, changed))
        assert finding.startswith("object base-0: sha256 is ")


def test_files_of_a_libc_differ_in_facts_or_in_bytes_alone(tmp_path: Path) -> None:
    made: dict[str, Path] = {}
    for name, word in (("one", "-g0"), ("same", "-g0"), ("other", "-Wl,-soname,other.so"), ("text", "-E")):
        made[name] = tmp_path / name
        subprocess.run([CC, "-shared", word, "-o", made[name], "-x", "c", "/dev/null"], check=True)
    made["longer"] = tmp_path / "longer"
    made["longer"].write_bytes(made["one"].read_bytes() + b"x")

    def found(there: str) -> list[str]:
        return list(compare.files("glibc/x", NAMES, ({"a.so": made["one"]}, {"a.so": made[there]})))

    assert found("same") == []
    assert found("longer") == ["glibc/x: a.so of local and of nix have the same ELF facts and other bytes"]
    assert found("other")[0].startswith("glibc/x: a.so of local and of nix differ in soname")
    assert "differ in " in found("text")[0]
    assert list(compare.files("glibc/x", NAMES, ({}, {"a.so": made["one"]}))) == ["glibc/x: nix alone has a.so"]


def test_a_trial_with_another_outcome_is_a_finding() -> None:
    other = replace(TRIAL, outcome="crash", exit=None, signal="SIGSEGV", verdict=Verdict.FAIL)
    assert list(trials(NAMES, [TRIAL], [TRIAL])) == []
    assert list(trials(NAMES, [TRIAL], [other])) == [
        "trial t: outcome is isolated with objects by local, crash by nix",
        "trial t: exit is 0 with objects by local, None by nix",
        "trial t: signal is None with objects by local, SIGSEGV by nix",
    ]
    assert list(trials(NAMES, [TRIAL], [])) == ["trial t: tried with local only"]
    assert list(trials(NAMES, [], [TRIAL])) == ["trial t: tried with nix only"]


def test_a_race_whose_every_outcome_is_expected_is_no_finding() -> None:
    one, other = (replace(TRIAL, outcome=outcome, expected="first | second") for outcome in ("first", "second"))
    again = replace(other, trial="t,repeat=2")
    assert list(trials(NAMES, [one, again], [other, again])) == []
    third = replace(one, outcome="third", verdict=Verdict.FAIL)
    assert list(trials(NAMES, [one, again], [third, again])) == [
        "trial t: outcome is first with objects by local, third by nix",
    ]


def test_nothing_is_a_race_whose_repetitions_agreed() -> None:
    one, other = (replace(TRIAL, outcome=outcome, expected="first | second") for outcome in ("first", "second"))
    assert list(trials(NAMES, [one], [other])) == [
        "trial t: outcome is first with objects by local, second by nix",
    ]


def test_what_one_backend_could_not_try_has_no_outcome_to_compare() -> None:
    untried = replace(TRIAL, outcome="unresolved", exit=None, verdict=Verdict.UNRESOLVED)
    assert list(trials(NAMES, [TRIAL], [untried])) == ["trial t: tried with local only"]
