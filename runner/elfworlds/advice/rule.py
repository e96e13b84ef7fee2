"""A hazard that can be seen in files, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.advice.types import Hazard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from elfworlds.advice.case import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A hazard that can be seen in files.

    Attributes:
        name: as in docs/advise.md.
        experiment: the one of this project that shows it.
        judge: what shows it in a case; each finding is evidence for one object.
        releases, remedy: as of `Hazard`.
    """

    name: str
    experiment: str
    judge: Callable[[Case], Iterator[tuple[str, str]]]
    releases: str
    remedy: str

    def hazards(self, case: Case) -> Iterator[Hazard]:
        for path, evidence in self.judge(case):
            yield Hazard(rule=self.name, object=path, evidence=evidence, releases=self.releases, remedy=self.remedy)
