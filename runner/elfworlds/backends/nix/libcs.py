"""Libcs of recipes as derivations (nix/libc.nix): the steps of `toolchains.patched`, in the base's root as `/`.

nix/glibc/<key>/tree         the link that keeps a libc from Nix' garbage collector
nix/glibc/<key>/built.json   what it was built of, and its store path; written last
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import atomic
from elfworlds.backends.nix import handover, trouble
from elfworlds.backends.nix.following import followed
from elfworlds.backends.nix.programs import complaint
from elfworlds.errors import BuildFailedError, InputError
from elfworlds.toolchains.patched.libcs import RECORD, made_once, record
from elfworlds.toolchains.patched.steps import DIRECTORIES, STEP_SECONDS, failure, steps
from elfworlds.traces.nix import NixMessage, Printed, Reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from elfworlds.backends.nix.programs import Programs
    from elfworlds.backends.nix.roots import Roots
    from elfworlds.jsondata import Json
    from elfworlds.process import Completed
    from elfworlds.toolchains.family import Means
    from elfworlds.toolchains.patched.ground import Ground
    from elfworlds.toolchains.patched.libcs import Built
    from elfworlds.toolchains.patched.recipe import Recipe
    from elfworlds.toolchains.patched.steps import Step

LINK = "tree"
BACKEND = "nix"
STEP = re.compile(r"elfworlds: step (\S+)")


@dataclass(frozen=True, slots=True)
class Said:
    """What a build has said so far.

    Attributes:
        begun: is called when a step begins.
        names: of the steps that began.
        lines: what the last one of them wrote, or the build before there was one.
        told: what Nix said itself.
    """

    begun: Callable[[], None]
    reader: Reader = field(default_factory=Reader)
    names: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def feed(self, data: bytes) -> None:
        for event in self.reader.feed(data):
            if isinstance(event, NixMessage):
                self.told.append(event.text)
            elif isinstance(event, Printed):
                self.line(event.line)

    def line(self, line: str) -> None:
        match = STEP.fullmatch(line.strip())
        if match is None:
            self.lines.append(line)
            return
        self.names.append(match[1])
        self.lines.clear()
        self.begun()


@dataclass(frozen=True, slots=True)
class NixLibcs:
    """Builds libcs of recipes with Nix.

    Attributes:
        programs: Nix', that show builds nothing of this machine.
        roots: what hands over the roots that they are built in.
    """

    programs: Programs
    roots: Roots

    def build(self, recipe: Recipe, ground: Ground, means: Means) -> Built:
        """The libc of a recipe, built where it is not in the store.

        Raises:
            InputError: the recipe's base is this machine.
            BuildFailedError: a patch does not apply, a step fails, or Nix cannot build here.
        """

        def make(key: str, place: Path) -> None:
            place.mkdir(exist_ok=True)
            out = self.realise(recipe, ground, place / LINK, means)
            atomic.write(place / RECORD, record(recipe, key, Path(out), tree=out))

        return made_once(recipe, ground, means, BACKEND, make)

    def realise(self, recipe: Recipe, ground: Ground, link: Path, means: Means) -> str:
        """The store path of a libc, rooted by a link."""
        planned = tuple(steps(recipe, ground.seen))
        document, files = self.handed_over(recipe, ground, planned)
        with (
            tempfile.TemporaryDirectory(prefix="elfworlds-nix.") as temporary,
            means.working(f"building {recipe.name}", len(planned)) as advance,
        ):
            handover.write(Path(temporary), document, files, files)
            given = ("--argstr", "plan", f"{temporary}/plan.json", "--argstr", "files", f"{temporary}/files")
            limits = ("--timeout", str(int(STEP_SECONDS)), "--max-jobs", "1", "--cores", str(means.jobs))
            words = (self.programs.settings.expressions, "-A", "libc", *given, *limits, "--out-link", str(link))
            said = Said(advance)
            done = followed(self.programs, said.feed, *words)
        if not done.ok:
            raise self.trouble(recipe, planned, said, done)
        return str(link.readlink())

    def handed_over(
        self, recipe: Recipe, ground: Ground, planned: tuple[Step, ...]
    ) -> tuple[dict[str, Json], dict[str, bytes]]:
        """What nix/libc.nix reads, and by their digests the files that it names."""
        if ground.world.root is None:
            why = "with Nix a libc is built in a root, and its base is this machine"
            raise InputError(f"{recipe.name}: {why}", hint="--backend local builds it with this machine's tools")
        laid_out = ground.laid_out(recipe)
        digests = {place: hashlib.sha256(data).hexdigest() for place, data in laid_out.items()}
        document: dict[str, Json] = {
            "name": recipe.name,
            "toolchain": {
                "env": dict(ground.env),
                "root": self.roots.of(ground.world, ground.world.root, ground.env),
            },
            "directories": list(DIRECTORIES),
            "inputs": dict(digests),
            "steps": [{"name": step.name, "inside": step.inside, "words": list(step.words)} for step in planned],
        }
        return document, {digests[place]: data for place, data in laid_out.items()}

    def trouble(self, recipe: Recipe, planned: tuple[Step, ...], said: Said, done: Completed) -> BuildFailedError:
        """What became of a build that failed: which step, and its words; else what Nix lacks."""
        if not said.names:
            return trouble.explain("\n".join([*said.told, *said.lines]) or complaint(done))
        step = next(step for step in planned if step.name == said.names[-1])
        late = [line for line in said.told if "timed out after" in line]
        return failure(recipe, step, "\n".join([*said.lines, *late]), "`nix log` of the derivation has it whole")
