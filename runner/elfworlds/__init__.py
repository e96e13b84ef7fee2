"""elfworlds: a reproducible experiment runner for ELF dynamic loading.

The names below are the public API; docs/api.md shows them at work. They are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from elfworlds.version import __version__

if TYPE_CHECKING:
    from elfworlds.advice import Advice, advise
    from elfworlds.errors import ElfworldsError
    from elfworlds.inspection import Inspection, World, inspect
    from elfworlds.workflow.api import Run, load, plan, read_run, run
    from elfworlds.workflow.experiments import LoadedExperiment
    from elfworlds.workflow.plans import Choice
    from elfworlds.workflow.run import RunOptions

__all__ = [
    "Advice",
    "Choice",
    "ElfworldsError",
    "Inspection",
    "LoadedExperiment",
    "Run",
    "RunOptions",
    "World",
    "__version__",
    "advise",
    "inspect",
    "load",
    "plan",
    "read_run",
    "run",
]

_WHERE = {
    "Advice": "advice",
    "Choice": "workflow.plans",
    "ElfworldsError": "errors",
    "Inspection": "inspection",
    "LoadedExperiment": "workflow.experiments",
    "RunOptions": "workflow.run",
    "World": "inspection",
    "advise": "advice",
    "inspect": "inspection",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE.get(name, 'workflow.api')}"), name)
