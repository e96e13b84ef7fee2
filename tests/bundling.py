"""A package with bundled libraries, as wheels bring them: an extension finds its library in `$ORIGIN/../pkg.libs`."""

from __future__ import annotations

import shutil
import stat
import subprocess
import tarfile
import zipfile
from pathlib import Path

from waiting import AGES

CORE, LIBRARY = "pkg/_core.so", "pkg.libs/libdep-1234.so.1"
LINK = "pkg.libs/libdep.so"  # → the library
NEXT_DOOR = "$ORIGIN/../pkg.libs"


def site(directory: Path, answer: int = 42, search: str = NEXT_DOOR) -> Path:
    """A directory with the package, in which `core()` gives the answer that the bundled library has."""
    for name in ("pkg", "pkg.libs"):
        (directory / name).mkdir(parents=True)
    (directory / "pkg/__init__.py").write_text("from pkg._core import core\n")
    library(directory / LIBRARY, f"int dep(void) {{ return {answer}; }}", f"-Wl,-soname,{Path(LIBRARY).name}")
    core = "int dep(void); int core(void) { return dep(); }"
    library(directory / CORE, core, str(directory / LIBRARY), f"-Wl,-rpath,{search}")
    (directory / LINK).symlink_to(Path(LIBRARY).name)
    return directory


def library(path: Path, code: str, *words: str) -> Path:
    compiler = shutil.which("cc") or "cc"
    command = [compiler, "-shared", "-fPIC", "-x", "c", "-", "-x", "none", "-o", str(path), *words]
    subprocess.run(command, input=code.encode(), check=True, timeout=AGES)
    return path


def wheel(directory: Path, path: Path) -> Path:
    """A zip file as auditwheel makes it, with modes and links as zip(1) keeps them."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(directory.rglob("*")):
            name = str(file.relative_to(directory))
            if file.is_symlink():
                put(archive, name, str(file.readlink()).encode(), stat.S_IFLNK | 0o777)
            elif file.is_file():
                put(archive, name, file.read_bytes(), file.stat().st_mode)
    return path


def put(archive: zipfile.ZipFile, name: str, data: bytes, mode: int) -> None:
    """A member with a mode, as Unix has it."""
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    archive.writestr(info, data)


def tarball(directory: Path, path: Path, mode: str) -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]  # any mode of tarfile
        archive.add(directory, ".")
    return path
