"""The experiment file as types: `load` checks a document; the reference and the JSON Schema describe the language."""

from elfworlds.spec.load import Spec, load

__all__ = ["Spec", "load"]
