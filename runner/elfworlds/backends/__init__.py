"""Who makes objects: a `Backend` turns a plan into a `Build`."""

from elfworlds.backends.types import Again, Artifact, Backend, Build, Failure

__all__ = ["Again", "Artifact", "Backend", "Build", "Failure"]
