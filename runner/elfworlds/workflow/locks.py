"""Plans as files beside their experiments: `plan --lock`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.backends.nix.trees import nar_sha256
from elfworlds.planning.locked import locked, neutral
from elfworlds.planning.points import DEFAULT_LIBC, LIBC
from elfworlds.workflow.plans import make_plan
from elfworlds.workflow.toolchains import foreseen, load_chosen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from elfworlds.workflow.session import Session

SUFFIX = ".plan.json"


def locks(experiments: Sequence[Path], session: Session) -> Iterator[tuple[Path, str]]:
    """Where the plan of each experiment is locked, and what has to stand there.

    A plan for Nix is made with the package set's own toolchain, which is the label `host`.
    """
    chosen, _ = load_chosen(experiments, paths.here(), {LIBC: [DEFAULT_LIBC]})
    toolchains = {name: neutral(toolchain) for name, toolchain in foreseen(chosen, session).items()}
    for loaded in chosen:
        plan = make_plan(loaded, toolchains)
        digests = {
            key: nar_sha256(tree) for key, tree in plan.trees.items() if tree.stored is None and tree.packages is None
        }
        text = locked(plan, loaded.sources, loaded.path.name, digests)
        yield loaded.path.with_name(f"{loaded.path.stem}{SUFFIX}"), text
