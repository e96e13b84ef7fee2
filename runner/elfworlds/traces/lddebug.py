"""LD_DEBUG=files,libs,bindings,scopes → link maps, searches, bindings, per process and namespace; pure, never raises.

What glibc (2.31 to 2.41 were read) does not say is filled in by what it implies:

* The application has no link map line unless ld.so was told to run it. Who needs the first name, or is initialised
  and given control, is the application; it bears its argv[0].
* A namespace's own link map of ld.so gets no line either. A search that finds ld.so makes it; in the base namespace
  its bindings do. The vdso is no file and no link map here.
* A link map line holds the name that was asked for; the path is the file that was tried last. A search without such
  a line found a file that is mapped already (or was not to be loaded), unless every directory was tried. What
  LD_PRELOAD, DT_AUXILIARY and `ldd` ask for may be nowhere, and the loader goes on: then a path, or the last of all
  directories, was found only if it is known to be mapped. `prediction` looks at the files and knows better.
* dlmopen of a path is not announced, nor is the program that ld.so is told to run. A link map that nobody asked for was
  opened where the loader says later that it opened the file, or that it unloads it; in LM_ID_BASE it is else a program.
* A new process whose lines begin without an application of its own was forked by the one that wrote the line before.
* `Tried.rule` is the loader's word. It keeps one record per directory, so a directory that stands in several lists
  bears the label of the first that named it. The default directories are always first: `default` before the cache is
  such a case.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field, replace
from functools import singledispatchmethod
from typing import TypeAlias

from elfworlds.resolve import expand_tokens
from elfworlds.traces import ldlines
from elfworlds.traces.ldlines import (
    Addresses,
    Among,
    Called,
    Destroyed,
    MapMade,
    NameAsked,
    OpenReturning,
    Optional,
    ReferenceBound,
    ScopeLine,
    Started,
    Trying,
)
from elfworlds.traces.ldsought import Wanted, is_loader, marked
from elfworlds.traces.ldtrace import (
    Binding,
    Event,
    Forked,
    InitOrFini,
    LinkMap,
    LoaderTrace,
    Scoped,
    Search,
    Settled,
    TriedFile,
    Unloaded,
)

_VDSO = ("linux-vdso", "linux-gate")
_NAMESPACES = 16  # glibc's DL_NNS
_GENERATIONS = 8  # of forks without exec, which bounds what one line costs
_Story: TypeAlias = list[Event | Binding | InitOrFini | Scoped]


def parse(text: str) -> LoaderTrace:
    """Everything the text says; lines that are none of the loader's are passed over."""
    processes: dict[int, _Process] = {}
    story: _Story = []
    last: _Process | None = None
    for pid, line in marked(list(ldlines.read(text))):
        if pid not in processes:
            processes[pid] = last.fork(pid) if last else _Process(pid, story)
        last = processes[pid]
        last.read(line)
    for process in processes.values():
        process.stop()
    return LoaderTrace(
        link_maps=tuple(event for event in story if isinstance(event, LinkMap)),
        searches=tuple(event for event in story if isinstance(event, Search)),
        bindings=tuple(event for event in story if isinstance(event, Binding)),
        calls=tuple(event for event in story if isinstance(event, InitOrFini)),
        events=tuple(event for event in story if not isinstance(event, Binding | InitOrFini | Scoped)),
        pids=tuple(processes),
        story=tuple(story),
    )


def _is_vdso_or_loader(path: str) -> bool:
    return path.startswith(_VDSO) or is_loader(path)


@dataclass(slots=True)
class _Process:
    """What a process has mapped so far; it adds to the story, which all processes share."""

    pid: int
    story: _Story
    application: str | None = None
    running: bool = False
    live: set[tuple[int, str]] = field(default_factory=set)
    mapped: dict[int, int] = field(default_factory=dict)
    newest: dict[str, int] = field(default_factory=dict)
    made: int | None = None
    wanted: Wanted | None = None
    loading: bool = False
    opening: bool = False
    optional: str | None = None
    parents: tuple[_Process, ...] = ()

    def fork(self, pid: int) -> _Process:
        """A process that begins with what this one has mapped, which is looked up there and not copied."""
        self.story.append(Forked(pid, self.pid))
        child = _Process(pid, self.story, self.application, self.running)
        child.parents = (self, *self.parents)[:_GENERATIONS]
        child.mapped = {lmid: self.mapped[lmid] for lmid in range(_NAMESPACES) if lmid in self.mapped}
        return child

    @singledispatchmethod
    def read(self, line: ldlines.Line) -> None:
        """One line of this process; those that follow say how each kind changes what is known."""

    @read.register
    def _(self, line: NameAsked) -> None:
        if not line.opened and line.by_lmid == 0 and self._begins(line.by):
            self._start(line.by)
        elif line.opened:
            self._give_up()
            self._settle()
            self.opening = True
        else:
            self._went_on()
        who = (None, line.by, line.by_lmid) if line.opened else (line.by, None, None)
        wanted = self._want(Search(self.pid, line.lmid, line.name, who[0], (), None, who[1], who[2]))
        wanted.optional, self.optional = line.name == self.optional, None

    @read.register
    def _(self, line: Optional) -> None:
        self._went_on()
        self.optional = line.name

    @read.register
    def _(self, line: Among) -> None:
        if self.wanted:
            self.wanted.rule, self.wanted.last = line.rule, line.last

    @read.register
    def _(self, line: Trying) -> None:
        if self.wanted:
            self.wanted.tried.append(TriedFile(self.wanted.rule, line.path))

    @read.register
    def _(self, line: MapMade) -> None:
        wanted = self.wanted
        if wanted is None or (wanted.search.name, wanted.search.lmid) != (line.name, line.lmid):
            self._give_up()
            self._settle()
            if line.lmid == 0 and not line.opened:
                self._start(line.name)
                return
            self.opening = True
            wanted = self._want(Search(self.pid, line.lmid, line.name, None, (), None))
        self._found(wanted.path or line.name, mapped=True)

    @read.register
    def _(self, line: Addresses) -> None:
        made = None if self.made is None else self.story[self.made]
        if self.made is not None and isinstance(made, LinkMap):
            self.story[self.made] = replace(made, base=line.base, dynamic=line.dynamic, size=line.size)
        self.made = None

    @read.register
    def _(self, line: Destroyed) -> None:
        self._give_up()
        self._settle()
        self.live.discard((line.lmid, line.path))
        self.story.append(Unloaded(self.pid, line.lmid, line.path))

    @read.register
    def _(self, line: OpenReturning) -> None:
        if self.wanted and self.wanted.search.needed_by is None and self.wanted.search.lmid == line.lmid:
            self._found(self.wanted.path, mapped=False)
        self._went_on()
        self._settle()

    @read.register
    def _(self, line: Called) -> None:
        self._went_on()
        self._settle()
        path = line.path or self.application or ""
        lmid = self._lmid_of(path) if line.lmid is None else line.lmid
        self._mention(path, lmid or 0)
        self.story.append(InitOrFini(self.pid, path, line.kind, self._lmid_of(path) if lmid is None else lmid))

    @read.register
    def _(self, line: Started) -> None:
        self._went_on()
        if line.path != self.application or (self.running and not line.running):
            self._start(line.path)
        self.running = line.running
        self._settle()

    @read.register
    def _(self, line: ReferenceBound) -> None:
        if self.application is None and line.from_lmid == 0 and not _is_vdso_or_loader(line.from_path):
            self._start(line.from_path)
        self._mention(line.from_path, line.from_lmid)
        self._mention(line.to_path, line.to_lmid)
        ends = (line.from_path, line.from_lmid, line.to_path, line.to_lmid)
        self.story.append(Binding(self.pid, *ends, line.kind, line.symbol, line.version))

    @read.register
    def _(self, line: ScopeLine) -> None:
        self.story.append(Scoped(self.pid, line))

    def stop(self) -> None:
        """The text ends here; what became of the search that was under way is not said."""
        if self.wanted:
            search = replace(self.wanted.search, tried=tuple(self.wanted.tried))
            self.story[self.wanted.at] = search

    def _knows(self, lmid: int, path: str) -> bool:
        return any((lmid, path) in process.live for process in (self, *self.parents))

    def _lmid_of(self, path: str) -> int | None:
        """The namespace into which a file was mapped last."""
        return next((process.newest[path] for process in (self, *self.parents) if path in process.newest), None)

    def _begins(self, application: str) -> bool:
        """Whether the object that needs a name is the application of a program that begins here."""
        # An application's names are looked for once, before it runs; no child does that again.
        over = self.running or bool(self.parents)
        known = self.application is not None and self._knows(0, application)
        return not known or (over and application == self.application)

    def _start(self, application: str) -> None:
        self._give_up()
        if self.application is not None or self.parents:  # auditors come before an application and stay
            self.live, self.mapped, self.newest, self.parents = set(), {}, {}, ()
        self.application, self.running, self.opening = application, False, False
        self._map(0, application, application)
        self.loading = True

    def _want(self, search: Search) -> Wanted:
        self.wanted = wanted = Wanted(len(self.story), search)
        self.story.append(search)
        if "/" in search.name:
            origin = posixpath.dirname(search.needed_by or search.opened_by or "")
            wanted.tried.append(TriedFile("path", expand_tokens(search.name, origin, {})))
        self.loading = True
        return wanted

    def _give_up(self) -> None:
        """End a search after which nothing was mapped; if it stopped before every place was tried, it found a file."""
        if self.wanted:
            self._found(self.wanted.left_some, mapped=False)

    def _went_on(self) -> None:
        """What comes after every needed name was found: one that was not mapped now was mapped before."""
        wanted = self.wanted
        if wanted and wanted.search.needed_by is not None and wanted.path is not None:
            needed = self.opening and not wanted.optional  # else a preload or ldd, which go on without it
            if needed or is_loader(wanted.path) or self._knows(wanted.search.lmid, wanted.path):
                self._found(wanted.path, mapped=False)
        self._give_up()

    def _found(self, path: str | None, *, mapped: bool) -> None:
        if self.wanted is None:
            return
        search = replace(self.wanted.search, tried=tuple(self.wanted.tried), found=path)
        self.story[self.wanted.at] = search
        self.wanted = None
        silently = path is not None and is_loader(path) and not self._knows(search.lmid, path)
        if path is not None and (mapped or silently):
            opened = search.needed_by is None
            self._map(search.lmid, search.name, path, needed_by=search.needed_by, opened=opened)

    def _map(self, lmid: int, name: str, path: str, *, needed_by: str | None = None, opened: bool = False) -> None:
        position = self.mapped.get(lmid, 0)
        self.made = len(self.story)
        self.story.append(
            LinkMap(self.pid, lmid, position, name, path, None, None, None, needed_by=needed_by, opened=opened)
        )
        self.mapped[lmid] = position + 1
        self.live.add((lmid, path))
        self.newest[path] = lmid

    def _mention(self, path: str, lmid: int) -> None:
        """Bindings and calls are all that is said of ld.so in the base namespace."""
        if lmid == 0 and is_loader(path) and not self._knows(0, path):
            self._map(0, path, path)

    def _settle(self) -> None:
        if self.loading:
            self.story.append(Settled(self.pid))
        self.loading = False
