"""What advice foretells of the libraries that trials open; nothing is said where it cannot know what they will meet."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from elfworlds.advice import Adviser
from elfworlds.advice.foretelling import foretold
from elfworlds.elf import NotElfError
from elfworlds.errors import InputError
from elfworlds.inspection import World
from elfworlds.inspection.inspecting import system_in
from elfworlds.trials.searching import known_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.backends import Build
    from elfworlds.planning import Trial
    from elfworlds.records import ForetoldRecord
    from elfworlds.toolchains import Toolchain


@dataclass(frozen=True, slots=True)
class Foreteller:
    """Advises on many trials; what it reads of a toolchain's system it reads once.

    Attributes:
        names: path → the object's name in the experiment.
    """

    build: Build
    toolchains: Mapping[str, Toolchain]
    names: Mapping[str, str]
    advisers: dict[str, Adviser] = field(default_factory=dict)

    def of(self, trial: Trial) -> tuple[ForetoldRecord, ...]:
        """What is foretold of one trial."""
        bound, opens = trial.bound, trial.bound.opens
        env = {name: self.build.realise(text) for name, text in bound.env}
        if opens is None or bound.files or bound.ld_so_conf or bound.sees or not known_environment(env):
            return ()
        root = self.toolchains[bound.toolchain].world.root
        if root is not None and root.over:  # a libc of one's own, of which no release's rules are known
            return ()
        path = self.build.realise(opens.path)
        world = World(env=env, host=self.build.realise(bound.argv[0]))
        adviser = self._adviser(bound.toolchain, world, opens.way)
        try:
            return tuple(foretold(opens, self.names.get(path) or posixpath.basename(path), adviser.advise(path)))
        except (InputError, NotElfError):  # the program, or what it opens, is no file that a loader loads
            return ()

    def _adviser(self, toolchain: str, world: World, way: str) -> Adviser:
        if toolchain not in self.advisers:
            self.advisers[toolchain] = Adviser.within(system_in(World(), self.toolchains[toolchain]), way)
        return self.advisers[toolchain].elsewhere(world, way)
