"""A plan's requests in groups of one kind each, in an order in which every group can be built at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from elfworlds.planning import BuildRequest


Kind = TypeVar("Kind", bound="Hashable")


def groups(
    requests: Mapping[str, BuildRequest], kind: Callable[[BuildRequest], Kind]
) -> list[tuple[Kind, dict[str, BuildRequest]]]:
    """A kind, and the requests of it: each needs those of its own group and of earlier ones only.

    Args:
        requests: by key, needed ones first. Without needs across kinds there is a group for each kind.
        kind: of a request: its toolchain, or the seconds that it may take.
    """
    kinds = {key: kind(request) for key, request in requests.items()}
    steps: dict[str, int] = {}
    for key, request in requests.items():
        before = (steps[need] + (kinds[need] != kinds[key]) for need in request.needs if need in steps)
        steps[key] = max(before, default=0)
    by_place: dict[tuple[int, Kind], dict[str, BuildRequest]] = {}
    for key, request in requests.items():
        by_place.setdefault((steps[key], kinds[key]), {})[key] = request
    ordered = sorted(by_place.items(), key=lambda group: group[0][0])
    return [(named, members) for (_, named), members in ordered]
