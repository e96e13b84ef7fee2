"""Files of lines and of one object → values; what is damaged is one error that says where."""

from __future__ import annotations

import gc
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from elfworlds.errors import InputError
from elfworlds.records.damage import DamagedError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from elfworlds.jsondata import Json
    from elfworlds.records.types import TraceRecord, TrialRecord

    Axes: TypeAlias = Mapping[str, Sequence[str]]

Made = TypeVar("Made")
Placed = TypeVar("Placed", "TrialRecord", "TraceRecord")


def read_lines(path: Path, read: Callable[[Json], Made]) -> list[Made]:
    """The value of each line; none where there is no file. A last line that was cut by a kill does not count.

    Raises:
        InputError: a line is damaged: `FILE:LINE: what`.
    """
    made: list[Made] = []
    with _nothing_collected():
        for line in whole_lines(path):
            try:
                made.append(read(json.loads(line)))
            except DamagedError as error:
                raise InputError(f"{path}:{len(made) + 1}: {error}") from None
            except (ValueError, RecursionError) as error:
                raise InputError(f"{path}:{len(made) + 1}: no JSON: {error}") from None
    return made


def whole_lines(path: Path) -> list[str]:
    """The lines of a file as they are, but for one that was cut."""
    if not path.exists():
        return []
    data, _, _ = path.read_bytes().rpartition(b"\n")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}:{number}: not UTF-8") from None
    return text.split("\n") if text else []


def was_cut(path: Path) -> bool:
    """Whether the last line of a file is not whole."""
    data = path.read_bytes() if path.exists() else b""
    return bool(data) and not data.endswith(b"\n")


def read_object(path: Path, read: Callable[[Json], Made]) -> Made:
    """The value of a file that holds one object.

    Raises:
        InputError: there is no such file, or it is damaged.
    """
    try:
        return read(json.loads(path.read_text()))
    except DamagedError as error:
        raise InputError(f"{path}: {error}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path.parent}: not a run directory ({path.name}: {error})") from None


def placed(read: Callable[[Json], Placed], axes: Axes | None) -> Callable[[Json], Placed]:
    """Reads as before, and refuses what has no label on one of the axes, or another one than the axis has."""
    if axes is None:
        return read
    known: set[tuple[tuple[str, str], ...]] = set()

    def checked(data: Json) -> Placed:
        made = read(data)
        point = tuple(made.point.items())
        if point not in known:
            _check(made.point, axes)
            known.add(point)
        return made

    return checked


def _check(point: Mapping[str, str], axes: Axes) -> None:
    if point.keys() != axes.keys():
        raise DamagedError(
            f"has the axes {', '.join(point) or 'none'}, and the run {', '.join(axes) or 'none'}", "point"
        )
    for axis, label in point.items():
        if label not in axes[axis]:
            raise DamagedError(f"is {shown(label)}, which the axis does not have", f"point.{axis}")


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Without the collector of cycles, of which records have none: it would look at each of them again and again."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
