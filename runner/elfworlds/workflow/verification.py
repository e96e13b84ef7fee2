"""`build --verify`: every object twice, and a record of whether it came out the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from elfworlds import atomic
from elfworlds.workflow.results import shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from elfworlds.backends import Backend, Build
    from elfworlds.planning import Plan
    from elfworlds.toolchains import Toolchain
    from elfworlds.workflow.screen import Screen


def verified(
    backend: Backend, plan: Plan, toolchains: Mapping[str, Toolchain], build: Build, results: Path, screen: Screen
) -> bool:
    """Make each object again, write verified-<backend>.jsonl, and say what differs; True where nothing does."""
    again = backend.verify(plan, toolchains, build)
    lines = [
        {
            "object": placed.object,
            "at": dict(placed.at),
            "key": placed.key,
            "backend": backend.name,
            "path": build.artifacts[placed.key].path,
            "sha256": build.artifacts[placed.key].sha256,
            "identical": again[placed.key].identical,
            "why": again[placed.key].why,
        }
        for placed in plan.placements
        if placed.key in again
    ]
    file = results / plan.experiment / f"verified-{backend.name}.jsonl"
    atomic.write(file, "".join(json.dumps(line) + "\n" for line in lines))
    names = plan.names()
    different = [verification for verification in again.values() if not verification.identical]
    screen.tell(
        [
            f"object {names[verification.key]}: not identical when made twice: {verification.why}"
            for verification in different
        ]
    )
    screen.say(f"made twice: {len(again) - len(different)} of {len(again)} objects identical · {shown(file)}")
    return not different
