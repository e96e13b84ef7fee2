"""The language described from its types: the reference for people, the JSON Schema for editors."""

from elfworlds.spec.reference.markdown import reference
from elfworlds.spec.reference.schema import schema

__all__ = ["reference", "schema"]
