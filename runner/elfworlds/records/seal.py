"""What shows that a run's files are as they were written.

    seal.json   {"run":…,"files":…,"seal":…}   a name of the run that no other run has; file → sha256, of those
                                               that are written once; the seal of this line
    a line      {…,"seal":…}                   the digest of the run's name, the file, the line's number and the line
    complete    {"lines":…,"seal":…}           file → how many lines it has

Whoever changes a line, takes one away, or puts one in from elsewhere, leaves a seal that does not fit. It is no
signature: who knows how seals are made can make them.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.errors import InputError
from elfworlds.records.damage import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FILE = "seal.json"
COMPLETE = "complete"
DIGITS = 32
_BEFORE, _AFTER = ',"seal":"', '"}'
_LENGTH = len(_BEFORE) + DIGITS + len(_AFTER)
FURTHEST = 10_000  # lines that may be missing before the line that a seal belongs to is not looked for any more


@dataclass(frozen=True, slots=True)
class Seal:
    """What the lines of a run are sealed with.

    Attributes:
        run: the run's name, which no other run has.
        files: file → its digest, of those that are written once.
    """

    run: str
    files: Mapping[str, str]

    def mark(self, file: str, number: int, body: str) -> str:
        """The seal of a line; `number` counts from 1."""
        return hashlib.sha256(f"{self.run}:{file}:{number}:{body}".encode()).hexdigest()[:DIGITS]

    def sealed(self, file: str, number: int, line: str) -> str:
        """A line with its seal; both without a line break."""
        body = line[:-1]
        return f"{body}{_BEFORE}{self.mark(file, number, body)}{_AFTER}"

    def check(self, file: str, number: int, line: str) -> None:
        """Whether a line is what was written there.

        Raises:
            DamagedError: it is not.
        """
        body, mark = _parts(line)
        if not mark:
            raise DamagedError("has no seal: the run did not write it")
        if self.mark(file, number, body) != mark:
            raise DamagedError(self._why(file, number, body, mark))

    def _why(self, file: str, number: int, body: str, mark: str) -> str:
        """What is wrong with a line whose seal does not fit: some other line's may."""
        fits = (at for at in range(1, number + FURTHEST) if self.mark(file, at, body) == mark)
        other = next(fits, None)
        if other is None:
            return "does not fit its seal: it was changed, or is of another run"
        if other > number:
            return f"is missing: what stands there was written as line {other}"
        return f"was put in: what stands there was written as line {other}"

    def check_file(self, directory: Path, name: str) -> None:
        """Whether a file that is written once is what was written.

        Raises:
            InputError: it is not, or cannot be read.
        """
        path = directory / name
        if why := paths.why_unreadable(path):
            raise InputError(f"{path}: {why}")
        try:
            digest = digest_of(path.read_bytes())
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from None
        if digest != self.files[name]:
            raise InputError(f"{path}: does not fit its seal: it was changed after the run wrote it")

    def closing(self, lines: Mapping[str, int]) -> str:
        """What `complete` holds; `lines` says of each file how many it has."""
        return self.sealed(COMPLETE, 1, json.dumps({"lines": lines}, separators=(",", ":"))) + "\n"

    def lines_of(self, directory: Path) -> Mapping[str, int]:
        """How many lines each file of a complete run has.

        Raises:
            InputError: `complete` is damaged.
        """
        path = directory / COMPLETE
        try:
            line = path.read_text().rstrip("\n")
            self.check(COMPLETE, 1, line)
            return {str(name): int(number) for name, number in json.loads(line)["lines"].items()}
        except DamagedError as error:
            raise InputError(f"{path}: {error}") from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path}: {error}") from None

    @property
    def text(self) -> str:
        """What seal.json holds."""
        line = json.dumps({"run": self.run, "files": dict(self.files)}, separators=(",", ":"))
        return Seal("", {}).sealed(FILE, 1, line) + "\n"


def new(files: Mapping[str, str]) -> Seal:
    """The seal of a new run with these files: name → text."""
    return Seal(os.urandom(DIGITS // 2).hex(), {name: digest_of(text.encode()) for name, text in files.items()})


def read(directory: Path) -> Seal | None:
    """The seal of a run; None where it has none, as those of earlier versions.

    Raises:
        InputError: it is damaged.
    """
    path = directory / FILE
    if os.path.lexists(path) and (why := paths.why_unreadable(path)):
        raise InputError(f"{path}: {why}")
    try:
        line = path.read_text().rstrip("\n")
        Seal("", {}).check(FILE, 1, line)
        data = json.loads(line)
        return Seal(data["run"], data["files"])
    except FileNotFoundError:
        return None
    except DamagedError as error:
        raise InputError(f"{path}: {error}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: no seal: {error}") from None


def without(line: str) -> str:
    """A line as it was before it was sealed."""
    body, mark = _parts(line)
    return f"{body}}}" if mark else line


def sealed_lines(seal: Seal | None, file: str, lines: Iterable[str], first: int = 1) -> str:
    """Lines as a file's text, each sealed where the run is; `first` is the number of the first one."""
    if seal is None:
        return "".join(f"{line}\n" for line in lines)
    return "".join(f"{seal.sealed(file, number, line)}\n" for number, line in enumerate(lines, first))


def digest_of(data: bytes) -> str:
    """The digest of a file's bytes."""
    return hashlib.sha256(data).hexdigest()[:DIGITS]


def _parts(line: str) -> tuple[str, str]:
    """A line's body, which lacks its last brace, and its seal; an empty seal where it has none."""
    at = len(line) - _LENGTH
    if at > 0 and line.startswith(_BEFORE, at) and line.endswith(_AFTER):
        return line[:at], line[at + len(_BEFORE) : -len(_AFTER)]
    return line, ""
