"""What the tests of the nix backend share. They need Nix and a store they may write: docs/nix.md."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from elfworlds.process import Command, Pool
from elfworlds.toolchains.host.family import host
from elfworlds.workflow import backends
from elfworlds.workflow import experiments as loading
from elfworlds.workflow.plans import make_plan
from elfworlds.workflow.screen import Silent
from elfworlds.workflow.session import Session
from waiting import AGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from elfworlds.backends import Artifact, Backend, Build, Failure
    from elfworlds.planning import BuildRequest, Plan
    from elfworlds.toolchains import Toolchain

ROOT = Path(__file__).resolve().parents[1]
RUSTC = "/usr/bin/rustc"  # where builds see it, which they do not see rustup's
FEW = ("deepbind", "exceptions", "exported-symbols", "preload-shim", "rust-exports", "same-lib")  # of each kind one
EXPERIMENTS = [
    pytest.param(path, id=path.stem, marks=() if path.stem in FEW else pytest.mark.slow)
    for path in sorted((ROOT / "experiments").glob("*.yaml"))
    if path.stem not in {"built-elsewhere", "mixed-loader"}  # pinned roots alone build their objects
]

needs_nix = pytest.mark.usefixtures("nix")
BUILDS = """derivation {
  name = "builds";
  system = builtins.currentSystem;
  builder = "/usr/bin/bash";
  args = [ "-c" "echo > $out" ];
  now = "@";
}"""


@cache
def lacks_nix() -> str:
    """Why no object can be built with Nix here, as by a user who may not write its store, or in a container without
    what its sandbox takes; empty where one can."""
    program = shutil.which("nix-build")
    if program is None or "NIX_BUILD_TOP" in os.environ:
        return "no Nix here (or this is a Nix build itself): apt-get install nix-bin"
    with Pool() as pool:
        words = (program, "--no-out-link", "--expr", BUILDS.replace("@", f"{os.getpid()}"))
        done = pool.run(Command(argv=words, env=environment(Path("/")), cwd="/", timeout=AGES))
    said = done.stderr.data.decode("utf-8", "replace").strip().rpartition("\n")[2]
    return "" if done.ok else f"Nix cannot build here: {said or done.not_started}"


def environment(cache: Path, **more: str) -> dict[str, str]:
    """The environment of a machine with Debian's Nix, hostpkgs and nothing built yet."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "CC", "NIX_REMOTE") if name in os.environ}
    conf = str(ROOT / "nix" / "hostpkgs" / "conf")
    here = {"XDG_CACHE_HOME": str(cache), "ELFWORLDS_NIX_PACKAGES": "hostpkgs", "NIX_CONF_DIR": conf, "RUSTC": RUSTC}
    return {**kept, "LC_ALL": "C.UTF-8", **here, **more}


@dataclass(frozen=True)
class Bench:
    """A plan and a backend to build it with."""

    pool: Pool
    plan: Plan
    toolchains: Mapping[str, Toolchain]
    backend: Backend
    reported: list[tuple[BuildRequest, Artifact | Failure]]

    def build(self, *, keep_going: bool = False) -> Build:
        return self.backend.build(
            self.plan,
            self.toolchains,
            keep_going=keep_going,
            report=lambda request, result: self.reported.append((request, result)),
        )

    def key(self, name: str) -> str:
        return next(one.key for one in self.plan.placements if one.object == name)

    def nix_store(self, *words: str) -> list[str]:
        program = shutil.which("nix-store") or "nix-store"
        done = self.pool.run(Command(argv=(program, *words), env=environment(Path("/")), cwd="/", timeout=AGES))
        assert done.ok, done.stderr.data
        return done.text.split()


@contextmanager
def bench(experiment: Path, cache: Path, backend: str = "nix", **more: str) -> Iterator[Bench]:
    with Pool() as pool:
        loaded = loading.load_one(experiment, ROOT)
        languages = loading.languages([loaded])
        (made,), found = backends.ready(backend, Session(pool, environment(cache, **more), Silent(), jobs=2), languages)
        toolchains = {"host": host(pool.run, found, remember=False, languages=languages)}
        yield Bench(pool, make_plan(loaded, toolchains), toolchains, made, [])


def written(directory: Path, name: str, objects: Mapping[str, Any], run: str) -> Path:
    """An experiment file; JSON is YAML."""
    scenario = {"run": run, "outcomes": {"fine": {"exit": 0}}}
    data = {"experiment": name, "question": "Is it built?", "objects": objects, "scenarios": {"it-runs": scenario}}
    path = directory / f"{name}.yaml"
    path.write_text(json.dumps(data))
    return path
