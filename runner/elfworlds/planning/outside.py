"""What a build may read or write beyond its inputs, as its words and its sources say it: its key does not hold that.

It is a list of spellings, and so no wall: a sandboxed build has one. What it finds is told by `check`, and an
object of such a build is never taken from the store of this machine.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from elfworlds.spec.leaves.languages import of_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from elfworlds.planning.types import BuildRequest

# Words whose value is a text of the object, or a place where a loader looks.
TEXTS = (
    *("-rpath", "--rpath", "-R", "-soname", "--soname", "-h", "-z"),
    *("-dynamic-linker", "--dynamic-linker"),
)
TEXTS_OF_EDITORS = ("--set-rpath", "--add-rpath", "--set-soname", "--set-interpreter", "--replace-needed", "-r")
PASSED = ("-Xlinker", "-Xassembler", "-Xpreprocessor", "-Wl", "-Wa", "-Wp", "-C")
RUNS = ("-fplugin", "--fplugin", "-wrapper", "--wrapper", "-plugin", "--plugin", "-load-pass-plugin", "linker=")
MACROS = ("-D", "-U", "-ffile-prefix-map", "-fmacro-prefix-map", "-fdebug-prefix-map", "--remap-path-prefix")
_SYMBOL = re.compile(r"@(?:[0-9a-f]{40}|out|build|files\.dir)@[^,]*")
_PLACE = re.compile(r"^(?:@|-{1,2}[A-Za-z][A-Za-z-]*?)?/|=/|^(?:.*[=/])?\.\.(?:/|$)|^@")
_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*(?:include|include_next|import|embed)[ \t]*["<]([^">\n]+)[">]', re.MULTILINE)
_ASSEMBLED = re.compile(rb'\.inc(?:lude|bin)\b[ \t]*"?([^"\s]*)')
_IN_A_STRING = re.compile(rb'\.inc(?:lude|bin)(?:[ \t]|\\t)*\\?"')
_RUST = re.compile(rb'\binclude(?:_str|_bytes)?!\s*[(\[{]\s*(?:"([^"\n]*)"|[a-z])|#\[\s*path\s*=\s*"([^"\n]*)"')
_OF_THE_LINKER = re.compile(rb"\b(?:INPUT|GROUP|INCLUDE|STARTUP|SEARCH_DIR|AS_NEEDED)\b[\s(]*\"?([^\s)\"]*)")


def outside(request: BuildRequest, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """The words, and the places in sources, that lead beyond what a build is given.

    Args:
        request: the build.
        files: digest → bytes of its inputs.
    """
    if request.argv[0] == "cp":
        words: list[str] = []
    else:
        words = [*_leading(request.argv[1:], TEXTS)]
    words += [word for command in request.after for word in _leading(command[1:], TEXTS_OF_EDITORS)]
    read = [
        f"{path}: {place}"
        for path, digest in (request.inputs if request.argv[0] != "cp" else ())
        for place in _read(path, files.get(digest, b""))
    ]
    return tuple(dict.fromkeys((*words, *read)))


def _leading(words: Iterable[str], texts: tuple[str, ...]) -> Iterator[str]:
    value_of_a_text = False
    for word in _split(words):
        if not value_of_a_text and _leads(word, texts):
            yield word
        value_of_a_text = word in texts


def _split(words: Iterable[str]) -> Iterator[str]:
    """The words as those programs get them to which the driver passes them on."""
    for word in words:
        head, *rest = word.split(",")
        if head in PASSED:
            yield from rest
        elif word.startswith("link-arg"):
            yield from _split([word.partition("=")[2]])
        else:
            yield word


def _leads(word: str, texts: tuple[str, ...]) -> bool:
    if word.startswith(MACROS) or word.partition("=")[0] in texts:
        return False
    return word.startswith(RUNS) or bool(_PLACE.search(_SYMBOL.sub("", word)))


def _read(path: str, data: bytes) -> Iterator[str]:
    """The places that a source names which are not below its own directory of sources, or that nobody can tell."""
    language, beside = of_source(path), posixpath.dirname(path)
    if language == "rust":
        yield from (_shown(match[0]) for match in _RUST.finditer(data) if _leaves(match[1] or match[2], beside))
        return
    yield from (_shown(match[1]) for match in _INCLUDE.finditer(data) if _leaves(match[1], beside))
    if language == "assembly":
        yield from (_shown(match[0]) for match in _ASSEMBLED.finditer(data) if _leaves(match[1] or None, ""))
    else:  # nobody follows what the compiler hands to the assembler
        yield from (_shown(match[0]) for match in _IN_A_STRING.finditer(data))
    if language is None and not path.endswith((".h", ".hh", ".hpp", ".inc")):
        yield from (_shown(match[0]) for match in _OF_THE_LINKER.finditer(data) if _leaves(match[1], beside))


def _leaves(name: bytes | None, beside: str) -> bool:
    """Whether a name leads out, or is none that stands there as it is."""
    if name is None:
        return True
    path = posixpath.normpath(posixpath.join(beside, name.decode("utf-8", "replace")))
    return path.startswith(("/", "../")) or path == ".."


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "replace").strip()[:100]
