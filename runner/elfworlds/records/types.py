"""One line of a run's files as a value, and the two files about the run.

The fields and their types say what a line must hold; `elfworlds.records.forms` reads and writes them. Times are
seconds, sizes bytes unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from elfworlds.records.foretold import ForetoldRecord  # noqa: TC001  # forms read the hints

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from elfworlds.jsondata import JsonObject
    from elfworlds.outcome import ClaimVerdict, Verdict


@dataclass(frozen=True, slots=True)
class ClaimRecord:
    """What became of a claim that a trial checked."""

    id: str | None
    says: str
    claimed: str
    verdict: ClaimVerdict


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """A line of trials.jsonl.

    Attributes:
        number: the trial's place in the plan.
        trial: its id, and the name of its directory.
        point: axis → label.
        repeat: which repetition, from 1.
        expected: as people read it; None where nothing was.
        shown: what the experiment wants beside the outcome: name → value, None where there is none.
        attempts: the outcome of each try.
        notes: why it was not tried, which object the loader could not find.
        exit, signal: how the program ended; both are None where it did not end by itself.
        cut_bytes: what stdout and stderr had more than was kept.
        command: the command line, as a shell reads it.
        events: how many lines it has in events.jsonl; None where an earlier version wrote it.
        written: file in its directory → digest, of what was kept there.
        ran_on: the name of the worker that tried it, and its kernel, processor and architecture; written for a run on
            a cluster, None where the runner itself tried it.
    """

    number: int
    trial: str
    scenario: str
    point: Mapping[str, str]
    observer: str
    repeat: int
    outcome: str
    expected: str | None
    verdict: Verdict
    why: str | None
    shown: JsonObject
    attempts: tuple[str, ...]
    notes: tuple[str, ...]
    exit: int | None
    signal: str | None
    timed_out: bool | None
    wall_s: float | None
    user_s: float | None
    sys_s: float | None
    max_rss_kb: int | None
    stdout_bytes: int | None
    stderr_bytes: int | None
    cut_bytes: int | None
    command: str | None
    claims: tuple[ClaimRecord, ...]
    events: int | None
    written: Mapping[str, str]
    ran_on: str | None = None
    on_kernel: str | None = None
    on_cpu: str | None = None
    on_architecture: str | None = None


@dataclass(frozen=True, slots=True)
class EventRecord:
    """A line of events.jsonl: what a trial's program told, or a process that it left behind; `fields` are the rest."""

    trial: str
    event: str
    fields: JsonObject


@dataclass(frozen=True, slots=True)
class ObjectRecord:
    """A line of objects.jsonl: an object that was built, and its ELF facts.

    Attributes:
        at: axis → label, of the axes that it reads.
        needs: the objects of the experiment that it is linked with.
        compiler_output: what its compiler and linker wrote.
    """

    object: str
    at: Mapping[str, str]
    key: str
    path: str
    sha256: str
    toolchain: str
    needs: tuple[str, ...]
    type: str
    machine: str
    interp: str | None
    soname: str | None
    needed: tuple[str, ...]
    rpath: tuple[str, ...] | None
    runpath: tuple[str, ...] | None
    build_id: str | None
    flags: tuple[str, ...]
    execstack: bool
    compiler_output: str


@dataclass(frozen=True, slots=True)
class LinkMapRecord:
    """A file mapped into a namespace. Processes are numbered from 0 in order of appearance.

    Attributes:
        position: in the order of loading, from 0.
        name: what was asked for.
        object: the experiment's name for the file; None for what belongs to the system.
        base, dynamic: addresses, as `0x…`.
        needed_by: the object that asked for it; None for the application, and what was opened or preloaded.
        opened: whether dlopen or dlmopen asked for it.
    """

    pid: int
    lmid: int
    needed_by: str | None
    position: int
    name: str
    object: str | None
    path: str
    base: str | None
    dynamic: str | None
    size: int | None
    opened: bool
    sha256: str | None
    build_id: str | None


@dataclass(frozen=True, slots=True)
class SearchRecord:
    """A search of the loader for a name.

    Attributes:
        tried: the rule and the path of each file that was tried.
        found: the file that was taken, if any.
        predicted: the file that should have been; None where none should, or nobody can tell.
        agrees: whether the loader did as predicted; None where nobody can tell.
    """

    pid: int
    lmid: int
    needed_by: str | None
    name: str
    tried: tuple[tuple[str, str], ...]
    found: str | None
    predicted: str | None
    agrees: bool | None


@dataclass(frozen=True, slots=True)
class Bindings:
    """Symbol references and what serves them, in the order of time: columns, since a large program binds a million.

    Attributes:
        from_path, from_lmid: the object that refers, and its namespace.
        to_path, to_lmid: the object whose symbol serves, and its namespace.
        kind: `normal` or `protected`.
        foretold: the object that should serve; None where none should, or nobody can tell.
        agrees: whether it does; None where nobody can tell.
    """

    pid: Sequence[int] = ()
    from_path: Sequence[str] = field(default=(), metadata={"key": "from"})
    from_lmid: Sequence[int] = ()
    to_path: Sequence[str] = field(default=(), metadata={"key": "to"})
    to_lmid: Sequence[int] = ()
    symbol: Sequence[str] = ()
    version: Sequence[str | None] = ()
    kind: Sequence[str] = ()
    foretold: Sequence[str | None] = ()
    agrees: Sequence[bool | None] = ()

    def __len__(self) -> int:
        return len(self.pid)


@dataclass(frozen=True, slots=True)
class TraceRecord:
    """A line of traces.jsonl: what the loader did at a scenario and point, in a trial of its own."""

    scenario: str
    point: Mapping[str, str]
    trial: str
    link_maps: tuple[LinkMapRecord, ...]
    searches: tuple[SearchRecord, ...]
    bindings: Bindings
    foretold: tuple[ForetoldRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class TreeRecord:
    """A tree of files that somebody else made: how much it is, and which objects are files of it."""

    name: str
    key: str
    files: int
    bytes: int
    objects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunAbout:
    """run.json.

    Attributes:
        plan, environment: digests; a run goes on only where both are as they were.
        source: title, url, year, authors; whatever the experiment gives.
        axes: each with its labels.
        versions: what is behind the labels of `libc`, `gdb`, `rustc`: axis → label → `version`, `revision`, `family`,
            `variant`.
        made_with: what made the objects that scenarios build or inspect: scenario → axis → label → part → version.
        planned: how many trials there are in all.
        rerun: the command that makes such a run again.
        trees: those of which objects are files; written where there are some.
        shard: which part of a run it is, as `2/3`, and `whole`, the digest of the whole plan; written for a part.
    """

    schema: int
    plan: str
    environment: str
    experiment: str
    question: str
    source: Mapping[str, str]
    note: str
    axes: Mapping[str, tuple[str, ...]]
    versions: Mapping[str, Mapping[str, Mapping[str, str]]]
    made_with: Mapping[str, Mapping[str, Mapping[str, Mapping[str, str]]]] = field(metadata={"key": "made-with"})
    planned: int
    rerun: str
    trees: tuple[TreeRecord, ...] = ()
    shard: str = ""
    whole: str = ""


@dataclass(frozen=True, slots=True)
class ToolchainRecord:
    """A toolchain that trials ran with; `identity` holds what its compiler says of itself, and digests."""

    name: str
    versions: Mapping[str, str]
    packages: Mapping[str, str]
    identity: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EnvironmentRecord:
    """What is told of environment.json, which holds more.

    Attributes:
        inherited: in words, what trials had from whoever started the runner.
        sandbox: whether builds and trials were in the sandbox; in words, where a weaker one stood in for it.
    """

    system: str
    kernel: str
    machine: str
    cpu: str
    python: str
    elfworlds: str
    backend: str
    toolchains: tuple[ToolchainRecord, ...]
    inherited: tuple[str, ...]
    sandbox: bool | str = False

    @property
    def weaker(self) -> str:
        """What stood in for the sandbox; empty where nothing did."""
        return self.sandbox if isinstance(self.sandbox, str) else ""
