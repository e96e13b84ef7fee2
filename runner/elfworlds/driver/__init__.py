"""A scenario's steps, bound to a point → one plain C program that a maintainer could paste into a bug tracker."""

from elfworlds.driver.headers import HEADERS, headers, source
from elfworlds.driver.opens import Opens, opens
from elfworlds.driver.position import STEP
from elfworlds.driver.program import CODE, GeneratedProgram, program, readable, standalone
from elfworlds.driver.running import VALUE

__all__ = [
    "CODE",
    "HEADERS",
    "STEP",
    "VALUE",
    "GeneratedProgram",
    "Opens",
    "headers",
    "opens",
    "program",
    "readable",
    "source",
    "standalone",
]
