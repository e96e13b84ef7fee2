"""The plan as values. Paths of objects are symbolic in it, so it holds no store's prefix."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from elfworlds.makers import BUILD_SECONDS, DRIVERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from elfworlds.driver import Opens
    from elfworlds.jsondata import Json
    from elfworlds.trees import Tree

OUT = "@out@"
BUILD = "@build@"
KEY_DIGITS = 40
FILES = "files.dir"  # between two `@` the trial's own directory, which only the trial knows
_KEY = re.compile(rf"@([0-9a-f]{{{KEY_DIGITS}}}|{re.escape(FILES)})@")

Point: TypeAlias = tuple[tuple[str, str], ...]


def directory_of(key: str) -> str:
    """The symbol for the directory of an object, until a `Build` says where it is."""
    return f"@{key}@"


def realise(text: str, directory: Callable[[str], str]) -> str:
    """A symbolic text with every directory put in; `directory` maps a key, or `FILES`, to it."""
    return _KEY.sub(lambda match: directory(match[1]), text)


def keys_in(text: str) -> tuple[str, ...]:
    """The objects whose directories a symbolic text holds, in order."""
    return tuple(key for key in dict.fromkeys(_KEY.findall(text)) if key != FILES)


@dataclass(frozen=True, slots=True)
class ValueRef:
    """Stands in a matcher for another value of the same trial."""

    name: str


# Data of the file with every reference resolved: a matcher, or a part of one.
Resolved: TypeAlias = "str | float | ValueRef | Sequence[Resolved] | Mapping[str, Resolved] | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """Everything that decides one object. `argv[0]` names a tool of the toolchain.

    Attributes:
        key: the digest of all that follows but `name` and `timeout`; equal keys are one object.
        name: the first object of the experiment that asked for it, for people.
        toolchain: who builds it.
        filename: what is made in the directory `@out@`.
        argv: the command; `@out@`, `@build@` and `@<key>@` stand for directories.
        inputs: place in the build directory → sha256 of the file; nothing else is there.
        needs: keys of the objects that must exist before, the transitive ones included.
        links: further names of the file in `@out@`: symbolic links.
        after: commands that edit the file then, one after the other; each has its path as the last word.
        tree: key of the tree of which it is a file; then the tree is all of its inputs, `filename` is the file's
            path in it, and `@<key>@` stands for the tree.
        origin: where in the Nix store the file lies that is copied; empty for all others.
        circle: keys of the others of its circle of needs, whose directories it may name though they need not exist
            before; whoever uses it uses all of them.
        linker: the program that links it, where the experiment names one.
        stub: whether others of a circle are linked with it, and no program ever loads it.
        timeout: seconds that all its commands together may take.
    """

    key: str
    name: str
    toolchain: str
    filename: str
    argv: tuple[str, ...]
    inputs: tuple[tuple[str, str], ...]
    needs: tuple[str, ...]
    links: tuple[str, ...] = ()
    after: tuple[tuple[str, ...], ...] = ()
    tree: str = ""
    origin: str = ""
    circle: tuple[str, ...] = ()
    stub: bool = False
    linker: str = ""
    timeout: float = BUILD_SECONDS

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools of the toolchain that its commands use, each once."""
        return tuple(dict.fromkeys((self.argv[0], *self.named)))

    @property
    def named(self) -> tuple[str, ...]:
        """Those that an experiment names: the compiler, the linker and what edits the file."""
        compiler = (self.argv[0],) if self.argv[0] in DRIVERS else ()
        return (*compiler, *filter(None, [self.linker]), *self.editors)

    @property
    def editors(self) -> tuple[str, ...]:
        """The tools of the toolchain that `after` names, each once."""
        return tuple(dict.fromkeys(words[0] for words in self.after))

    @property
    def directory(self) -> str:
        """The symbol for the directory in which its file lies."""
        return posixpath.dirname(f"{directory_of(self.key)}/{self.filename}")


@dataclass(frozen=True, slots=True)
class Placement:
    """An object of the experiment at some points: which build serves it, and the facts that must hold."""

    object: str
    at: Point
    key: str
    needs: tuple[str, ...]
    expect: Mapping[str, Resolved]


@dataclass(frozen=True, slots=True)
class Judged:
    """A claim or an expectation at a point: the outcomes of which one must be, and what else must hold."""

    outcomes: tuple[str, ...]
    matchers: Mapping[str, Resolved]
    id: str | None = None
    says: str | None = None
    xfail: str | None = None

    @property
    def shown(self) -> str:
        return " | ".join(self.outcomes)


@dataclass(frozen=True, slots=True)
class LaidFile:
    """What lies at a path of a trial's directory before it begins.

    Attributes:
        path: from that directory.
        kind: `object`, `text`, `link` or `directory`.
        holds: symbolic: the object's path, the file's text, what the link holds; empty for a directory.
        mode: permission bits; 0 for a link.
        owner: the number of the user and group; 0 for whoever runs the trial.
    """

    path: str
    kind: str
    holds: str
    mode: int
    owner: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A scenario with every reference resolved for some points; all their trials share it.

    Attributes:
        kind: `run`, or `build` or `inspect` of the object whose key `subject` is.
        argv, env, stdin: symbolic texts.
        retries: how often a trial that failed is tried again.
        capture: what standard output is: `pipe`, `file` or `pty`.
        cpus: how many processors it may use; None for all.
        keys: objects that the trial needs, transitively.
        outcomes: name → value → matcher, in the order in which they are tried.
        show: values that stand beside the outcome in reports.
        program: sha256 of the C that the scenario's steps became; empty where it has none.
        watch: observer → what it is asked.
        sees: toolchains whose roots are seen beside the trial's own.
        files: what lies in the trial's directory, in order of their paths.
        limits: those that the experiment gives, by the keys of its `limits`: bytes, processes, seconds.
        ld_so_conf: directories, symbolic, of which ldconfig makes the trial a cache; none where it has the root's.
        opens: what its program does with the first library that it opens; its text says it too, so it is in no plan.
    """

    kind: str
    subject: str
    toolchain: str
    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    stdin: str
    timeout: float
    retries: int
    capture: str
    cpus: int | None
    keys: tuple[str, ...]
    outcomes: Mapping[str, Mapping[str, Resolved]]
    show: tuple[str, ...]
    program: str = ""
    watch: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    sees: tuple[str, ...] = ()
    files: tuple[LaidFile, ...] = ()
    ld_so_conf: tuple[str, ...] = ()
    limits: tuple[tuple[str, float], ...] = ()
    opens: Opens | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """A scenario at one point under one observer, one repetition (from 1); `number` is its place in the plan."""

    number: int
    id: str
    scenario: str
    point: Point
    observer: str
    repeat: int
    bound: Bound
    claims: tuple[Judged, ...]
    expected: Judged | None


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several parts of what is to be tried, from 1.

    Attributes:
        plan: the digest of the experiment's plan with the trials of all parts.
    """

    number: int
    of: int
    plan: str = ""

    @property
    def words(self) -> str:
        return f"{self.number}/{self.of}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that a run will do, in order.

    Attributes:
        digest: of everything below; two runs with one digest ask the same.
        axes: each axis with its labels, in the file's order; `libc` is always one.
        requests: key → request, needed ones first.
        files: sha256 → bytes of every input.
        trees: key → tree of which objects are files; their bytes stay where they lie.
        shard: which part it is, where others try the rest.
    """

    experiment: str
    question: str
    digest: str
    axes: tuple[tuple[str, tuple[str, ...]], ...]
    requests: Mapping[str, BuildRequest]
    placements: tuple[Placement, ...]
    trials: tuple[Trial, ...]
    files: Mapping[str, bytes]
    trees: Mapping[str, Tree] = field(default_factory=dict)
    shard: Shard | None = None

    def may_fail(self) -> frozenset[str]:
        """Objects of `build` scenarios: if their build fails, that is an outcome."""
        return frozenset(trial.bound.subject for trial in self.trials if trial.bound.kind == "build")

    def programs(self) -> dict[str, str]:
        """sha256 → the C that scenarios' steps became."""
        digests = {trial.bound.program for trial in self.trials} - {""}
        return {digest: self.files[digest].decode() for digest in digests}

    def of_tree(self, key: str) -> tuple[str, ...]:
        """The objects that are files of a tree."""
        placed = (placement for placement in self.placements if placement.key in self.requests)
        return tuple(dict.fromkeys(place.object for place in placed if self.requests[place.key].tree == key))

    def names(self) -> dict[str, str]:
        """Key → the first object's name."""
        return {key: request.name for key, request in self.requests.items()}
