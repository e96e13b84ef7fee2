"""What strace -f -y writes → files opened, parts of files mapped, programs started."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_STARTED = re.compile(r"([0-9]{1,10}) {1,10}(.*)")
_ENDED = re.compile(r"(?m)^([0-9]{1,10}) {1,10}\+\+\+ (?:exited with|killed by) ")
_UNFINISHED = " <unfinished ...>"
_RESUMED = re.compile(r"<\.\.\. [a-z0-9_]{1,40} resumed>")
_CALL = re.compile(r"([a-z0-9_]{1,40})\(")
_PATH = r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"(?:\.\.\.)?'
_FD = r"(?:AT_FDCWD|-?[0-9]{1,10})(?:<([^<>]*+)>)?(?:\(deleted\))?"
_OPEN = re.compile(rf"(?:(?:open|creat)\(|openat2?\({_FD}, ){_PATH}(?:, (?:\{{flags=)?([A-Z0-9_|x]{{1,400}}))?")
_EXEC = re.compile(rf"(?:execve\(|execveat\({_FD}, ){_PATH}")
_MMAP = re.compile(
    r"mmap2?\([^,]{1,30}, ([0-9]{1,20}), ([A-Z0-9_|x]{1,200}), [^,]{1,200}, "
    rf"{_FD}, (0x[0-9a-f]{{1,16}}|[0-9]{{1,20}})"
)
_RESULT = re.compile(
    r"\) {1,80}= (-?[0-9]{1,20}|\?|0x[0-9a-f]{1,16})(?:<([^<>]*+)>)?(?:\(deleted\))?"
    r"(?: ([A-Z][A-Z0-9_]{1,30}) \([^()]{0,200}\))?(?: \([A-Z_|]{1,200}\))?$"
)
_ESCAPED = re.compile(r"(?:\\(?:[0-7]{1,3}|x[0-9a-f]{2}))+|\\.")
_BYTE = re.compile(r"\\(?:x([0-9a-f]{2})|([0-7]{1,3}))")
_CHARACTERS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
OPENS = frozenset({"open", "openat", "openat2", "creat"})
EXECS = frozenset({"execve", "execveat"})
MAPS = frozenset({"mmap", "mmap2"})


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A file that was to be opened, or a program that was to be started.

    Attributes:
        result: `ok`, or the name of errno(3); `?` where the call never came back.
        flags: as open(2) names them; of a program empty.
        file: what was opened, as the kernel names it; None where nothing was.
    """

    pid: int
    path: str
    result: str
    flags: str
    file: str | None


@dataclass(frozen=True, slots=True)
class MmapCall:
    """Part of a file mapped into memory; `prot` as mmap(2) names it, offset and length in bytes."""

    pid: int
    path: str
    prot: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class SyscallTrace:
    """What was seen, in order.

    Attributes:
        calls: the names of all that were traced.
        pids: in order of appearance.
        ended: the processes whose end strace saw.
    """

    opens: tuple[OpenCall, ...]
    executes: tuple[OpenCall, ...]
    maps: tuple[MmapCall, ...]
    calls: tuple[str, ...]
    pids: tuple[int, ...]
    ended: frozenset[int]


def parse(text: str) -> SyscallTrace:
    """Everything the text says; lines that are none of strace's are passed over, and it never raises."""
    calls = [(pid, match[1], call) for pid, call in _calls(text) if (match := _CALL.match(call))]
    return SyscallTrace(
        opens=tuple(opened for pid, name, call in calls if name in OPENS and (opened := _opened(pid, call, _OPEN))),
        executes=tuple(
            executed for pid, name, call in calls if name in EXECS and (executed := _opened(pid, call, _EXEC))
        ),
        maps=tuple(part for pid, name, call in calls if name in MAPS and (part := _mapped(pid, call))),
        calls=tuple(name for _, name, _ in calls),
        pids=tuple(dict.fromkeys(pid for pid, _, _ in calls)),
        ended=frozenset(int(match[1]) for match in _ENDED.finditer(text)),
    )


def _calls(text: str) -> Iterator[tuple[int, str]]:
    """Each call with its process, those that another process' line cut in two put together."""
    unfinished: dict[int, str] = {}
    for line in text.split("\n"):
        started = _STARTED.fullmatch(line)
        if started is None:
            continue
        pid, call = int(started[1]), started[2]
        resumed = _RESUMED.match(call)
        if resumed:
            call = unfinished.pop(pid, "") + call[resumed.end() :]
        if call.endswith(_UNFINISHED):
            unfinished[pid] = call.removesuffix(_UNFINISHED)
        else:
            yield pid, call
    yield from unfinished.items()


def _opened(pid: int, call: str, pattern: re.Pattern[str]) -> OpenCall | None:
    asked = pattern.match(call)
    if asked is None:
        return None
    result = _RESULT.search(call)
    path, flags = asked[2], asked[3] if pattern is _OPEN else None
    file = result[2] if result else None
    return OpenCall(pid, _plain(path), _result(result), flags or "", None if file is None else _plain(file))


def _mapped(pid: int, call: str) -> MmapCall | None:
    """Memory without a file has the descriptor -1, which has no path."""
    asked = _MMAP.match(call)
    if asked is None or asked[3] is None or _result(_RESULT.search(call)) != "ok":
        return None
    return MmapCall(pid, _plain(asked[3]), asked[2], int(asked[4], 0 if "x" in asked[4] else 10), int(asked[1]))


def _result(match: re.Match[str] | None) -> str:
    if match is None or match[1] == "?":
        return "?"
    return match[3] if match[1] == "-1" and match[3] else "ok"


def _plain(text: str) -> str:
    """A path without strace's escapes; bytes that are no UTF-8 become U+FFFD."""
    return _ESCAPED.sub(_character, text)


def _character(escape: re.Match[str]) -> str:
    numbers = [int(match[1], 16) if match[1] else int(match[2], 8) & 0xFF for match in _BYTE.finditer(escape[0])]
    if numbers:
        return bytes(numbers).decode("utf-8", "replace")
    return _CHARACTERS.get(escape[0][1], escape[0][1])
