"""The version of elfworlds, said once."""

__version__ = "0.1.0"
