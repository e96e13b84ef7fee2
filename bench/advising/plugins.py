"""What `elfworlds try` sees of plugins of this machine, beside what was foretold: a table for docs/advise.md.

Run it as `python -m bench.advising.plugins [--libc LIST]`; a plugin that is not here has no row.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from elfworlds.advice import DLMOPEN
from elfworlds.process import Pool
from elfworlds.workflow.screen import Silent
from elfworlds.workflow.session import Session
from elfworlds.workflow.trying import Cell, Tried, subject_of, try_file

from .files import package_of

LIBS, PYTHON = "/usr/lib/x86_64-linux-gnu", "/usr/lib/python3/dist-packages"
LIBPYTHON = f"{LIBS}/libpython3.11.so.1.0"
WHEELS = f"{os.path.dirname(os.__file__)}/site-packages"  # noqa: PTH120
PLUGINS: tuple[tuple[str, str, str | None], ...] = (
    ("numpy's core", f"{WHEELS}/numpy/_core/_multiarray_umath.cpython-311-x86_64-linux-gnu.so", LIBPYTHON),
    (
        "pydantic's core (Rust)",
        f"{WHEELS}/pydantic_core/_pydantic_core.cpython-311-x86_64-linux-gnu.so",
        LIBPYTHON,
    ),
    ("apt_pkg (C++)", f"{PYTHON}/apt_pkg.cpython-311-x86_64-linux-gnu.so", LIBPYTHON),
    ("an input method of GTK", f"{LIBS}/gtk-3.0/3.0.0/immodules/im-cedilla.so", None),
    ("a loader of gdk-pixbuf", f"{LIBS}/gdk-pixbuf-2.0/2.10.0/loaders/libpixbufloader-gif.so", None),
    ("GStreamer's core elements", f"{LIBS}/gstreamer-1.0/libgstcoreelements.so", None),
    ("a PAM module", f"{LIBS}/security/pam_unix.so", None),
    ("an OpenSSL provider", f"{LIBS}/ossl-modules/legacy.so", None),
    ("an OpenSSL engine", f"{LIBS}/engines-3/loader_attic.so", None),
    ("a Vulkan layer", f"{LIBS}/libVkLayer_MESA_device_select.so", None),
    ("a name service", f"{LIBS}/libnss_systemd.so.2", None),
    ("a gconv module", f"{LIBS}/gconv/UTF-16.so", None),
    ("PL/pgSQL", "/usr/lib/postgresql/15/lib/plpgsql.so", None),
)


def row(name: str, tried: Tried, libcs: Sequence[str]) -> str:
    cells = [_column([cell for cell in tried.cells if cell.libc == libc]) for libc in libcs]
    brought = package_of(tried.subject.path, "/")
    return f"| {name} | {brought.removesuffix('no package') or 'a wheel'} | {' | '.join(cells)} |"


def _column(cells: Sequence[Cell]) -> str:
    """What dlmopen did, shortly; then how many of the trials were as foretold, of those of which something was."""
    said = [cell for cell in cells if cell.foretold]
    right = sum(not cell.differs for cell in said)
    by_name = {cell.scenario: cell.seen for cell in cells if cell.way == DLMOPEN}
    seen = dict.fromkeys(by_name.get(name, "") for name in ("opened", "closed", "as-often-as-fits"))
    words = ", ".join(word.replace("fits, copies.count: ", "fits ") for word in seen if word)
    differing = (f"{cell.scenario} {cell.way}: {cell.seen}, not {cell.foretold}" for cell in said if cell.differs)
    return "; ".join([words, f"{right} of {len(said)}", *differing])


def table(libcs: Sequence[str]) -> Iterator[str]:
    yield f"| plugin | package | {' | '.join(libcs)} |"
    yield f"| --- | --- |{' --- |' * len(libcs)}"
    with Pool() as pool, tempfile.TemporaryDirectory() as output:
        session = Session(pool, os.environ, Silent(), 2)
        for name, file, host in PLUGINS:
            if Path(file).exists():
                subject = subject_of(Path(file), Path(host) if host else None, None)
                yield row(name, try_file(subject, libcs, Path(output), session), libcs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--libc", default="host,debian/bullseye,debian/trixie")
    for line in table(parser.parse_args().libc.split(",")):
        print(line, flush=True)


if __name__ == "__main__":
    main()
