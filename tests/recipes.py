"""A recipe for a libc, and sources of a toy that stands for one."""

from __future__ import annotations

import hashlib
import tarfile
from io import BytesIO
from pathlib import Path

CONFIGURE = '#!/bin/sh\nsed "s|@src@|$(dirname "$0")|" "$(dirname "$0")/Makefile.in" > Makefile; echo "words: $*"\n'
MAKEFILE = "all:\n\ttest ! -e ../fail\n\tcp @src@/toy.c libtoy.so\n\tln -sf libtoy.so libtoy.so.1\n"
TOY = "int answer(void)\n{\n\treturn 1;\n}\n"
PATCH = (
    "Subject: toy: Answer {new}\n\nWhy.\n\n--- a/toy.c\n+++ b/toy.c\n@@ -1,4 +1,4 @@\n"
    " int answer(void)\n {{\n-\treturn {old};\n+\treturn {new};\n }}\n"
)
LINKING = (
    "all:\n\tmkdir -p linkobj\n\tcc -shared -Wl,-soname,libtoy.so.1 -o libtoy.so @src@/toy.c\n"
    "\tcc -shared -Wl,-soname,libtoy.so.1 -o linkobj/libtoy.so -Dreturn='return 1 +' @src@/toy.c\n"
)


def archive(path: Path, makefile: str = MAKEFILE) -> str:
    """Sources of a toy that only copies, or as a makefile says; the digest of their archive."""
    with tarfile.open(path, "w") as tar:
        for name, text in (("configure", CONFIGURE), ("Makefile.in", makefile), ("toy.c", TOY)):
            info = tarfile.TarInfo(f"toy-1/{name}")
            info.size, info.mode = len(text), 0o755
            tar.addfile(info, BytesIO(text.encode()))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def recipe_file(place: Path, base: str = "host", makefile: str = MAKEFILE) -> Path:
    """The recipe glibc/toy in a directory: two patches, the second over the first; a header; configure words."""
    place.mkdir(exist_ok=True)
    digest = archive(place / "toy.tar", makefile)
    (place / "1.patch").write_text(PATCH.format(old=1, new=2))
    (place / "2.patch").write_text(PATCH.format(old=2, new=42))
    file = place / "glibc-toy.yaml"
    file.write_text(
        f"base: {base}\nsource: {{archive: toy.tar, sha256: {digest}}}\n"
        "patches: [1.patch, 2.patch]\nconfigure: [--with-a, b]\nheaders: {bits/toy.h: toy.c}\n"
    )
    return file
