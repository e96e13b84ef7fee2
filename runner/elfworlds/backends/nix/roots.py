"""A root as Nix is given it: its tree by the digest that Nix knows it by, and the program that makes it a build's `/`.

nix/roots/<name>.json   that digest, computed once for each root
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import atomic
from elfworlds.backends.nix import trouble
from elfworlds.errors import BuildFailedError
from elfworlds.process import Command
from elfworlds.sandbox import reaper
from elfworlds.toolchains.debian.toolchain import GCC

if TYPE_CHECKING:
    from elfworlds.backends.nix.settings import NixSettings
    from elfworlds.process import Runner
    from elfworlds.toolchains import Toolchain

SCHEMA = 1
ENTER = Path(__file__).with_name("enter.c")
HASH_SECONDS = 1800.0


@dataclass(frozen=True, slots=True)
class Roots:
    """What it takes to hand roots over.

    Attributes:
        settings: which Nix.
        memory: directory of what is known of stores.
        run: how programs are started.
    """

    settings: NixSettings
    memory: Path
    run: Runner

    def given(self, toolchain: Toolchain) -> dict[str, str] | None:
        """The root of a toolchain as nix/world.nix reads it; None where it has none.

        Raises:
            BuildFailedError: the tree cannot be read, or its compiler does not work.
        """
        root = toolchain.world.root
        if root is None:
            return None
        if root.over or toolchain.world.shows(toolchain.tools.get("cc", ("",))[0]):
            hint = "--backend local does, with the same keys"
            raise BuildFailedError(f"the nix backend does not build with {toolchain.name}", hint=hint)
        tree = Path(root.path)
        try:
            enter = self.enter(tree.parent, toolchain)
            digest = self.recall(tree) or self.remember(tree, self.digest(tree))
        except OSError as error:
            raise _unfit(toolchain.name, f"{error.filename or tree}: {error.strerror}") from None
        name = re.sub(r"[^A-Za-z0-9+._?=-]", "-", toolchain.name)
        return {"name": name, "tree": root.path, "sha256": digest, "enter": enter}

    def enter(self, directory: Path, toolchain: Toolchain) -> str:
        """The path of enter.c's program, which the root's own gcc makes."""
        return reaper.provide(directory, (GCC,), toolchain.env, toolchain.world, self.run, ENTER)

    def digest(self, tree: Path) -> str:
        words = self.settings.program("nix-hash", "--type", "sha256", str(tree))
        done = self.run(Command(argv=words, env=self.settings.environment, cwd="/", timeout=HASH_SECONDS))
        if not done.ok:
            raise trouble.explain(done.stderr.data.decode("utf-8", "replace") or str(done.not_started))
        return done.text.strip()

    def recall(self, tree: Path) -> str | None:
        try:
            known = json.loads(self._file(tree).read_bytes())
            return str(known["sha256"]) if known["known by"] == _stamp(tree) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def remember(self, tree: Path, digest: str) -> str:
        try:
            atomic.write(self._file(tree), json.dumps({"known by": _stamp(tree), "sha256": digest}))
        except OSError:
            return digest  # it will be computed again next time
        return digest

    def _file(self, tree: Path) -> Path:
        return self.memory / "roots" / f"{tree.parent.name}.json"


def _unfit(name: str, why: str) -> BuildFailedError:
    hint = "make the cache writable, or set XDG_CACHE_HOME to another place; or build without Nix: --backend local"
    return BuildFailedError(f"{name} cannot be given to Nix: {why}", hint=hint)


def _stamp(tree: Path) -> list[int]:
    """Tells a tree from another one that took its place. A root in use never changes."""
    status = tree.stat()
    return [SCHEMA, status.st_ino, status.st_ctime_ns]
