"""How long 300 objects take: our nix backend against a hand-written expression under plain nix-build, in one run.

    PYTHONPATH=runner python3 bench/nix-300.py [objects] [rounds] [contender…]      # for example 'nix backend -j2'

Every contender builds sources that no store has seen; rounds are interleaved; the table gives medians and ratios.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from elfworlds.process import Command, Pool

ROOT = Path(__file__).resolve().parents[1]
HAND_WRITTEN = Path(__file__).with_suffix(".nix")


def sources(directory: Path, count: int) -> None:
    """Sources that differ from all before, as files and as an experiment."""
    tag = uuid.uuid4().hex
    codes = {f"o{number}": f"int f{number}(void) {{ return {number}; }} /* {tag} */\n" for number in range(count)}
    for name, code in codes.items():
        (directory / f"{name}.c").write_text(code)
    experiment = {
        "experiment": "many",
        "question": "How long do many objects take?",
        "objects": {name: {"library": name, "code": code} for name, code in codes.items()},
        "scenarios": {"it-is-built": {"run": "${o0}", "outcomes": {"fine": {"exit": 0}}}},
    }
    (directory / "many.yaml").write_text(json.dumps(experiment))


def by_hand(directory: Path, count: int, jobs: int) -> list[str]:
    program = shutil.which("nix-build") or "nix-build"
    arguments = ["--argstr", "directory", str(directory), "--argstr", "count", str(count)]
    flags = ["--max-jobs", str(jobs), "--cores", "1", "--no-out-link", "--quiet"]
    return [program, str(HAND_WRITTEN), *arguments, *flags]


def ours(directory: Path, _count: int, jobs: int, backend: str = "nix") -> list[str]:
    words = ["-m", "elfworlds", "build", "-q", "--backend", backend, "-j", str(jobs), str(directory / "many.yaml")]
    return [sys.executable, *words]


def contenders() -> Iterator[tuple[str, object, int]]:
    for jobs in (2, 1):
        yield f"by hand -j{jobs}", by_hand, jobs
        yield f"nix backend -j{jobs}", ours, jobs
    yield "local store -j2", lambda *words: ours(*words, backend="local"), 2


def measure(pool: Pool, argv: list[str], cache: Path) -> float:
    conf = str(ROOT / "nix" / "hostpkgs" / "conf")
    more = {"NIX_CONF_DIR": conf, "ELFWORLDS_NIX_PACKAGES": "hostpkgs", "XDG_CACHE_HOME": str(cache)}
    started = time.monotonic()
    done = pool.run(Command(argv=tuple(argv), env={**os.environ, **more}, cwd="/", timeout=1800.0))
    if not done.ok:
        sys.exit(done.stderr.data.decode() + done.text)
    return time.monotonic() - started


def main(count: int, rounds: int, *chosen: str) -> None:
    """The contenders chosen, default all, beside those by hand with as many jobs."""
    taken = [one for one in contenders() if not chosen or one[0] in chosen or one[0] == f"by hand {chosen[0][-3:]}"]
    times: dict[str, list[float]] = {}
    with Pool() as pool:
        for _ in range(rounds):
            for name, words, jobs in taken:
                with tempfile.TemporaryDirectory() as temporary:
                    directory = Path(temporary)
                    sources(directory, count)
                    argv = words(directory, count, jobs)  # type: ignore[operator]
                    times.setdefault(name, []).append(measure(pool, argv, directory / "cache"))
                    again = f"{name}, nothing to do"
                    times.setdefault(again, []).append(measure(pool, argv, directory / "cache"))
    base = {jobs: statistics.median(times[f"by hand -j{jobs}"]) for _, _, jobs in taken}
    print(f"{count} objects, median of {rounds}")
    for name, found in times.items():
        middle = statistics.median(found)
        jobs = 1 if "-j1" in name else 2
        print(f"{name:32} {middle:7.2f} s   {middle / base[jobs]:5.2f} × by hand -j{jobs}")


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:3]]
    main(*(numbers + [300, 3][len(numbers) :]), *sys.argv[3:])
