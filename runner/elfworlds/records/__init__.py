"""The run directory: written while a run goes on, read by every report, continued after a kill."""

from elfworlds.records.directory import RunDirectory
from elfworlds.records.resume import Opened, open_run
from elfworlds.records.told import RunTold, told

__all__ = ["Opened", "RunDirectory", "RunTold", "open_run", "told"]
