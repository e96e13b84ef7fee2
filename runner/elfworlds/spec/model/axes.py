"""The axes that mean something to the runner or are mostly called so: what editors offer for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.makers import COMPILERS, LINKERS
from elfworlds.spec.model.steps import WAYS

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class WellKnownAxis:
    """An axis by its name; any other label is as good.

    Attributes:
        about: what its labels choose.
        labels: those that are offered.
        of_toolchains: whether its labels are toolchains; which ones there are only those who look know.
    """

    name: str
    about: str
    labels: tuple[str, ...] = ()
    of_toolchains: bool = False

    def offered(self, toolchains: Sequence[str]) -> list[str]:
        """Every label that an editor offers."""
        return [*self.labels, *(toolchains if self.of_toolchains else ())]


AXES = (
    WellKnownAxis(
        "libc", "the toolchain that builds the objects and runs the trials; default: host", of_toolchains=True
    ),
    WellKnownAxis("gdb", "the toolchain whose gdb watches; default: that of `libc`", of_toolchains=True),
    WellKnownAxis("machine", "workers that try the trials: by name, architecture or kernel", ("x86_64", "aarch64")),
    WellKnownAxis("linker", "for `linker: ${matrix.linker}` of an object", tuple(LINKERS)),
    WellKnownAxis("compiler", "for `compiler: ${matrix.compiler}` of an object", tuple(COMPILERS)),
    WellKnownAxis("way", "for `load: {way: ${matrix.way}}`", WAYS),
)
