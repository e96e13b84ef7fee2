"""Files of lines and of one object → values; what is damaged is one error that says where."""

from __future__ import annotations

import gc
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from elfworlds import paths
from elfworlds.errors import InputError
from elfworlds.records.damage import DamagedError, shown
from elfworlds.records.seal import FILE as SEAL
from elfworlds.records.seal import without

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from elfworlds.jsondata import Json
    from elfworlds.records.seal import Seal
    from elfworlds.records.types import TraceRecord, TrialRecord

    Axes: TypeAlias = Mapping[str, Sequence[str]]

Made = TypeVar("Made")
Placed = TypeVar("Placed", "TrialRecord", "TraceRecord")


def read_lines(path: Path, read: Callable[[Json], Made], seal: Seal | None = None) -> list[Made]:
    """The value of each line; none where there is no file. A last line that was cut by a kill does not count.

    Args:
        path: the file.
        read: makes a value of a line's JSON, without its seal.
        seal: the run's; None where it has none.

    Raises:
        InputError: a line is damaged, or does not fit its seal: `FILE:LINE: what`.
    """
    made: list[Made] = []
    with _nothing_collected():
        for line in whole_lines(path):
            number = len(made) + 1
            try:
                made.append(read(json.loads(without(line))))
                _check_seal(seal, path.name, number, line)
            except DamagedError as error:
                raise InputError(f"{path}:{number}: {error}") from None
            except (ValueError, RecursionError) as error:
                raise InputError(f"{path}:{number}: no JSON: {error}") from None
    return made


def _check_seal(seal: Seal | None, file: str, number: int, line: str) -> None:
    if seal is not None:
        seal.check(file, number, line)
    elif without(line) != line:
        raise DamagedError(f"is sealed, and the run has no {SEAL}")


def whole_lines(path: Path) -> list[str]:
    """The lines of a file as they are, but for one that was cut."""
    if not path.exists():
        return []
    if why := paths.why_unreadable(path):
        raise InputError(f"{path}: {why}")
    data, _, _ = path.read_bytes().rpartition(b"\n")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}:{number}: not UTF-8") from None
    return text.split("\n") if text else []


def was_cut(path: Path) -> bool:
    """Whether the last line of a file is not whole."""
    data = b"" if paths.why_unreadable(path) else path.read_bytes()
    return bool(data) and not data.endswith(b"\n")


def check_count(path: Path, lines: int) -> None:
    """Whether a file of a complete run has as many lines as were written.

    Raises:
        InputError: a line is missing, is cut short, or was added.
    """
    here = len(whole_lines(path))
    if was_cut(path):
        raise InputError(f"{path}:{here + 1}: is cut short, and the run was complete")
    if here < lines:
        raise InputError(f"{path}:{here + 1}: is missing: the run wrote {lines} lines")
    if here > lines:
        raise InputError(f"{path}:{lines + 1}: was added: the run wrote {lines} lines")


def read_object(path: Path, read: Callable[[Json], Made]) -> Made:
    """The value of a file that holds one object.

    Raises:
        InputError: there is no such file, or it is damaged.
    """
    if why := paths.why_unreadable(path):
        raise InputError(f"{path.parent}: not a run directory ({path.name}: {why})")
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
