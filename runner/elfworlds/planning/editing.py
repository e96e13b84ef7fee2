"""Objects that cannot be had because their toolchain does not work here, or lacks a tool that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.planning.request import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.planning.types import BuildRequest, Plan
    from elfworlds.toolchains import Toolchain


def without_editor(plan: Plan, toolchains: Mapping[str, Toolchain]) -> dict[str, str]:
    """Key → why the object cannot be had here: what makes or edits it, its package, or one that it needs, is not there.

    Args:
        plan: its requests stand in the order of their needs.
        toolchains: by name; those that do not work here are passed over.
    """
    reasons: dict[str, str] = {}
    for key, request in plan.requests.items():
        toolchain = toolchains[request.toolchain]
        lacks = (toolchain.lack(tool) for tool in request.named if not toolchain.unsupported)
        needed = (reasons[need] for need in request.needs if need in reasons)
        why = _no_suite(request, toolchain) or next(filter(None, lacks), None)
        if why is not None:
            reasons[key] = f"object {request.name}: " + why.replace("\n", "; ")
        elif (inherited := next(needed, None)) is not None:
            reasons[key] = inherited
    return reasons


def without_builder(plan: Plan, toolchains: Mapping[str, Toolchain]) -> dict[str, str]:
    """Key → why the object cannot be had here: the toolchain that builds it, or one that it needs, does not work.

    Args:
        plan: its requests stand in the order of their needs.
        toolchains: by name.
    """
    reasons: dict[str, str] = {}
    for key, request in plan.requests.items():
        builder = toolchains[request.toolchain]
        inherited = next((reasons[need] for need in request.needs if need in reasons), None)
        if builder.unsupported:
            reasons[key] = f"{builder.name}, which builds {request.name}: {builder.unsupported}"
        elif inherited is not None:
            reasons[key] = inherited
    return reasons


def _no_suite(request: BuildRequest, toolchain: Toolchain) -> str | None:
    """Why there is no package of the toolchain's own suite; None where none is asked for."""
    if request.argv[0] != PACKAGE or toolchain.unsupported:
        return None
    return f"it is a file of a package, and {toolchain.name} is no suite of packages"
