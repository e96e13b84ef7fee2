"""Labels that have an order by themselves: numbers and versions.

Some labels only look like numbers. They are names, and an axis with such a label has no order:

- `04755`, `0644`, `007`: a number with a leading 0 is a mode or another code.
- `31.01.2024`: a date; as a version it would be sorted by the day first.
- more than 18 digits in a row: a digest or a serial number.

Hexadecimal numbers (`0x10`), powers (`1e5`), dates with hyphens and times match neither form.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from elfworlds.spec.leaves.versions import order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_INTEGER = re.compile(r"[0-9]+")
_VERSION = re.compile(r"v?[0-9]+(?:\.[0-9]+)+(?:[-+~a-z][0-9A-Za-z.+~-]*)?")
_CODE = re.compile(r"[+-]?0[0-9].*")
_DAY = re.compile(r"(?:0?[1-9]|[12][0-9]|3[01])\.(?:0?[1-9]|1[0-2])\.(?:19|20)[0-9]{2}")
_SERIAL = re.compile(r".*[0-9]{19}.*")


def places(labels: Sequence[str]) -> list[int] | None:
    """The place of each label, ascending; None where the labels have no order."""
    if any(_is_name(label) for label in labels):
        return None
    return next((reading for reading in _readings(labels) if reading is not None), None)


def _is_name(label: str) -> bool:
    return any(form.fullmatch(label) for form in (_CODE, _DAY, _SERIAL))


def _readings(labels: Sequence[str]) -> Iterator[list[int] | None]:
    """The labels' places as numbers, or as versions.

    As numbers, 2.25 comes before 2.5; as versions, it comes after it. If both readings are possible and give different
    orders, there is no reading.
    """
    numbers = all(_NUMBER.fullmatch(label) for label in labels)
    versions = all(_VERSION.fullmatch(label) or _INTEGER.fullmatch(label) for label in labels)
    by_number = _places([Decimal(label) for label in labels]) if numbers else None
    by_version = _places([order(label) for label in labels]) if versions else None
    if by_number is None or by_version is None or by_number == by_version:
        yield by_number
        yield by_version


def _places(keys: Sequence[Decimal] | Sequence[tuple[tuple[int, int, str], ...]]) -> list[int]:
    sorted_keys = sorted(set(keys))  # type: ignore[type-var]  # all of one type
    return [sorted_keys.index(key) for key in keys]
