"""An inspection as lines of a terminal: what is missing and why, then the tree."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from elfworlds.inspection import types
from elfworlds.inspection.causes import causes
from elfworlds.inspection.types import INTERP, LD_PRELOAD, LOADED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from elfworlds.inspection.result import Result
    from elfworlds.inspection.symbols import Reference
    from elfworlds.inspection.types import Considered, MissingVersion, Need, OptionalNeed

COLUMNS = 80
ARROW = "→"
RULES = {"default": "default path", "path": "its name is a path"}


def tree_lines(inspection: Result, *, symbols: bool = False) -> Iterator[str]:
    """The whole inspection for a person, mostly no wider than a terminal of 80 columns.

    Args:
        inspection: of a file.
        symbols: whether undefined symbols are told too; those that nothing satisfies are, where a host is known.
    """
    asked = symbols or inspection.hosted
    yield from _wrapped("", _headline(inspection, symbols=asked))
    yield from _wrapped("  ", _facts(inspection), "  ")
    yield from problem_lines(inspection)
    if asked:
        yield from missing_symbol_lines(inspection)
    yield from _tree(inspection)
    yield from _optional(inspection.optional)
    if symbols:
        yield from symbol_lines(inspection)


def _headline(inspection: Result, *, symbols: bool) -> str:
    lacks = []
    missing, versions = {need.name for need in inspection.missing}, inspection.missing_versions
    if missing:
        lacks.append(_counted(len(missing), "file"))
    if versions:
        lacks.append(_counted(len({(version.path, version.version) for version in versions}), "version"))
    if symbols and inspection.missing_symbols:
        lacks.append(_counted(len({each.name for each in inspection.missing_symbols}), "symbol"))
    count = _counted(len(inspection.objects), "object")
    where = "" if inspection.world == "this machine" else f" in {inspection.world}"
    return f"{inspection.path}{where}: {count}, " + (f"missing: {' and '.join(lacks)}" if lacks else "nothing missing")


def _facts(inspection: Result) -> str:
    facts = inspection.facts
    told = [
        ("loader", facts.interp),
        ("soname", facts.soname),
        ("rpath", None if facts.rpath is None else ":".join(facts.rpath)),
        ("runpath", None if facts.runpath is None else ":".join(facts.runpath)),
        ("flags", " ".join(facts.flags) or None),
        ("build ID", facts.build_id),
    ]
    words = [facts.type, facts.machine, *(f"{name} {text}" for name, text in told if text is not None)]
    return ", ".join([*words, *(["executable stack"] if facts.execstack else [])])


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def problem_lines(inspection: Result) -> Iterator[str]:
    """What is missing, with the cause where it is known, and every place where the loader looks."""
    for need in inspection.missing:
        yield ""
        yield from _wrapped("", f"{need.name} NOT FOUND, needed by {need.needing}")
        for cause in causes(need, inspection):
            yield from _wrapped("  ", f"because {cause}", "    ")
        yield from _searched(need, inspection)
    yield from _versions(inspection.versions, inspection)
    for need in inspection.needs:
        if need.tag == LD_PRELOAD and need.path is None:
            yield from _wrapped("", f"{need.name} cannot be preloaded: the loader says so and goes on")


def missing_symbol_lines(inspection: Result) -> Iterator[str]:
    """Symbols that nothing defines, each once, with the objects that refer to them."""
    by: dict[str, list[Reference]] = {}
    for reference in inspection.missing_symbols:
        by.setdefault(reference.name, []).append(reference)
    for name, missing in by.items():
        yield ""
        who = ", ".join(dict.fromkeys(posixpath.basename(each.needing) for each in missing))
        known = f"; there is {', '.join(missing[0].elsewhere)}" if missing[0].elsewhere else ""
        known += _not_needed(missing[0], inspection)
        yield from _wrapped("", f"{name} NOT DEFINED, needed by {who}{known}")


def _not_needed(missing: Reference, inspection: Result) -> str:
    library = inspection.not_needed(missing.wanted)
    if library is None:
        return ""
    if library.answers:
        return f"; {library.path} has it, and nothing here needs that"
    return f"; {library.path} defines {missing.symbol}, but without version {missing.version}"


def symbol_lines(inspection: Result) -> Iterator[str]:
    """Every undefined symbol, by the object that refers and the one that would satisfy it."""
    by: dict[str, dict[str, list[str]]] = {}
    for reference in inspection.references:
        where = reference.path or ("nothing; they may stay undefined (weak)" if reference.weak else "NOTHING")
        by.setdefault(reference.needing, {}).setdefault(where, []).append(_symbol(reference))
    for needing, providers in by.items():
        yield ""
        yield f"symbols of {needing}"
        for where, names in providers.items():
            yield f"  by {where}"
            yield from _wrapped("    ", "  ".join(names), "    ")


def _symbol(reference: Reference) -> str:
    other = reference.path is not None and reference.provided != reference.version
    return f"{reference.name} (as {reference.provided or 'without a version'})" if other else reference.name


def _searched(need: Need, inspection: Result) -> Iterator[str]:
    if need.tag == INTERP:
        return
    world = inspection.closure.world
    ends = tuple(f"/{part}/{need.name}" for part in world.subdirectories)
    first = "searched, in this order"
    if world.subdirectories:
        first += f", in each directory first in {', '.join(world.subdirectories)}"
    yield from _wrapped("  ", f"{first}:", "    ")
    for tried in need.considered:
        if not (ends and tried.path.endswith(ends) and tried.state == types.ABSENT):
            yield f"    {_tried(tried, need)}"


def _tried(tried: Considered, need: Need) -> str:
    if tried.state == types.NOT_IN_CACHE:
        return f"{tried.rule}: no such name"
    state = "" if tried.state == types.ABSENT else f" ({tried.state})"
    return f"{tried.path}{state}  {_rule(tried.rule, tried.holder, need.needing)}"


def _rule(rule: str, holder: str | None, needing: str) -> str:
    if holder and holder != needing:
        return f"{rule} of {posixpath.basename(holder)}"
    return RULES.get(rule, rule)


def _versions(versions: Iterable[MissingVersion], inspection: Result) -> Iterator[str]:
    """Versions, each once, with all objects that need it."""
    by: dict[tuple[str, str, bool, bool], list[str]] = {}
    for version in versions:
        key = (version.version, version.path, version.weak, version.unversioned)
        by.setdefault(key, []).append(posixpath.basename(version.needing))
    for (name, path, weak, unversioned), needing in by.items():
        who = ", ".join(dict.fromkeys(needing))
        yield ""
        if unversioned:
            text = f"{path} has no versions, and {who} needs {name} of it: a warning, of an old loader an assertion"
        elif weak:
            text = f"{name} is not in {path}: {who} needs it, but weakly, so that the loader goes on"
        else:
            newest = inspection.newest(path, name)
            text = f"{name} NOT IN {path}, needed by {who}" + (f"; the newest there is {newest}" if newest else "")
        yield from _wrapped("", text)


def _tree(inspection: Result) -> Iterator[str]:
    below: dict[str, list[Need]] = {}
    for need in inspection.needs:
        if need.tag != INTERP:
            below.setdefault(need.needing, []).append(need)
    if not inspection.objects:
        return
    yield ""
    first = inspection.objects[0].path
    yield first
    stack = [iter(_branches(below.pop(first, []), ""))]
    while stack:
        branch = next(stack[-1], None)
        if branch is None:
            stack.pop()
            continue
        lines, path, prefix = branch
        yield from lines
        if path is not None and path in below:
            stack.append(iter(_branches(below.pop(path), prefix)))


def _branches(needs: list[Need], prefix: str) -> Iterator[tuple[list[str], str | None, str]]:
    """The lines of each need, the object whose needs come below it, and the prefix of their lines."""
    loaded = [need.name for need in needs if need.rule == LOADED]
    others = [need for need in needs if need.rule != LOADED]
    for at, need in enumerate(others):
        last = at == len(others) - 1 and not loaded
        lines = _branch(need, f"{prefix}{'└── ' if last else '├── '}", f"{prefix}{'    ' if last else '│   '}")
        yield lines, need.path, f"{prefix}{'    ' if last else '│   '}"
    if loaded:
        text = f"loaded already: {', '.join(loaded)}"
        yield list(_wrapped(f"{prefix}└── ", text, f"{prefix}      ")), None, prefix


def _branch(need: Need, first: str, later: str) -> list[str]:
    if need.path is None:
        return [f"{first}{need.name}  NOT FOUND"]
    shown = posixpath.dirname(need.path) if posixpath.basename(need.path) == need.name else need.path
    target = f"{ARROW} {shown}  {reason(need)}"
    line = f"{first}{need.name} {target}"
    return [line] if len(line) <= COLUMNS else [f"{first}{need.name}", f"{later}  {target}"]


def reason(need: Need) -> str:
    """Why this file serves the name, in a few words."""
    rule = _rule(need.rule or "", need.holder, need.needing)
    level = f", {need.level}" if need.level else ""
    tag = f", {need.tag}" if need.tag != "DT_NEEDED" else ""
    unsure = "" if need.sure else ", not sure"
    return f"[{rule}{level}{tag}{unsure}]"


def _optional(optional: tuple[OptionalNeed, ...]) -> Iterator[str]:
    if not optional:
        return
    yield ""
    yield "may be opened later (.note.dlopen):"
    for entry in optional:
        names = " or ".join(entry.sonames)
        target = f"{ARROW} {entry.path}  [{entry.rule}]" if entry.path else "not there"
        about = ", ".join(filter(None, (entry.priority, entry.feature, entry.description)))
        text = f"{names} {target}" + (f" ({about})" if about else "")
        yield from _wrapped("  ", f"{text}, for {posixpath.basename(entry.needing)}", "    ")


def _wrapped(first: str, text: str, later: str | None = None) -> Iterator[str]:
    """Words of a text in lines; a path is never cut."""
    if len(first) + len(text) <= COLUMNS:
        yield first + text
        return
    line, indent = first, f"{first}  " if later is None else later
    fresh = True
    for word in text.split(" "):
        if word and not fresh and len(line) + 1 + len(word) > COLUMNS:
            yield line.rstrip(" ")
            line, fresh = indent, True
        line += word if fresh else f" {word}"
        fresh = fresh and not word
    yield line
