"""What gdb said of a program → its stops, its end, and what was asked at each stop."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from elfworlds.traces import lddebug, mi
from elfworlds.traces.gdb_answers import GdbAnswer, Stop, number_of, text_of
from elfworlds.traces.places import Places, address, mappings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from elfworlds.jsondata import JsonObject
    from elfworlds.traces.ldtrace import LinkMap
    from elfworlds.traces.mi import MiValue, Record

    At: TypeAlias = tuple[int | None, int | None]  # the process, and the number of the stop

RUN_TOKEN = 1
FIRST_TOKEN = 1000
MARK = "elfworlds: stop "
_REGISTER = re.compile(r"([a-z0-9_]{1,20})\s{1,40}(0x[0-9a-f]{1,64})\s.*")
_PROGRAM = re.compile(r"(?m)^exe = '(.*)'$")
_MARK = re.compile(rf"(?m)^{MARK}([0-9]{{1,6}})\n")


@dataclass(frozen=True, slots=True)
class GdbSession:
    """Whether the program ran and ended under gdb, how, why gdb could not start it, and the value `gdb`."""

    started: bool
    ended: bool
    exit: int | None
    signal: str | None
    error: str | None
    values: JsonObject


def read(text: str, files: Mapping[str, str]) -> GdbSession:
    """What a session of `observers/gdb_session.py` says; never raises.

    Args:
        text: gdb's MI output, cut anywhere.
        files: the loader's accounts of its link maps by file name, `ld-debug.PID`.
    """
    records = mi.parse(text)
    stops = _stops(records, _asked(records))
    maps = _link_maps(stops, files)
    framed = [_Framed(stop, _places(stop, maps.get((stop.pid, stop.number), ()))) for stop in stops]
    ends = [stop for stop in stops if stop.state == "exited"]
    end = ends[-1] if ends else None
    error = next((text_of(record.results.get("msg")) for record in records if _not_started(record)), None)
    return GdbSession(
        started=any(_running(record) for record in records),
        ended=end is not None,
        exit=end.exit if end else None,
        signal=end.signal if end else None,
        error=error,
        values={
            "stops": [stop.values() for stop in framed],
            "backtrace": _last_backtrace(framed),
            "shared-libraries": next((many for stop in reversed(stops) if (many := _libraries(stop))), []),
            "linker-namespaces": next(
                (namespaces for stop in reversed(stops) if (namespaces := _namespaces(stop))), None
            ),
            "commands": _outputs(stops, "command"),
            "values": _outputs(stops, "value"),
            "error": error,
        },
    )


def _asked(records: Sequence[Record]) -> list[tuple[str, str]]:
    """Kind and name of each question at a stop, as the session had gdb repeat them."""
    for text in _paragraphs(records):
        if text.startswith('{"asked": '):
            try:
                return [(str(kind), str(name)) for kind, name in json.loads(text)["asked"]]
            except (ValueError, KeyError, TypeError, RecursionError):
                continue
    return []


def _paragraphs(records: Sequence[Record]) -> Iterator[str]:
    """What gdb printed before each answer."""
    printed: list[str] = []
    for record in records:
        if record.kind == mi.CONSOLE:
            printed.append(record.text)
        elif record.kind == mi.RESULT:
            yield "".join(printed)
            printed = []


def _not_started(record: Record) -> bool:
    return record.kind == mi.RESULT and record.token == RUN_TOKEN and record.word == "error"


def _running(record: Record) -> bool:
    """Whether gdb says that the shell it started has become the program."""
    return record.kind == mi.RESULT and record.token == RUN_TOKEN and record.word == "running"


def _stops(records: Sequence[Record], asked: list[tuple[str, str]]) -> list[Stop]:
    stops: list[Stop] = []
    pid = None
    printed: list[str] = []
    for record in records:
        if record.kind == mi.NOTIFY and record.word == "thread-group-started":
            pid = number_of(record.results.get("pid"), 10)
        elif record.kind == mi.EXEC and record.word == "stopped":
            stops.append(Stop(record.results, pid))
        elif record.kind == mi.CONSOLE:
            printed.append(record.text)
        elif record.kind == mi.RESULT:
            if stops:
                _answered(stops[-1], record, "".join(printed), asked)
            printed = []
    return stops


def _answered(stop: Stop, record: Record, printed: str, asked: list[tuple[str, str]]) -> None:
    if not asked or record.token is None or record.token < FIRST_TOKEN or stop.state == "exited":
        return
    number, position = divmod(record.token - FIRST_TOKEN, len(asked))
    stop.number = number if stop.number is None else stop.number
    if record.word == "done":
        stop.answers[asked[position]] = GdbAnswer(record.results, printed)
    elif record.word == "error":
        stop.answers[asked[position]] = GdbAnswer({}, printed, text_of(record.results.get("msg")) or "error")


def _link_maps(stops: list[Stop], files: Mapping[str, str]) -> dict[At, tuple[LinkMap, ...]]:
    """The link maps of each stop: those of the loader's account up to the mark that was set there."""
    link_maps: dict[At, tuple[LinkMap, ...]] = {}
    for pid in dict.fromkeys(stop.pid for stop in stops):
        numbers = {stop.number for stop in stops if stop.pid == pid}
        placed: dict[int, LinkMap] = {}
        for part, number in _parts(files.get(f"ld-debug.{pid}", "")):
            for link_map in lddebug.parse(part).link_maps:
                placed.pop(link_map.base or 0, None)
                placed[link_map.base or 0] = link_map
            if number in numbers:
                link_maps.setdefault((pid, number), tuple(placed.values()))
    return link_maps


def _parts(account: str) -> Iterator[tuple[str, int | None]]:
    """The text before each mark, with the number of that mark; last the text after all marks, with None."""
    parts = _MARK.split(account)
    yield from zip(parts[::2], [*map(int, parts[1::2]), None], strict=True)


def _places(stop: Stop, link_maps: tuple[LinkMap, ...]) -> Places:
    program = _PROGRAM.search(stop.printed("program") or "")
    return Places(program[1] if program else None, mappings(stop.printed("mappings") or ""), link_maps)


@dataclass(frozen=True, slots=True)
class _Framed:
    """A stop, and where the addresses lie that gdb names there."""

    stop: Stop
    places: Places

    def values(self) -> JsonObject:
        """The values of a stop that matchers can ask for."""
        stop, places = self.stop, self.places
        frame = _frame(stop.reported.get("frame"), places)
        return {
            "state": stop.state,
            "signal": stop.signal,
            "exit": stop.exit,
            "function": frame["function"] if frame else None,
            "frame": frame,
            "backtrace": self.backtrace(),
            "values": {name: _value(stop, name, places) for name, _ in stop.answered("value")},
            "commands": {name: answer.text for name, answer in stop.answered("command")},
            "threads": [_thread(mapping, places) for mapping in _mappings(stop.results("threads").get("threads"))],
            "registers": _registers(stop.printed("registers") or ""),
        }

    def backtrace(self) -> list[JsonObject]:
        frames = (_frame(mapping, self.places) for mapping in _mappings(self.stop.results("backtrace").get("stack")))
        return [frame for frame in frames if frame]


def _outputs(stops: Sequence[Stop], kind: str) -> dict[str, dict[str, str]]:
    """By name, what a question yielded last, and the last error that gdb gave for it: `output` and `error`."""
    outputs: dict[str, dict[str, str]] = {}
    for stop in stops:
        for (asked, name), answer in stop.answers.items():
            if asked == kind:
                output = answer.text if kind == "command" else text_of(answer.results.get("value")) or ""
                outputs.setdefault(name, {}).update({"error": answer.error} if answer.error else {"output": output})
    return outputs


def _frame(mi_value: MiValue | None, places: Places) -> JsonObject | None:
    if not isinstance(mi_value, dict):
        return None
    function = text_of(mi_value.get("func"))
    counter = number_of(mi_value.get("addr"), 16)
    return {
        "level": number_of(mi_value.get("level", "0"), 10),
        "function": None if function == "??" else function,
        "address": None if counter is None else places.locate(counter),
        "file": text_of(mi_value.get("file")),
        "line": number_of(mi_value.get("line"), 10),
    }


def _value(stop: Stop, name: str, places: Places) -> JsonObject:
    """A value as gdb prints it; where it points to; and where it lies, for what has an address."""
    value = text_of(stop.results("value", name).get("value")) or ""
    pointed, own = address(value), address(text_of(stop.results("address", name).get("value")) or "")
    return {
        "value": value,
        "points-to": None if pointed is None else places.locate(pointed),
        "address": None if own is None else places.locate(own),
    }


def _thread(thread: dict[str, MiValue], places: Places) -> JsonObject:
    frame = _frame(thread.get("frame"), places)
    return {
        "id": number_of(thread.get("id"), 10),
        "name": text_of(thread.get("name")),
        "state": text_of(thread.get("state")),
        "function": frame["function"] if frame else None,
        "frame": frame,
    }


def _registers(text: str) -> dict[str, str]:
    matches = (_REGISTER.fullmatch(line) for line in text.split("\n"))
    return {match[1]: match[2] for match in matches if match}


def _namespaces(stop: Stop) -> str | None:
    return stop.printed("linker-namespaces")


def _libraries(stop: Stop) -> list[JsonObject]:
    return [
        {
            "path": text_of(mapping.get("target-name")),
            "from": next((text_of(part.get("from")) for part in _mappings(mapping.get("ranges"))), None),
            "to": next((text_of(part.get("to")) for part in _mappings(mapping.get("ranges"))), None),
            "symbols": mapping.get("symbols-loaded") == "1",
        }
        for mapping in _mappings(stop.results("sharedlibrary").get("shared-libraries"))
    ]


def _last_backtrace(framed: list[_Framed]) -> list[JsonObject]:
    """Of the last stop at a signal, else of the last stop."""
    having = [(framed_stop.stop.state, frames) for framed_stop in framed if (frames := framed_stop.backtrace())]
    at_signals = [frames for state, frames in having if state in ("signal", "attached")]
    last = at_signals or [frames for _, frames in having]
    return last[-1] if last else []


def _mappings(data: MiValue | None) -> list[dict[str, MiValue]]:
    return [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []
