"""Linkers and compilers that an object names: parts of pinned roots, programs of this machine, or a reason why not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conftest import ROOT
from elfworlds import environment
from elfworlds.planning.editing import without_editor
from elfworlds.process import Pool
from elfworlds.spec import load
from elfworlds.spec.makers import used
from elfworlds.toolchains.debian.family import Debian
from elfworlds.toolchains.host import Prober, editors
from elfworlds.yamltext import parse
from plans import plan_of, stub

TEXT = """\
experiment: x
question: "?"
matrix: {linker: [bfd, gold, lld, mold], compiler: [gcc, clang]}
objects:
  made: {library: made, linker: "${matrix.linker}", compiler: "${matrix.compiler}", code: int made;}
scenarios:
  built: {build: made}
"""
ALL = frozenset({"gcc", "clang", "ld.bfd", "ld.gold", "ld.lld", "ld.mold"})
LOCKS = (ROOT / "toolchains",)


def test_are_named_by_the_request_and_known_of_the_experiment(tmp_path: Path) -> None:
    plan = plan_of(TEXT, tmp_path)
    commands = {(request.argv[0], request.linker) for request in plan.requests.values()}
    assert commands == {(compiler, linker) for compiler in ("gcc", "clang") for linker in ALL if "ld." in linker}
    assert all(f"-fuse-ld={made.linker.removeprefix('ld.')}" in made.argv for made in plan.requests.values())
    assert used(load(parse(TEXT, "x.yaml"), toolchains=["host"], roots=[]).experiment) == ALL


def test_decide_the_key_of_what_they_make_and_of_nothing_else(tmp_path: Path) -> None:
    other = replace(stub(), parts={"ld.lld": {"ld.lld": "another"}})
    before, after = (plan_of(TEXT, tmp_path, {"host": host}).placements for host in (stub(), other))
    changed = {dict(old.at)["linker"] for old, new in zip(before, after, strict=True) if old.key != new.key}
    assert changed == {"lld"}


def test_one_that_is_not_there_makes_its_trials_unsupported_and_no_others(tmp_path: Path) -> None:
    here = {tool: (f"/usr/bin/{tool}",) for tool in ("cc", "gcc", "clang", "ld.bfd", "ld.gold", "ld.lld")}
    host = replace(stub(), tools=here, lacking={"ld.mold": "no ld.mold\nask for it"})
    plan = plan_of(TEXT, tmp_path, {"host": host})
    reasons = without_editor(plan, {"host": host})
    assert {plan.requests[key].linker for key in reasons} == {"ld.mold"}
    assert set(reasons.values()) == {"object made: no ld.mold; ask for it"}


@pytest.mark.parametrize(
    ("suite", "versions"),
    [
        ("bullseye", {"bfd": "2.35.2", "gold": "2.35.2", "lld": "11.0.1", "clang": "11.0.1"}),
        ("sid", {"gold": "2.44", "mold": "3.0.0"}),
    ],
)
def test_each_has_a_version_of_its_own_in_a_pinned_root(suite: str, versions: dict[str, str]) -> None:
    toolchain = Debian().stand_in(f"debian/{suite}", LOCKS, ALL)
    assert versions.items() <= toolchain.versions.items()
    assert ("mold" in toolchain.versions) == (suite != "bullseye")
    assert toolchain.versions["bfd"].startswith("2.47" if suite == "sid" else "2.35")


def test_a_root_without_need_of_them_is_the_one_that_it_was() -> None:
    toolchain = Debian().stand_in("debian/sid", LOCKS, {"c", "ld.bfd", "gcc"})
    assert not {"bfd", "lld", "clang"} & toolchain.versions.keys()


def test_of_this_machine_the_hint_names_the_package(tmp_path: Path) -> None:
    with Pool() as pool:
        found = editors.find(Prober(pool.run, str(tmp_path), "cc"), None, ("cc",), ALL)
    lacking = {each.tool: each.lacking for each in found}
    assert lacking.keys() == ALL
    for tool, package in (("ld.lld", "lld"), ("ld.mold", "mold"), ("clang", "clang")):
        assert lacking[tool].startswith(f"no {tool}: it is not in PATH")
        assert package in lacking[tool].partition("\n")[2]


def test_what_an_object_is_made_with_is_called_after_them(tmp_path: Path) -> None:
    text = TEXT.replace("[bfd, gold, lld, mold]", "[lld]").replace("[gcc, clang]", "[clang]")
    toolchain = Debian().stand_in("debian/sid", LOCKS, ALL)
    plan = plan_of(f"{text}".replace("matrix: {", "matrix: {libc: [debian/sid], "), tmp_path, {"debian/sid": toolchain})
    made = environment.made_with(plan, {"debian/sid": toolchain})
    assert made["built"]["libc"]["debian/sid"] == {"lld": "21.1.8", "clang": "21.1.8"}
