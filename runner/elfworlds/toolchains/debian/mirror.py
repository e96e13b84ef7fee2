"""Where Debian packages are fetched: what the environment names, else what this machine's apt uses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from elfworlds.errors import BuildFailedError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MIRROR = "ELFWORLDS_DEBIAN_MIRROR"
SNAPSHOT = "ELFWORLDS_DEBIAN_SNAPSHOT"
APT = Path("/etc/apt")
SCHEMES = ("http", "https", "file")
CODE_NAMES = ("stretch", "buster", "bullseye", "bookworm", "trixie", "forky", "duke", "sid")
SUITES = frozenset((*CODE_NAMES, "oldoldstable", "oldstable", "stable", "testing", "unstable"))
_OPTIONS = re.compile(r"\[[^\[\]]*\]")
_GRAPHIC = re.compile(r"[!-~]{1,2000}")


@dataclass(frozen=True, slots=True)
class MirrorSource:
    """An entry of apt's sources that is in use."""

    types: tuple[str, ...]
    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]

    @property
    def is_debian(self) -> bool:
        """Whether it holds Debian's own main suite: neither its security updates nor somebody's packages for it."""
        return "deb" in self.types and "main" in self.components and not SUITES.isdisjoint(self.suites)


@dataclass(frozen=True, slots=True)
class Mirrors:
    """Bases of URLs, in the order in which they are tried; those of snapshots come last."""

    bases: tuple[str, ...]
    snapshot: str = ""

    def urls(self, path: str, date: str) -> Iterator[str]:
        """Every place where a file of the pool may be, for a Release of a date such as `2026-10-30T08:08:01Z`."""
        pool = quote(path)
        yield from (f"{base}/{pool}" for base in self.bases)
        if self.snapshot:
            yield f"{self.snapshot}/{moment(date)}/{pool}"
            yield f"{self.snapshot}/{pool}"


def moment(date: str) -> str:
    """A day after a Release, as snapshots are named.

    A snapshot is taken some time after the Release that it holds, and asking for a moment gives the last one before it;
    files stay in the pool for a day and a half after the last Release that names them.
    """
    after = datetime.strptime(date, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) + timedelta(days=1)
    return after.strftime("%Y%m%dT%H%M%SZ")


def mirrors(environment: Mapping[str, str], apt: Path = APT) -> Mirrors:
    """The mirrors to use.

    Raises:
        InputError: a variable names something else than a URL.
        BuildFailedError: there is none.
    """
    snapshot = _base(SNAPSHOT, environment.get(SNAPSHOT, ""))
    named = _base(MIRROR, environment.get(MIRROR, ""))
    bases = (named,) if named else tuple(dict.fromkeys(_uris(sources(apt))))
    if not bases and not snapshot:
        raise BuildFailedError(
            "no Debian mirror is known: this machine's apt sources name none",
            hint=f"set {MIRROR} to one, such as the URL that ends in /debian in the sources of a Debian system",
        )
    return Mirrors(bases, snapshot)


def _base(variable: str, value: str) -> str:
    if value and not _usable(value):
        raise InputError(f"{variable} is a URL ({', '.join(SCHEMES)}), not `{value[:200]}`")
    return value.rstrip("/")


def _usable(uri: str) -> bool:
    if not _GRAPHIC.fullmatch(uri):
        return False
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return parts.scheme in SCHEMES and bool(parts.netloc or parts.scheme == "file")


def _uris(entries: Iterable[MirrorSource]) -> Iterator[str]:
    yield from (uri.rstrip("/") for entry in entries if entry.is_debian for uri in entry.uris if _usable(uri))


def sources(apt: Path) -> tuple[MirrorSource, ...]:
    """Every entry of the files that apt reads below a directory such as /etc/apt, in its order."""
    parts = apt / "sources.list.d"
    files = [apt / "sources.list", *sorted(parts.glob("*.list")), *sorted(parts.glob("*.sources"))]
    entries: list[MirrorSource] = []
    for file in files:
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        entries += parse_deb822(text) if file.suffix == ".sources" else parse_list(text)
    return tuple(entries)


def parse_list(text: str) -> tuple[MirrorSource, ...]:
    """The one-line format of sources.list(5): `deb [option=value] uri suite component…`."""
    entries = []
    for line in text.split("\n"):
        words = _OPTIONS.sub(" ", line.partition("#")[0], count=1).split()
        if len(words) > 2 and words[0] in ("deb", "deb-src"):  # noqa: PLR2004  # a type, a URI, a suite
            entries.append(MirrorSource((words[0],), (words[1],), (words[2],), tuple(words[3:])))
    return tuple(entries)


def parse_deb822(text: str) -> tuple[MirrorSource, ...]:
    """The format of .sources files: paragraphs of fields, of which `Enabled: no` turns one off."""
    entries = []
    for fields in paragraphs(text):
        types, uris, suites, components = (
            tuple(fields.get(name, "").split()) for name in ("types", "uris", "suites", "components")
        )
        if types and uris and suites and fields.get("enabled", "yes").strip().lower() not in ("no", "false", "0"):
            entries.append(MirrorSource(types, uris, suites, components))
    return tuple(entries)


def paragraphs(text: str) -> Iterator[dict[str, str]]:
    """Paragraphs of deb822(5), their fields' names in lower case; a line that is no field is passed over."""
    fields: dict[str, list[str]] = {}
    name = ""
    for line in [*text.split("\n"), ""]:
        if not line.strip():
            if fields:
                yield {key: "\n".join(lines) for key, lines in fields.items()}
            fields, name = {}, ""
        elif line[0] in " \t":
            fields.setdefault(name, []).append(line.strip())
        elif line[0] != "#" and ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = [value.strip()]
