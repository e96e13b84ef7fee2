"""Real Nix makes the objects: one derivation per build key."""

from elfworlds.backends.nix.backend import NixBackend

__all__ = ["NixBackend"]
