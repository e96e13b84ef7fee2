"""The host's tools that objects name, to be made or edited with: found where an experiment uses them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.editors import BINUTILS, EDITORS
from elfworlds.install import install_hint
from elfworlds.makers import PACKAGES
from elfworlds.toolchains.host.compilers import Compiler, CompilerFacts
from elfworlds.toolchains.prober import digest, packages, remembered, stamp

if TYPE_CHECKING:
    from collections.abc import Collection

    from elfworlds.toolchains.prober import Prober

_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)+")


def find(prober: Prober, cache: Path | None, cc: tuple[str, ...], wanted: Collection[str]) -> list[Compiler]:
    """Those of the wanted tools that make or edit files; each is asked once while it is the same file."""
    return [_find(prober, cache, cc, tool) for tool in (*PACKAGES, *EDITORS) if tool in wanted]


def _find(prober: Prober, cache: Path | None, cc: tuple[str, ...], tool: str) -> Compiler:
    path = _place(prober, cc, tool)
    if path is None:
        words = f"no {tool}: it is not in PATH\n{install_hint(tool)}"
        return Compiler(language=tool, tool=tool, words=(), identity={}, version="", packages={}, lacking=words)
    facts = remembered(cache, tool, [path, prober.path], CompilerFacts, lambda: _learn(prober, tool, path))
    return Compiler(
        language=tool,
        tool=tool,
        words=(path,),
        identity=facts.identity,
        version=facts.version,
        packages=facts.packages,
    )


def _place(prober: Prober, cc: tuple[str, ...], tool: str) -> str | None:
    """Binutils' are those of the compiler, which may have its own."""
    own = prober.ask(*cc, f"-print-prog-name={tool}") if EDITORS.get(tool) == BINUTILS else ""
    return own if Path(own).is_absolute() and Path(own).is_file() else prober.which(tool)


def _learn(prober: Prober, tool: str, path: str) -> CompilerFacts:
    numbers = _VERSION.findall(prober.ask(path, "--version").partition("\n")[0])
    real = Path(path).resolve()
    owners = packages(prober, list(dict.fromkeys((path, str(real)))))
    return CompilerFacts(
        words=[path],
        identity={tool: digest(real), **{f"package {name}": revision for name, revision in owners.items()}},
        version=numbers[-1] if numbers else "",
        packages=owners,
        libraries=[],
        stamps={path: stamp(Path(path))},
    )
