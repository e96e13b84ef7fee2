"""This machine's own toolchain: what is in PATH, and in the variables that name compilers."""

from elfworlds.install import install_hint
from elfworlds.toolchains.host.machine import identity, probe
from elfworlds.toolchains.prober import Prober

__all__ = ["Prober", "identity", "install_hint", "probe"]
