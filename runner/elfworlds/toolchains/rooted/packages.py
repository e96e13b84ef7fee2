"""The packages of a root, as the files of its package manager say: dpkg's and apk's texts; rpm's are a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.toolchains.toolchain import Package

if TYPE_CHECKING:
    from collections.abc import Iterable

RPM = ("rpm", "-qa", "--qf", "%{NAME}\t%{VERSION}-%{RELEASE}\n")


def of_dpkg(text: str) -> tuple[Package, ...]:
    """The installed packages of /var/lib/dpkg/status."""
    paragraphs = (_fields(paragraph, ": ") for paragraph in text.split("\n\n"))
    return _sorted(
        Package(fields["Package"], fields["Version"])
        for fields in paragraphs
        if {"Package", "Version"} <= fields.keys()
        and fields.get("Status", "installed").endswith("installed")
        and not fields.get("Status", "").endswith("not-installed")
    )


def of_apk(text: str) -> tuple[Package, ...]:
    """The packages of /lib/apk/db/installed, whose lines are `P:musl` and `V:1.2.5-r0`."""
    paragraphs = (_fields(paragraph, ":") for paragraph in text.split("\n\n"))
    return _sorted(Package(fields["P"], fields["V"]) for fields in paragraphs if {"P", "V"} <= fields.keys())


def of_rpm(text: str) -> tuple[Package, ...]:
    """The packages that the words `RPM` print."""
    pairs = (line.split("\t") for line in text.splitlines() if line.count("\t") == 1)
    return _sorted(Package(name, version) for name, version in pairs)


def _fields(paragraph: str, separator: str) -> dict[str, str]:
    """The fields of a paragraph, without the lines that go on with one."""
    lines = (line.partition(separator) for line in paragraph.splitlines() if not line.startswith((" ", "\t")))
    return {name: value.strip() for name, found, value in lines if found}


def _sorted(packages: Iterable[Package]) -> tuple[Package, ...]:
    return tuple(sorted(set(packages), key=lambda package: (package.name, package.version)))
