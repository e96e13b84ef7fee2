"""The experiment file as types: `load` a document, or export what it may hold as a JSON Schema."""

from elfworlds.spec.load import Spec, load

__all__ = ["Spec", "load"]
