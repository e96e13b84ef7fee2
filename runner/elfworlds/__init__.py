"""elfworlds: a reproducible experiment runner for ELF dynamic loading."""

__version__ = "0.1.0"
