"""Who makes objects: a `Backend` turns a plan into a `Build`."""

from elfworlds.backends.types import Artifact, Backend, Build, Failure

__all__ = ["Artifact", "Backend", "Build", "Failure"]
