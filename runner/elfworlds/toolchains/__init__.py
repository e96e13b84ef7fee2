"""The worlds objects are built and run in, each with an identity down to the revision of its packages."""

from elfworlds.toolchains.toolchain import Package, Toolchain

__all__ = ["Package", "Toolchain"]
