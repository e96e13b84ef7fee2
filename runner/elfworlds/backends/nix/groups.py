"""A plan's requests in groups of one toolchain each, in an order in which every group can be built at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.planning import BuildRequest


def groups(requests: Mapping[str, BuildRequest]) -> list[tuple[str, dict[str, BuildRequest]]]:
    """The name of a toolchain, and what it builds: each request needs those of its own group and of earlier ones only.

    Args:
        requests: by key, needed ones first. Without needs across toolchains there is a group for each toolchain.
    """
    steps: dict[str, int] = {}
    for key, request in requests.items():
        before = (
            steps[need] + (requests[need].toolchain != request.toolchain) for need in request.needs if need in steps
        )
        steps[key] = max(before, default=0)
    by_place: dict[tuple[int, str], dict[str, BuildRequest]] = {}
    for key, request in requests.items():
        by_place.setdefault((steps[key], request.toolchain), {})[key] = request
    ordered = sorted(by_place.items(), key=lambda group: group[0][0])
    return [(toolchain, members) for (_, toolchain), members in ordered]
