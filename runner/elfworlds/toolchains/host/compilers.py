"""The host's compilers beside the one for C: found where an experiment has objects in their language."""

from __future__ import annotations

import hashlib
import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.install import install_hint
from elfworlds.toolchains.prober import Facts, digest, packages, remembered, stamp

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from elfworlds.toolchains.prober import Prober

CXX_FILES = ("libstdc++.so", "libstdc++.a")
CXX_LIBRARIES = ("libstdc++.so.6", "libgcc_s.so.1")  # what its programs are started with
RUST_LIBRARIES = ("libgcc_s.so.1",)
CXX_OF = {"cc": "c++", "gcc": "g++", "clang": "clang++"}
_CC = re.compile(r"(?P<before>(?:.*-)?)(?P<name>cc|gcc|clang)(?P<version>-[0-9.]+)?")
_WITHOUT_LLD = ("-C", "linker-features=-lld")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """A compiler that is there, or what to do where it is not.

    Attributes:
        tool: as a build request names it.
        words: those that start it; none where it is not there.
        identity: what decides what it builds, beside the identity of the toolchain for C.
        packages: those that its files belong to, with their revisions.
        libraries: where the libraries lie that its programs are started with.
        lacking: where it is not there, why and what helps.
    """

    language: str
    tool: str
    words: tuple[str, ...]
    identity: Mapping[str, str]
    version: str
    packages: Mapping[str, str]
    libraries: tuple[str, ...] = ()
    lacking: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompilerFacts(Facts):
    """What a compiler says of itself; see `Compiler`."""

    words: list[str]
    identity: dict[str, str]
    version: str
    packages: dict[str, str]
    libraries: list[str]


def find(prober: Prober, cache: Path | None, cc: tuple[str, ...], languages: Collection[str]) -> list[Compiler]:
    """The compilers of these languages; C's is found before."""
    finders = {"c++": _find_cxx, "rust": _find_rustc}
    return [find_one(prober, cache, cc) for language, find_one in finders.items() if language in languages]


def _find_cxx(prober: Prober, cache: Path | None, cc: tuple[str, ...]) -> Compiler:
    words = _cxx(prober, cc)
    if words is None:
        what = f"no C++ compiler: `{prober.cxx}` is not in PATH" if prober.cxx else "no C++ compiler"
        return _missing("c++", "c++", what)
    facts = remembered(cache, "c++", [words, prober.path], CompilerFacts, lambda: _learn_cxx(prober, words))
    return _compiler("c++", "c++", facts)


def _cxx(prober: Prober, cc: tuple[str, ...]) -> tuple[str, ...] | None:
    """The words of CXX; else a compiler beside the one for C, with the same name if possible; else one in PATH."""
    if prober.cxx.strip():
        first, *rest = shlex.split(prober.cxx)
        cxx = prober.which(first)
        return (cxx, *rest) if cxx else None
    before, program, after = _driver(prober, cc)
    beside, name = Path(program).parent, _CC.fullmatch(Path(program).name)
    names = [f"{name['before']}{CXX_OF[name['name']]}{name['version'] or ''}"] if name else []
    places = [str(beside / driver) for driver in (*names, *CXX_OF.values())]
    cxx = next(filter(None, map(prober.which, (*places, *CXX_OF.values()))), None)
    return (*before, cxx, *after) if cxx else None


def _driver(prober: Prober, cc: tuple[str, ...]) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    """The words before the compiler for C, such as ccache; its path; and the words after it."""
    named = (place for place, word in enumerate(cc) if not word.startswith("-") and _CC.fullmatch(Path(word).name))
    place = next(named, 0)
    return cc[:place], prober.which(cc[place]) or cc[place], cc[place + 1 :]


def _learn_cxx(prober: Prober, words: tuple[str, ...]) -> CompilerFacts:
    files = {"c++": Path(words[0])}
    for kind, names in (("prog", ("cc1plus",)), ("file", CXX_FILES)):
        for name in names:
            path = Path(prober.ask(*words, f"-print-{kind}-name={name}"))
            if path.is_absolute() and path.is_file():
                files[name] = path
    version = prober.ask(*words, "-dumpfullversion") or prober.ask(*words, "-dumpversion")
    banner = prober.ask(*words, "--version").partition("\n")[0]
    facts = _learnt(prober, words, version, files, {"c++ --version": banner})
    return replace(facts, libraries=_libraries(prober, words, CXX_LIBRARIES))


def _libraries(prober: Prober, words: tuple[str, ...], names: tuple[str, ...]) -> list[str]:
    """The directories of libraries that a compiler finds; it says the bare name of one that it does not."""
    said = (Path(prober.ask(*words, f"-print-file-name={name}")) for name in names)
    return list(dict.fromkeys(str(path.parent.resolve()) for path in said if path.is_absolute() and path.is_file()))


def _find_rustc(prober: Prober, cache: Path | None, cc: tuple[str, ...]) -> Compiler:
    rustc = prober.which(prober.rustc or "rustc")
    if rustc is None:
        what = f"no Rust compiler: `{prober.rustc or 'rustc'}` is not in PATH"
        return _missing("rust", "rustc", what)
    asked = [rustc, cc, prober.path, prober.home]
    try:
        facts = remembered(cache, "rustc", asked, CompilerFacts, lambda: _learn_rustc(prober, rustc, cc))
    except LookupError:
        return _missing("rust", "rustc", f"no Rust compiler: `{rustc} --version` gives none")
    return _compiler("rust", "rustc", facts)


def _learn_rustc(prober: Prober, command: str, cc: tuple[str, ...]) -> CompilerFacts:
    """What a rustc says of itself. If it is rustup's stand-in, the real compiler is found and used instead.

    Raises:
        LookupError: it does not work.
    """
    sysroot = Path(prober.ask(command, "--print", "sysroot", more=prober.home))
    rustc = sysroot / "bin" / "rustc"
    program = str(rustc) if rustc.is_file() else command
    answer = prober.ask(program, "--version", "--verbose")
    version = re.search(r"^release: (\S+)", answer, re.MULTILINE)
    target = re.search(r"^host: (\S+)", answer, re.MULTILINE)
    if version is None or target is None or not sysroot.is_absolute():
        raise LookupError(program)
    library = sysroot / "lib" / "rustlib" / target[1] / "lib"
    files = {"rustc": Path(program)} | {re.sub(r"-.*", "", driver.name): driver for driver in _drivers(sysroot)}
    identity = {"rustc --version --verbose": answer, "std": _digest_of_all(library)}
    _, linker, after = _driver(prober, cc)
    words = (program, "-C", f"linker={linker}", *(word for option in after for word in ("-C", f"link-arg={option}")))
    without = _WITHOUT_LLD if prober.ask(program, *_WITHOUT_LLD, "--print", "cfg") else ()
    also = (path for path in (Path(command), library, _settings(prober)) if path.exists())
    facts = _learnt(prober, (*words, *without), version[1], files, identity, also)
    return replace(facts, libraries=_libraries(prober, cc, RUST_LIBRARIES))


def _drivers(sysroot: Path) -> Iterator[Path]:
    """The compiler proper; distributions have it in a directory of the machine."""
    yield from sorted((*sysroot.glob("lib/librustc_driver-*.so"), *sysroot.glob("lib/*/librustc_driver-*.so")))


def _digest_of_all(directory: Path) -> str:
    """The digest of the libraries that Rust objects are linked with."""
    libraries = sorted(path for path in directory.glob("*") if path.suffix in (".rlib", ".so", ".a", ".o"))
    lines = "".join(f"{digest(library)} {library.name}\n" for library in libraries)
    return hashlib.sha256(lines.encode()).hexdigest()


def _settings(prober: Prober) -> Path:
    """The file in which rustup keeps the default toolchain's name."""
    home = dict(prober.home)
    return Path(home.get("RUSTUP_HOME") or Path(home.get("HOME", "/"), ".rustup"), "settings.toml")


def _learnt(  # facts, each of its own kind
    prober: Prober,
    words: tuple[str, ...],
    version: str,
    files: Mapping[str, Path],
    identity: Mapping[str, str],
    also: Iterable[Path] = (),
) -> CompilerFacts:
    owners = packages(prober, [str(path) for file in files.values() for path in dict.fromkeys((file, file.resolve()))])
    digests = {name: digest(path) for name, path in files.items()}
    return CompilerFacts(
        words=list(words),
        identity={**digests, **identity, **{f"package {name}": revision for name, revision in owners.items()}},
        version=version,
        packages=owners,
        libraries=[],
        stamps={str(path): stamp(path) for path in (*files.values(), *also)},
    )


def _compiler(language: str, tool: str, facts: CompilerFacts) -> Compiler:
    return Compiler(
        language=language,
        tool=tool,
        words=tuple(facts.words),
        identity=facts.identity,
        version=facts.version,
        packages=facts.packages,
        libraries=tuple(facts.libraries),
    )


def _missing(language: str, tool: str, what: str) -> Compiler:
    words = f"{what}\n{install_hint(tool)}"
    return Compiler(language=language, tool=tool, words=(), identity={}, version="", packages={}, lacking=words)
