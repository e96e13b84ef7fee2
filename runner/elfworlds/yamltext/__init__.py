"""YAML text → data that keeps what its author typed, and where; errors that show it."""

from elfworlds.yamltext.data import Data, Document, Path, Scalar, core, entries, flow, is_null, number
from elfworlds.yamltext.problems import Mark, Problem, ProblemsError, closest, render
from elfworlds.yamltext.read import parse, read

__all__ = [
    "Data",
    "Document",
    "Mark",
    "Path",
    "Problem",
    "ProblemsError",
    "Scalar",
    "closest",
    "core",
    "entries",
    "flow",
    "is_null",
    "number",
    "parse",
    "read",
    "render",
]
