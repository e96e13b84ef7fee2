"""Which packages a root is made of: apt's own solver and signature check, in a state directory of its own."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.errors import BuildFailedError, InputError
from elfworlds.process import Command
from elfworlds.toolchains.debian.lock import BASE, OPTIONAL, PARTS, Lock, Pinned
from elfworlds.toolchains.debian.mirror import CODE_NAMES, paragraphs
from elfworlds.yamltext import closest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from elfworlds.process import Completed, Runner

ARCHITECTURE = "amd64"
KEYRINGS = tuple(Path(f"/usr/share/keyrings/debian-archive-keyring.{form}") for form in ("gpg", "pgp"))
UPDATE_SECONDS = 900.0
PROXIES = tuple(form for name in ("http_proxy", "https_proxy", "no_proxy") for form in (name, name.upper()))
CONFIGURATION = """
Dir::State "{state}/state";
Dir::State::status "{state}/status";
Dir::Cache "{state}/cache";
Dir::Etc "{state}/etc";
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::GzipIndexes "false";
Acquire::Check-Valid-Until "false";
Acquire::Retries "3";
"""
SOURCES = """\
Types: deb
URIs: {mirror}
Suites: {suite}
Components: main
Architectures: {architecture}
Signed-By: {keyring}
"""
_INSTALLED = re.compile(r"^Inst (\S+) (?:\[\S+\] )?\((\S+) ", re.MULTILINE)
_RELEASE_DATE = re.compile(r"^Date: (.{1,80})$", re.MULTILINE)
PACKAGE_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+(?::[a-z0-9]+)?")  # deb-control(5)
_SUITE = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Apt:
    """How apt is asked.

    Attributes:
        run: starts programs.
        environment: PATH, and the proxies that apt goes through.
        mirrors: bases of URLs; the first that has the suite is asked.
        keyring: whose signatures are believed; None for Debian's archive keys.
    """

    run: Runner
    environment: Mapping[str, str]
    mirrors: tuple[str, ...]
    keyring: Path | None = None


def solve(suite: str, apt: Apt, parts: Mapping[str, tuple[str, ...]] = PARTS) -> Lock:
    """The lock of a suite as a mirror has it now.

    Args:
        suite: its code name.
        apt: how apt is asked.
        parts: the packages that each part is asked to hold, `base` first.

    Raises:
        InputError: no mirror has such a suite.
        BuildFailedError: there is no apt here, no mirror answers, or a signature is wrong.
    """
    if not _SUITE.fullmatch(suite):
        raise InputError(f"`{suite[:80]}` is no suite's code name", hint=closest(suite, CODE_NAMES))
    program, keyring = _program(apt), _keyring(apt)
    with tempfile.TemporaryDirectory(prefix="elfworlds-apt-") as name:
        state = Path(name)
        _update(suite, apt, (program, keyring), state)
        return _lock(suite, apt, program, state, parts)


def _program(apt: Apt) -> str:
    program = paths.which("apt-get", apt.environment.get("PATH"))
    if program is None:
        raise BuildFailedError(
            "no apt-get in PATH: only a Debian or Ubuntu system can pin packages",
            hint="make the lock file there and copy it; `elfworlds toolchain fetch` needs nothing of Debian",
        )
    return program


def _keyring(apt: Apt) -> Path:
    keyring = next((file for file in ((apt.keyring,) if apt.keyring else KEYRINGS) if file.is_file()), None)
    if keyring is None:
        raise BuildFailedError(
            "Debian's archive keys are not here, so no signature can be checked",
            hint="apt-get install debian-archive-keyring",
        )
    return keyring


def _update(suite: str, apt: Apt, tools: tuple[str, Path], state: Path) -> None:
    """Fetch and verify the indices from the first mirror that has them."""
    complaint, answers = "no mirror is known", ""
    for mirror in apt.mirrors:
        _prepare(state, suite, mirror, tools[1])
        done = _ask(apt, state, tools[0], "update", "--error-on=any")
        if done.ok:
            return
        complaint, answers = done.stderr.data.decode("utf-8", "replace").strip(), done.text
    if "does not have a Release file" in complaint and ("404" in answers or "File not found" in answers):
        others = [name for name in CODE_NAMES if name != suite]
        raise InputError(f"no mirror has a suite `{suite}`", hint=closest(suite, others))
    raise BuildFailedError(f"apt could not read the packages of {suite}:\n{complaint}", hint=_update_hint(complaint))


def _update_hint(complaint: str) -> str:
    if "is not signed" in complaint or "signatures" in complaint:
        return "the mirror is not one of Debian, or the archive keys of this machine are too old for the suite"
    return "is the mirror reachable? ELFWORLDS_DEBIAN_MIRROR names another one"


def _prepare(state: Path, suite: str, mirror: str, keyring: Path) -> None:
    for directory in ("state/lists/partial", "cache/archives/partial", "etc/sources.list.d"):
        (state / directory).mkdir(parents=True, exist_ok=True)
    for directory in ("apt.conf.d", "preferences.d", "trusted.gpg.d"):
        (state / "etc" / directory).mkdir(exist_ok=True)
    names = {"state": state, "mirror": mirror, "suite": suite, "keyring": keyring, "architecture": ARCHITECTURE}
    (state / "status").write_text("")
    (state / "apt.conf").write_text(CONFIGURATION.format(**names))
    (state / "etc/sources.list.d/debian.sources").write_text(SOURCES.format(**names))


def _ask(apt: Apt, state: Path, *argv: str) -> Completed:
    passed = {name: apt.environment[name] for name in PROXIES if name in apt.environment}
    path = apt.environment.get("PATH", os.defpath)
    env = {"PATH": path, "LC_ALL": "C", "APT_CONFIG": str(state / "apt.conf"), "TMPDIR": str(state), **passed}
    return apt.run(Command(argv=argv, env=env, cwd=str(state), timeout=UPDATE_SECONDS))


def _lock(suite: str, apt: Apt, program: str, state: Path, parts: Mapping[str, tuple[str, ...]]) -> Lock:
    there = {part: _there(state, names) if part in OPTIONAL else names for part, names in parts.items()}
    chosen = {
        part: _chosen(suite, apt, (program, state), (*parts[BASE], *names)) for part, names in there.items() if names
    }
    indexed = dict(_indexed(state, {package for packages in chosen.values() for package in packages}))
    base = chosen[BASE]
    if any(not base <= packages for packages in chosen.values()):
        raise BuildFailedError(f"apt chooses other packages for a part of {suite} than for its base")
    pinned = {
        part: tuple(sorted((indexed[package] for package in packages - (base if part != BASE else set())), key=_name))
        for part, packages in chosen.items()
    }
    return Lock(suite, _date(state), ARCHITECTURE, pinned)


def _there(state: Path, names: Collection[str]) -> tuple[str, ...]:
    """Those of some packages that the suite has."""
    indices = (state / "state" / "lists").glob("*_Packages")
    known = {fields.get("package") for index in indices for fields in paragraphs(index.read_text(encoding="utf-8"))}
    return tuple(name for name in names if name in known)


def _name(pinned: Pinned) -> str:
    return pinned.name


def _chosen(suite: str, apt: Apt, tools: tuple[str, Path], names: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    """The names and revisions that the solver takes onto an empty system."""
    program, state = tools
    for name in names:
        if not PACKAGE_NAME.fullmatch(name):
            raise InputError(f"`{name[:80]}` is no name of a package", hint="letters, digits, `+`, `-` and `.`")
    done = _ask(apt, state, program, "-s", "install", "--", *sorted(set(names)))
    if not done.ok:
        complaint = done.stderr.data.decode("utf-8", "replace").strip()
        raise BuildFailedError(f"apt cannot solve a root of {suite}:\n{complaint}")
    return installed(done.text)


def installed(text: str) -> frozenset[tuple[str, str]]:
    """What `apt-get --simulate install` says that it would unpack."""
    return frozenset((name.partition(":")[0], version) for name, version in _INSTALLED.findall(text))


def _indexed(state: Path, wanted: Collection[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], Pinned]]:
    for index in sorted((state / "state" / "lists").glob("*_Packages")):
        for fields in paragraphs(index.read_text(encoding="utf-8")):
            key = (fields.get("package", ""), fields.get("version", ""))
            if key in wanted:
                yield key, _pinned(fields)


def _pinned(fields: Mapping[str, str]) -> Pinned:
    name, version, architecture, path = (fields[key] for key in ("package", "version", "architecture", "filename"))
    return Pinned(name, version, architecture, path, int(fields["size"]), fields["sha256"])


def _date(state: Path) -> str:
    """When the Release was made, in UTC."""
    releases = (path for path in sorted((state / "state" / "lists").iterdir()) if path.name.endswith("Release"))
    match = _RELEASE_DATE.search(next(releases).read_text(encoding="utf-8"))
    if match is None:
        raise BuildFailedError("the mirror's Release says no date")
    return parsedate_to_datetime(match[1]).strftime("%Y-%m-%dT%H:%M:%SZ")
