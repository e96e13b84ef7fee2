"""Where a run took place: kernel, processor, toolchains with their revisions, our own parts."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from elfworlds import makers
from elfworlds.editors import BINUTILS, EDITORS
from elfworlds.sandbox.landlock import words
from elfworlds.spec.leaves.versions import TOOLCHAIN_AXES
from elfworlds.toolchains.debian.toolchain import upstream
from elfworlds.trials.machine import Machine
from elfworlds.version import __version__

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from elfworlds.jsondata import Json
    from elfworlds.planning import BuildRequest, Plan
    from elfworlds.spec.builders import Builders
    from elfworlds.toolchains import Toolchain

SCHEMA = 1
LIBC = "libc"
NIX_BUILD = "a Nix build"
ASKS_A_BUILD = ("build", "inspect")
# tool of a request → what decides what it makes, the first one most: a compiler for C and C++ only asks its linker
MAKERS = {"cc": ("binutils", "cc"), "c++": ("binutils", "c++"), "rustc": ("rustc", "binutils")}
NO_BUILDERS: Mapping[str, Builders] = MappingProxyType({})
PARTS = ("pydantic", "pyelftools", "pyyaml", "pandas", "rich", "typer")


def environment(
    toolchains: Iterable[Toolchain], backend: str, utc: str, inherited: Iterable[str] = ()
) -> dict[str, Json]:
    """What a reader must know to judge a run, as JSON data.

    Args:
        toolchains: those that trials run with.
        backend: who built the objects.
        utc: when the run started.
        inherited: in words, what trials have from whoever started the runner, since it could not be put back.
    """
    kernel, known = os.uname(), list(toolchains)
    return {
        "schema": SCHEMA,
        "started": utc,
        "elfworlds": __version__,
        "python": platform.python_version(),
        "parts": {name: metadata.version(name) for name in PARTS},
        "backend": backend,
        "kernel": f"{kernel.sysname} {kernel.release} {kernel.version}",
        "machine": kernel.machine,
        "system": _release(),
        "cpu": processor(),
        "cpus": len(os.sched_getaffinity(0)),
        "inherited": list(inherited),
        **({"within": NIX_BUILD} if _in_a_nix_build() else {}),
        **_sandbox(known),
        "toolchains": [toolchain.record() for toolchain in known],
    }


def _sandbox(known: Iterable[Toolchain]) -> dict[str, Json]:
    """Whether trials run in a sandbox; in words, where it is a weaker one."""
    guards = [toolchain.world.guard for toolchain in known if toolchain.world.guard]
    weaker = [words(guard.landlock) for guard in guards if guard.landlock]
    return {"sandbox": weaker[0] if weaker else True} if guards else {}


def versions(
    axes: Mapping[str, Iterable[str]],
    toolchains: Mapping[str, Toolchain],
    builders: Mapping[str, Builders] = NO_BUILDERS,
) -> dict[str, dict[str, dict[str, str]]]:
    """What is behind the labels of the axes that name toolchains: axis → label → `version`, `revision`, `family`.

    A libc of one's own has `variant` too, its name. Behind the label of an axis of builders it is their libc, and
    `builds` has the objects that they build. A label whose toolchain does not know the tool's version is left out.
    """
    named = {axis: {label: label for label in labels} for axis, labels in axes.items() if axis in TOOLCHAIN_AXES}
    named |= {axis: dict(builders[axis].by_label) for axis in axes if axis in builders}
    parts = {axis: LIBC if axis in builders else axis for axis in named}
    return {
        axis: {
            label: _version(parts[axis], toolchains[name]) | _builds(builders.get(axis))
            for label, name in named[axis].items()
            if name in toolchains and parts[axis] in toolchains[name].versions
        }
        for axis in axes
        if axis in named
    }


def _builds(builders: Builders | None) -> dict[str, str]:
    return {"builds": " ".join(builders.objects)} if builders else {}


def _version(axis: str, toolchain: Toolchain) -> dict[str, str]:
    """Its version; the revision that the file itself or its package has; whose libc it is, and which of one's own."""
    versions = toolchain.versions
    family, variant = versions.get(f"{axis}-family", ""), versions.get(f"{axis}-variant", "")
    words = versions.get(f"{axis}-revision", "").split()  # `Debian GLIBC 2.36-9+deb12u14`
    revisions = [word for word in words[-1:] if word.startswith(versions[axis])]  # no commit's digits
    revisions += [f"{versions[axis]}+{variant}"] if variant else _revised(axis, toolchain)
    parts = {"version": versions[axis], "revision": "".join(revisions[:1]), "family": family, "variant": variant}
    return {name: text for name, text in parts.items() if text}


def _revised(axis: str, toolchain: Toolchain) -> list[str]:
    wanted = toolchain.packages_of_axes.get(axis)
    return [package.version for package in toolchain.packages if package.name == wanted]


def made_with(
    plan: Plan,
    toolchains: Mapping[str, Toolchain],
    builders: Mapping[str, Builders] = NO_BUILDERS,
    elsewhere: Collection[str] = (),
) -> dict[str, dict[str, dict[str, dict[str, str]]]]:
    """What made the object that a scenario builds or inspects: scenario → axis → label → part → version.

    The axis is `libc`, or the one whose labels are the toolchains that build the object. Of scenarios that run
    something nothing is said, nor of an object that somebody else built. A part of an unknown version is left out.

    Args:
        plan: the plan.
        toolchains: by name.
        builders: the axes whose labels are toolchains that build objects.
        elsewhere: the objects that have a toolchain of their own.
    """
    libcs = {label: label for axis, labels in plan.axes if axis == LIBC for label in labels}
    axes = {LIBC: libcs, **{axis: builders[axis].by_label for axis, _ in plan.axes if axis in builders}}

    def decides(axis: str, objects: set[str]) -> bool:
        return objects.isdisjoint(elsewhere) if axis == LIBC else objects.issubset(builders[axis].objects)

    return {
        scenario: {
            axis: {label: _parts(toolchains[name], names) for label, name in by_label.items() if name in toolchains}
            for axis, by_label in axes.items()
            if decides(axis, objects)
        }
        for scenario, (objects, names) in _asked(plan).items()
        if names
    }


def _asked(plan: Plan) -> dict[str, tuple[set[str], dict[str, None]]]:
    """Scenario → the objects that it builds or inspects, and what decides what makes them, the most important first."""
    asked: dict[str, tuple[set[str], dict[str, None]]] = {}
    for trial in plan.trials:
        if trial.bound.kind in ASKS_A_BUILD:
            request = plan.requests[trial.bound.subject]
            objects, deciding = asked.setdefault(trial.scenario, (set(), {}))
            objects.add(request.name)
            every = (*map(EDITORS.get, reversed(request.editors)), *_makers(request))
            deciding.update(dict.fromkeys(filter(None, every)))
    return asked


def _makers(request: BuildRequest) -> Iterator[str]:
    """What decides what a request makes, the most important first; a linker or compiler that it names by that name."""
    named = makers.named_after(request.linker) if request.linker else ""
    compiler = request.argv[0]
    if compiler in makers.DRIVERS:
        yield from (named or "binutils", makers.named_after(compiler))
        return
    for maker in MAKERS.get(compiler, ()):
        yield named if named and maker == "binutils" else maker


def _parts(toolchain: Toolchain, names: Iterable[str]) -> dict[str, str]:
    """Their versions, by the names that people know them by."""
    clang = "clang" in " ".join((*toolchain.tools.get("cc", ()), toolchain.identity.get("cc --version", "")))
    compiler = toolchain.versions.get("cc", "")
    known = {
        "binutils": ("binutils", _binutils(toolchain)),
        "cc": ("clang" if clang else "gcc", compiler),
        "c++": ("clang++" if clang else "g++", toolchain.versions.get("c++", compiler)),
        "rustc": ("rustc", toolchain.versions.get("rustc", "")),
        "gcc": ("gcc", toolchain.versions.get("gcc", "") or ("" if clang else compiler)),
        "bfd": ("binutils", _binutils(toolchain)),
        **{name: (name, toolchain.versions.get(name, "")) for name in ("gold", "lld", "mold", "clang")},
        **{package: (package, _packaged(toolchain, package)) for package in EDITORS.values() if package != BINUTILS},
    }
    return {known[name][0]: known[name][1] for name in names if known[name][1]}


def _packaged(toolchain: Toolchain, package: str) -> str:
    """The version of a package, as its revision has it; empty where it is not known."""
    return next((upstream(known.version) for known in toolchain.packages if known.name == package), "")


def _binutils(toolchain: Toolchain) -> str:
    """As ld says it, or its package, which may be called after a processor."""
    versions = (
        package.version
        for package in toolchain.packages
        if package.name == "binutils" or package.name.startswith("binutils-")
    )
    return toolchain.versions.get("ld") or upstream(next(versions, ""))


def this_machine(name: str = "") -> Machine:
    """This machine, as a worker of that name; without a name, by its host's."""
    kernel = os.uname()
    text = f"{kernel.sysname} {kernel.release} {kernel.version}"
    return Machine(name or kernel.nodename, text, processor(), kernel.machine)


def _in_a_nix_build() -> bool:
    """Nix' sandbox, or a build without one; a shell of Nix has the same variable and another one."""
    return "NIX_BUILD_TOP" in os.environ and "IN_NIX_SHELL" not in os.environ


def _release() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return "unknown"


def processor() -> str:
    """The processor's name, as the kernel gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return "unknown"
    names = (line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model", "cpu\t")))
    return next(names, "unknown")
