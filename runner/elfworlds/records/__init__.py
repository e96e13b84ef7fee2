"""The run directory: written while a run goes on, read by every report, continued after a kill."""

from elfworlds.records.directory import RunDirectory
from elfworlds.records.foretold import COPIES, GONE, LOADS, ForetoldRecord
from elfworlds.records.resume import Opened, environment_digest, open_run
from elfworlds.records.run import RunRecord, read_run
from elfworlds.records.traced import trace_record
from elfworlds.records.types import (
    Bindings,
    ClaimRecord,
    EnvironmentRecord,
    EventRecord,
    LinkMapRecord,
    ObjectRecord,
    RunAbout,
    SearchRecord,
    ToolchainRecord,
    TraceRecord,
    TreeRecord,
    TrialRecord,
)

__all__ = [
    "COPIES",
    "GONE",
    "LOADS",
    "Bindings",
    "ClaimRecord",
    "EnvironmentRecord",
    "EventRecord",
    "ForetoldRecord",
    "LinkMapRecord",
    "ObjectRecord",
    "Opened",
    "RunAbout",
    "RunDirectory",
    "RunRecord",
    "SearchRecord",
    "ToolchainRecord",
    "TraceRecord",
    "TreeRecord",
    "TrialRecord",
    "environment_digest",
    "open_run",
    "read_run",
    "trace_record",
]
