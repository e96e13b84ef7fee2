"""Each leaf of an experiment file is read, or refused with a hint."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

from elfworlds import refs
from elfworlds.spec.leaves.matchers import MatcherError, check_matcher
from elfworlds.yamltext import Scalar, closest, core, flow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from elfworlds.refs import Template
    from elfworlds.yamltext import Data, Path

NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
VALUE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
EVENT_NAME = re.compile(rf"{VALUE_NAME.pattern}(\.{VALUE_NAME.pattern})?")
HANDLE = re.compile(rf"{VALUE_NAME.pattern}(\[[0-9]{{1,6}}\])?")
FILE_STEM = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+.-]*")
C_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\([A-Za-z0-9_, ]*\))?")
ENV_NAME = re.compile(r"[^=\x00]+")
SECONDS = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(ms|s|min|)")
TIMES = "for example 30, 0.5, 200ms or 2min"
SIZE = re.compile(r"([0-9]+) ?(KiB|MiB|GiB|)")
LONGEST_COMMAND = 100_000
LONGEST_TIME = 7 * 24 * 3600.0
MOST_REPEATS = 100_000
UNITS = {"ms": 0.001, "s": 1.0, "": 1.0, "min": 60.0}
SIZES = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
LARGEST_SIZE = 1 << 50
OF_A_SHELL = {"|", "||", "&&", ";", "&", ">", ">>", "<", "2>", "2>&1"}
CAPTURES = ("pipe", "file", "pty")


def refuse(message: str, hint: str | None = None, path: Path = (), *, at_key: bool = False) -> PydanticCustomError:
    """A problem at this place of the file, or at a path below it; `hint` says what would be right."""
    context = {"message": message, "hint": hint or "", "path": path, "at_key": at_key}
    return PydanticCustomError("form", "{message}", context)


def kind(data: Data) -> str:
    """What a piece of data is called to its author."""
    if data is None:
        return "nothing"
    if isinstance(data, list):
        return "a list"
    return "a mapping" if isinstance(data, dict) else "a word"


def text(data: Data) -> str:
    if isinstance(data, str):
        if "\x00" in data:
            raise refuse("a NUL character")
        return str(data)
    names_one = isinstance(data, dict) and list(data.values()) == [None]
    hint = f'a reference is "${{{next(iter(data))}}}"' if isinstance(data, dict) and names_one else None
    raise refuse(f"expected text, found {kind(data)}", hint)


def scalar(data: Data) -> Scalar | None:
    if data is None or isinstance(data, Scalar):
        template(data or "")
        return data
    return Scalar(text(data), plain=False)


def template(data: Data) -> Template:
    try:
        return refs.parse(text(data))
    except refs.RefError as error:
        raise refuse(str(error), "a literal `${` is written `$${`") from None


def words(data: Data) -> tuple[Template, ...]:
    """A command line, split as a POSIX shell would; no shell runs it."""
    line = text(data)
    if len(line) > LONGEST_COMMAND:
        raise refuse(f"a command of more than {LONGEST_COMMAND} characters", "let the program read a file, or `stdin`")
    try:
        parts = shlex.split(line)
    except ValueError as error:
        raise refuse(f"this does not split into words: {str(error).lower()}") from None
    for word in set(parts) & OF_A_SHELL & set(line.split()):
        hint = f"give it to one, as in sh -c 'a {word} b', or quote it to mean the word: \"{word}\""
        raise refuse(f"`{word}` is a shell's, and no shell reads this", hint)
    if not parts:
        raise refuse("an empty command", 'say what to run: "${application} argument …"')
    return tuple(template(word) for word in parts)


def command(data: Data) -> tuple[Template, ...]:
    """A command as a list of words, or on a line, as `words` has it."""
    if not isinstance(data, list):
        return words(data)
    if not data:
        raise refuse("an empty command", "its first word is a tool: [strip, --strip-all]")
    return tuple(template(word) for word in data)


def matching(pattern: re.Pattern[str], what: str) -> Callable[[Data], str]:
    def check(data: Data) -> str:
        word = text(data)
        if not pattern.fullmatch(word):
            raise refuse(f"`{word}` is no {what}", f"it must match {pattern.pattern}")
        return word

    return check


def boolean(data: Data) -> bool:
    value = core(data) if isinstance(data, str) else data
    if not isinstance(value, bool):
        raise refuse(f"expected true or false, found {_shown(data)}")
    return value


def count(data: Data) -> int | Template:
    if isinstance(data, str) and "${" in data:
        return template(data)
    value = core(data) if isinstance(data, str) else data
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise refuse(f"expected a whole number of at least 1, found {_shown(data)}")
    if value > MOST_REPEATS:
        raise refuse(f"more than {MOST_REPEATS} repetitions")
    return value


def times(data: Data) -> int | Template:
    """A number of repetitions beyond the first; zero is allowed."""
    if isinstance(data, str) and core(data) == 0:
        return 0
    try:
        return count(data)
    except PydanticCustomError:
        raise refuse(f"expected a whole number, 0 or more, found {_shown(data)}") from None


def capture(data: Data) -> str | Template:
    if isinstance(data, str) and "${" in data:
        return template(data)
    return one_of(*CAPTURES)(data)


def seconds(data: Data) -> float | Template:
    if isinstance(data, str) and "${" in data:
        return template(data)
    value = duration(data) if isinstance(data, str) else None
    if not value:
        raise refuse(f"expected a time, found {_shown(data)}", TIMES)
    if value > LONGEST_TIME:
        raise refuse("a time of more than a week", TIMES)
    return value


def stated_seconds(data: Data) -> float:
    """A time that no axis can give."""
    value = seconds(data)
    if isinstance(value, float):
        return value
    raise refuse(f"expected a time, found {_shown(data)}", f"it is the same at all points: {TIMES}")


def duration(text: str) -> float | None:
    """Seconds; None where the text is no time."""
    match = SECONDS.fullmatch(text)
    return float(match[1]) * UNITS[match[2]] if match else None


def size(data: Data) -> int | Template:
    """A number of bytes."""
    if isinstance(data, str) and "${" in data:
        return template(data)
    match = SIZE.fullmatch(data) if isinstance(data, str) else None
    value = int(match[1]) * SIZES[match[2]] if match else LARGEST_SIZE + 1
    if value > LARGEST_SIZE:
        raise refuse(f"expected a size of at most 1024 TiB, found {_shown(data)}", "for example 65536, 64MiB or 2GiB")
    return value


def one_of(*known: str) -> Callable[[Data], str]:
    def check(data: Data) -> str:
        word = text(data)
        if word not in known:
            raise refuse(f"`{word}` is not known here", closest(word, known))
        return word

    return check


def _shown(data: Data) -> str:
    return f"`{data}`" if isinstance(data, str) else kind(data)


def one_or_many(data: Data) -> list[Data]:
    return data if isinstance(data, list) else [data]


def listed(data: Data) -> list[Data]:
    if isinstance(data, list):
        return data
    raise refuse(f"expected a list, found {kind(data)}", f"write {flow(data)}" if isinstance(data, str) else None)


def spliced(data: Data) -> list[Data]:
    """A list with the items of the lists in it, so that an alias can stand for several steps."""
    if not isinstance(data, list):
        raise refuse(f"expected a list of steps, found {kind(data)}", "each step is `- verb: …`")
    steps = list(flat(data))
    if not steps:
        raise refuse("an empty list of steps", "each step is `- verb: …`")
    return steps


def flat(data: list[Data]) -> Iterator[Data]:
    """What a list holds, and what the lists in it hold."""
    for item in data:
        if isinstance(item, list):
            yield from flat(item)
        else:
            yield item


def matcher(data: Data) -> Data:
    try:
        check_matcher(data)
    except MatcherError as error:
        raise refuse(str(error), error.hint, error.path, at_key=error.at_key) from None
    return data


@dataclass(frozen=True, slots=True)
class Axis:
    """One varied thing: its labels in order, and what each stands for; `listed` where each stands for itself."""

    values: tuple[tuple[str, Data], ...]
    listed: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(label for label, _ in self.values)


def axis(data: Data) -> Axis:
    """A list of scalars, each its own label, or a mapping label → value of any type."""
    if isinstance(data, dict):
        values = tuple((text(label), Scalar("null") if value is None else value) for label, value in data.items())
    elif isinstance(data, list):
        values = tuple(_listed_values(data))
    else:
        hint = f"write {flow(data)}" if isinstance(data, str) else "write [value, …]"
        raise refuse(f"an axis is a list of values or a mapping label → value, not {kind(data)}", hint)
    if not values:
        raise refuse("an axis without values", "give it at least one, or remove it")
    return Axis(values, listed=isinstance(data, list))


def _listed_values(data: list[Data]) -> Iterator[tuple[str, Scalar]]:
    seen: set[str] = set()
    for position, item in enumerate(data):
        if isinstance(item, list | dict):
            hint = "give the values labels: {label: value, …}"
            raise refuse(f"an axis' list holds words and numbers, not {kind(item)}", hint, (position,))
        label = label_of(item)
        if label in seen:
            raise refuse(f"`{label}` stands twice in this axis", path=(position,))
        seen.add(label)
        yield label, item if isinstance(item, Scalar) else Scalar(label)


def label_of(data: str | None) -> str:
    return "null" if data is None else text(data)
