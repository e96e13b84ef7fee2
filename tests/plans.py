"""Experiments as text → plans, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from elfworlds import planning
from elfworlds.planning import Plan
from elfworlds.sources import Project, gather
from elfworlds.spec import load
from elfworlds.toolchains import Toolchain
from elfworlds.yamltext import parse

RECIPES = ("glibc/dl-nns", "glibc/rtld-shared")
PINNED = tuple(f"debian/{suite}" for suite in ("bullseye", "bookworm", "trixie", "sid"))


def stub(name: str = "host", **identity: str) -> Toolchain:
    """A toolchain that is only compared with others."""
    return Toolchain(name=name, identity=identity, versions={}, packages=(), tools={}, env={})


def plan_of(
    text: str, folder: Path, toolchains: Mapping[str, Toolchain] | None = None, root: Path | None = None
) -> Plan:
    """The plan of an experiment that lies in a folder with its sources; `root` is the project's, if another one."""
    known = toolchains or {"host": stub()}
    spec = load(parse(text, "test.yaml"), toolchains=[*known, *PINNED, *RECIPES], roots=PINNED)
    sources, problems = gather(spec, Project(root or folder, folder))
    assert problems == []
    return planning.make(spec, sources, known)


def keys_of(made: Plan) -> dict[str, str]:
    """Object → key; for experiments in which each object has one."""
    keys = {one.object: one.key for one in made.placements}
    assert len(keys) == len(made.placements)
    return keys
