"""How one object is built at one point: everything that decides its command line."""

from __future__ import annotations

from dataclasses import dataclass

from elfworlds.makers import BUILD_SECONDS
from elfworlds.planning.types import keys_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """An object with every reference resolved. Texts may hold `@<key>@` for other objects' directories.

    Attributes:
        needs: (key, file name, whether it has a soname) of each library to link with, in order.
        indirect: directories, symbolic, of what those need in turn.
        dtag: `runpath` or `rpath`.
        std, edition, crate_type: None for the default of the language.
        exports: words for the linker.
        makers: compiler and linker as the object names them; empty for the toolchain's own.
        timeout: seconds that the build may take.
    """

    name: str
    filename: str
    shared: bool
    sources: tuple[str, ...]
    inputs: tuple[tuple[str, str], ...]
    defines: tuple[tuple[str, str | None], ...]
    cflags: tuple[str, ...]
    ldflags: tuple[str, ...]
    needs: tuple[tuple[str, str, bool], ...]
    indirect: tuple[str, ...]
    others: tuple[str, ...]
    search: tuple[str, ...]
    dtag: str
    soname: str
    z: tuple[str, ...]
    std: str | None
    pie: bool
    as_needed: bool
    build_id: str
    hash_style: str
    language: str = "c"
    edition: str | None = None
    crate_type: str | None = None
    exports: tuple[str, ...] = ()
    makers: tuple[str, str] = ("", "")
    ldflags_first: tuple[str, ...] = ()
    timeout: float = BUILD_SECONDS

    @property
    def compiler(self) -> str:
        return self.makers[0]

    @property
    def linker(self) -> str:
        return self.makers[1]


@dataclass(frozen=True, slots=True)
class Finish:
    """What becomes of an object's file after its link.

    Attributes:
        after: commands that edit it, without its path.
        soname: the DT_SONAME that it has in the end; empty for none.
    """

    after: tuple[tuple[str, ...], ...] = ()
    soname: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The objects whose directories the commands name."""
        return tuple(key for words in self.after for word in words for key in keys_in(word))
