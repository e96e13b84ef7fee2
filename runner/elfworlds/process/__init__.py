"""The only door to other programs: start, watch, bound, and end all that was started."""

from elfworlds.process.command import Command, Completed, Left, Stream
from elfworlds.process.pool import Pool, Runner

__all__ = ["Command", "Completed", "Left", "Pool", "Runner", "Stream"]
