"""Archives that zstd(1) compressed: Debian has none, others that are built like it do."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.install import installing
from elfworlds.process import Command
from elfworlds.trees.deb import DebError, Stretch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.process import Runner

SECONDS = 600.0
HEADERS = 1 << 30  # what a tar archive may hold beside its files


@dataclass(frozen=True, slots=True)
class Decompressor:
    """zstd(1), where it may write, and how many bytes of it."""

    run: Runner
    environment: Mapping[str, str]
    work: Path
    most: int = 1 << 40

    def unzstd(self, path: Path, stretch: tuple[int, int]) -> Path:
        """A file with what a stretch of another one holds.

        Raises:
            DebError: there is no zstd, or it fails.
        """
        program = paths.which("zstd", self.environment.get("PATH"))
        if program is None:
            raise DebError(f"it is compressed with zstd, which is not in PATH: {installing('zstd')}")
        place = Path(tempfile.mkdtemp(prefix="zstd.", dir=self.work))
        with Stretch(path, *stretch) as source, (place / "in").open("wb") as target:
            shutil.copyfileobj(source, target)
        argv = (program, "-d", "-q", str(place / "in"), "-o", str(place / "out"))
        limits = {"core": 0, "fsize": self.most + HEADERS}
        done = self.run(Command(argv=argv, env={}, cwd=str(place), timeout=SECONDS, limits=limits))
        (place / "in").unlink()
        if not done.ok:
            raise DebError(f"zstd: {done.stderr.data.decode('utf-8', 'replace').strip()[:500]}")
        return place / "out"
