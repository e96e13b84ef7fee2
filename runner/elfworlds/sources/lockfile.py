"""A lock file beside an experiment, as `elfworlds toolchain lock --for FILE` writes it: read, every error in words."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any, TypeVar

from elfworlds import reading
from elfworlds.sources.files import SourceError
from elfworlds.trees.manifest import TreeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Locked = TypeVar("Locked")
SCHEMA = 1


def command(experiment: str) -> str:
    """What locks all that an experiment's file takes from elsewhere."""
    return f"elfworlds toolchain lock --for {shlex.quote(experiment)}"


def read(path: Path, experiment: str, missing: str, parse: Callable[[Any], Locked]) -> Locked:
    """What a lock file holds.

    Args:
        path: the lock file.
        experiment: the experiment's file, for the command that writes the lock.
        missing: what is said to be in the file where there is none: `packages are pinned`.
        parse: reads what the file holds; a ValueError, KeyError, TypeError or AttributeError means that it is damaged.

    Raises:
        SourceError: there is none, or it is damaged; it says how to write it.
    """
    hint = f"`{command(experiment)}` writes it"
    try:
        data = json.loads(reading.read(path))
        if data["schema"] != SCHEMA:
            raise SourceError(f"{path}: written for another elfworlds", hint)
        return parse(data)
    except FileNotFoundError:
        raise SourceError(f"{missing} in {path.name}, which is not there", hint) from None
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}", hint) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, TreeError) as error:
        raise SourceError(f"{path}: not a lock file: {str(error)[:200]}", hint) from None
