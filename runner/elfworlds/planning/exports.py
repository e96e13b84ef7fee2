"""What an object exports, as the linker is told: words, and the file that they name."""

from __future__ import annotations

from dataclasses import dataclass

Versions = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Exported:
    """The words for the compiler's driver, and the file that they name, if any."""

    words: tuple[str, ...] = ()
    path: str = ""
    text: str = ""


def exported(versions: Versions | None, path: str, *, shared: bool) -> Exported:
    """How the linker is told.

    Args:
        versions: symbols by version, "" for none; None for all symbols.
        path: where the file will lie in the build directory.
        shared: whether the object is a library, which exports everything unless told otherwise.
    """
    dynamic = () if shared else ("-rdynamic",)
    if versions is None:
        return Exported(dynamic)
    if shared or versions[0][0]:
        return Exported((*dynamic, f"-Wl,--version-script={path}"), path, version_script(versions))
    symbols = versions[0][1]
    return Exported((f"-Wl,--dynamic-list={path}",), path, f"{{\n{_lines(symbols)}}};\n") if symbols else Exported()


def version_script(versions: Versions) -> str:
    """One node for each version, each depending on the one before; the first hides all that none names."""
    nodes = []
    for place, (version, symbols) in enumerate(versions):
        parts = f"global:\n{_lines(symbols)}" if symbols else ""
        parts += "local:\n  *;\n" if place == 0 else ""
        before = f" {versions[place - 1][0]}" if place else ""
        nodes.append(f"{version} {{\n{parts}}}{before};\n".lstrip())
    return "".join(nodes)


def _lines(symbols: tuple[str, ...]) -> str:
    return "".join(f"  {symbol};\n" for symbol in symbols)
