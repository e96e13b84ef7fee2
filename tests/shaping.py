"""Whether a value is as it is described, for tests."""

from __future__ import annotations

from typing import Any

from elfworlds.outcome.observed import Several
from elfworlds.spec.shapes import Fields, Items, Leaf, Repeated, Shape, Unknown, nullable


def conforms(value: Any, shape: Shape) -> bool:  # noqa: ANN401  # any value
    """A mapping has no field that is not described; it may lack some."""
    return not misfits(value, shape)


def misfits(value: Any, shape: Shape, path: str = "") -> list[str]:  # noqa: ANN401  # any value
    """Where a value is not as its shape says."""
    if isinstance(shape, Unknown) or (value is None and nullable(shape)):
        return []
    if isinstance(shape, Repeated):
        told = value if isinstance(value, Several) else (value,)
        return [one for item in told for one in misfits(item, shape.each, path)]
    if isinstance(shape, Items) and isinstance(value, list | tuple):
        return [one for item in value for one in misfits(item, shape.of, f"{path}[]")]
    if isinstance(shape, Fields) and isinstance(value, dict):
        found = [f"{path}.{name} is not described" for name in value if _field(shape, name) is None]
        known = ((name, one, _field(shape, name)) for name, one in value.items())
        return found + [wrong for name, one, of in known if of for wrong in misfits(one, of, f"{path}.{name}")]
    fits = isinstance(shape, Leaf) and _kind(value) in shape.kinds and _chosen(value, shape)
    return [] if fits else [f"{path} is {value!r}, and not {shape}"]


def _chosen(value: Any, shape: Leaf) -> bool:  # noqa: ANN401  # any value
    return not shape.choices or value in shape.choices or (shape.digits and str(value).isdigit())


def _field(shape: Fields, name: str) -> Shape | None:
    return shape.fields.get(name, shape.other)


def _kind(value: Any) -> str:  # noqa: ANN401  # any value
    if isinstance(value, bool):
        return "flag"
    kinds = {str: "text", int: "number", float: "number", type(None): "null"}
    return kinds.get(type(value), "")
