"""A root as Nix is given it: its tree by the digest that Nix knows it by, and the program that makes it a build's `/`.

nix/roots/<name>.json   that digest, computed once for each root
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import atomic
from elfworlds.backends.nix import trouble
from elfworlds.errors import BuildFailedError
from elfworlds.process import Command
from elfworlds.sandbox import reaper
from elfworlds.toolchains.debian.toolchain import GCC

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.backends.nix.settings import NixSettings
    from elfworlds.jsondata import JsonObject
    from elfworlds.process import Runner
    from elfworlds.sandbox import Tree, World
    from elfworlds.toolchains import Toolchain

SCHEMA = 1
ENTER = Path(__file__).with_name("enter.c")
HASH_SECONDS = 1800.0
_STORED = re.compile(r"(/nix/store/[^/]+)/(.+)")


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

    def given(self, toolchain: Toolchain) -> JsonObject | None:
        """The root of a toolchain as nix/world.nix reads it; None where it has none.

        Raises:
            BuildFailedError: the tree cannot be read, or its compiler does not work.
        """
        world = toolchain.world
        if world.root is None:
            return None
        over = [_in_store(*pair) for pair in world.root.over]
        if None in over or world.placed or world.shows(toolchain.tools.get("cc", ("",))[0]):
            hint = "--backend local does, with the same keys"
            raise BuildFailedError(f"the nix backend does not build with {toolchain.name}", hint=hint)
        plain = replace(world, root=replace(world.root, over=()))
        return {**self.of(plain, world.root, toolchain.env), "over": over}

    def of(self, world: World, root: Tree, env: Mapping[str, str]) -> JsonObject:
        """A root by itself; errors as of `given`.

        Args:
            world: where its gcc runs, with the name that its store path has.
            root: it.
            env: the compiler's environment.
        """
        tree = Path(root.path)
        try:
            enter = reaper.provide(tree.parent, (GCC,), env, world, self.run, ENTER)
            digest = self.recall(tree) or self.remember(tree, self.digest(tree))
        except OSError as error:
            raise _unfit(world.name, f"{error.filename or tree}: {error.strerror}") from None
        name = re.sub(r"[^A-Za-z0-9+._?=-]", "-", world.name)
        return {"name": name, "tree": root.path, "sha256": digest, "enter": enter, "over": []}

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


def _in_store(inside: str, outside: str) -> JsonObject | None:
    """A file that is seen instead of the root's own, as nix/world.nix reads it; None where it is in no store path."""
    match = _STORED.fullmatch(outside)
    return {"inside": inside, "path": match[1], "file": match[2]} if match else None


def _unfit(name: str, why: str) -> BuildFailedError:
    hint = "make the cache writable, or set XDG_CACHE_HOME to another place; or build without Nix: --backend local"
    return BuildFailedError(f"{name} cannot be given to Nix: {why}", hint=hint)


def _stamp(tree: Path) -> list[int]:
    """Tells a tree from another one that took its place. A root in use never changes."""
    status = tree.stat()
    return [SCHEMA, status.st_ino, status.st_ctime_ns]
