"""Objects of every language, built for real and run."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from elfworlds import makers
from elfworlds.backends import Artifact, Build
from elfworlds.backends.local import LocalBackend
from elfworlds.planning import Plan
from elfworlds.process import Command, Completed, Pool
from elfworlds.toolchains import Toolchain
from elfworlds.toolchains.host import Prober, probe
from plans import keys_of, plan_of
from waiting import AGES

LANGUAGES = ("c", "c++", "rust", *makers.PACKAGES)
HOME = (("HOME", os.environ.get("HOME", "/")),)


def whole_toolchain(cache: Path | None, path: str = os.environ["PATH"], cxx: str = "", rustc: str = "") -> Toolchain:
    """This machine's, with its compilers for every language."""
    with Pool() as pool:
        return probe(Prober(pool.run, path, "cc", cxx, rustc, HOME), cache, LANGUAGES)


@dataclass(frozen=True)
class Made:
    """An experiment's objects, by name."""

    pool: Pool
    plan: Plan
    build: Build

    def key(self, name: str) -> str:
        return keys_of(self.plan)[name]

    def artifact(self, name: str) -> Artifact:
        key = self.key(name)
        assert key in self.build.artifacts, self.build.failures[key].output
        return self.build.artifacts[key]

    def run(self, name: str, *others: str) -> Completed:
        """An executable, with the paths of objects as its arguments, in an empty environment."""
        argv = tuple(self.artifact(one).path for one in (name, *others))
        return self.pool.run(Command(argv=argv, env={}, cwd="/", timeout=AGES))


def made(objects: str, folder: Path, pool: Pool, toolchain: Toolchain) -> Made:
    """The objects of an experiment's text, built in a store below the folder."""
    text = f'experiment: x\nquestion: "?"\nobjects:\n{objects}\nscenarios: {{s: {{run: /bin/true}}}}\n'
    plan = plan_of(text, folder, {"host": toolchain})
    backend = LocalBackend(folder / "store", pool.run, 2, pool.interrupt)
    build = backend.build(plan, {"host": toolchain}, keep_going=True, report=lambda *_: None)
    return Made(pool, plan, build)
