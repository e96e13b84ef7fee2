"""Source files of an experiment, and files that somebody else built: found, read once, digested."""

from elfworlds.sources.files import INCLUDE_DIRECTORY, File, Project, SourceError
from elfworlds.sources.gather import Sources, gather
from elfworlds.sources.prebuilt import PACKAGE, At, Bundled, Prebuilt, in_suite

__all__ = [
    "INCLUDE_DIRECTORY",
    "PACKAGE",
    "At",
    "Bundled",
    "File",
    "Prebuilt",
    "Project",
    "SourceError",
    "Sources",
    "gather",
    "in_suite",
]
