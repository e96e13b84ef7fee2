"""A scenario's steps, bound to a point → one plain C program that a maintainer could paste into a bug tracker."""

from elfworlds.driver.headers import HEADERS, headers, source
from elfworlds.driver.place import STEP
from elfworlds.driver.program import CODE, Program, program, readable, standalone
from elfworlds.driver.running import VALUE

__all__ = ["CODE", "HEADERS", "STEP", "VALUE", "Program", "headers", "program", "readable", "source", "standalone"]
