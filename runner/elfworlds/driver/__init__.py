"""A scenario's steps, bound to a point → one plain C program that a maintainer could paste into a bug tracker."""

from elfworlds.driver.headers import HEADERS, headers, source
from elfworlds.driver.program import CODE, STEP, Program, program, readable, standalone

__all__ = ["CODE", "HEADERS", "STEP", "Program", "headers", "program", "readable", "source", "standalone"]
