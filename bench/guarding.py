"""What a trial costs the more guarded it is, as ratios against fork and exec in the same run.

Run it as `python -m bench.guarding`; it writes the last table of docs/reliability.md. One trivial program is started
again and again, one at a time, by each way in turn, so that whatever else the machine does hits all alike. The least
time of each is the one that was disturbed least; the median stands beside it. A way that cannot be had is left out.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from elfworlds.process import Command, Pool
from elfworlds.sandbox import World, landlock, wrap
from elfworlds.supervisor import namespaces
from elfworlds.supervisor.landlock import abi
from elfworlds.toolchains.family import Means
from elfworlds.toolchains.host.family import Host
from elfworlds.toolchains.sandboxed import landlocked, sandboxed

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
HEADING = "## What guarding costs"
ROUNDS = 300
NOTE = """
A supervisor and its namespace serve many programs; what a sandbox has is made for each: bubblewrap's namespaces and
forty mounts, or the rules of a Landlock domain. They take many system calls, so a busy machine makes the ratio higher.
"""
CODE = "int main(void) { return 0; }\n"
Way = Callable[[], None]


def made(place: Path) -> str:
    """A program that does nothing."""
    (place / "trivial.c").write_text(CODE)
    subprocess.run(["cc", "-O2", "-o", str(place / "trivial"), str(place / "trivial.c")], check=True)
    return str(place / "trivial")


def fork_and_exec(program: str) -> Way:
    def start() -> None:
        pid = os.posix_spawn(program, [program], {})
        os.waitpid(pid, 0)

    return start


def commanded(pool: Pool, command: Command) -> Way:
    def start() -> None:
        done = pool.run(command)
        if not done.ok:
            raise SystemExit(f"{command.as_shell()}: {done.not_started or done.stderr.data!r}")

    return start


def namespace_each(program: str) -> Way:
    """A pid namespace for each, whose process 1 starts the program: what one for many trials saves."""
    flags = namespaces.flags()

    def start() -> None:
        pid = namespaces.first(flags, fork_and_exec(program))
        os.waitpid(pid, 0)

    return start


def of_sandbox(pool: Pool, place: Path) -> World:
    """This machine, guarded by bubblewrap."""
    environment = dict(os.environ)
    known = Means(run=pool.run, environment=environment)
    return sandboxed({"host": Host().provided("host", known)}, pool.run, environment, place)["host"].world


def ways(pool: Pool, place: Path) -> Iterator[tuple[str, Way]]:
    program = made(place)
    plain = Command(argv=(program,), env={}, cwd=str(place), timeout=60.0)
    yield "fork and exec", fork_and_exec(program)
    yield "watched by a supervisor", commanded(pool, plain)
    if namespaces.flags():
        yield "… in a pid namespace that trials share", commanded(pool, replace(plain, apart=True))
        yield "a pid namespace for each program", namespace_each(program)
    if abi() >= landlock.LEAST:
        guarded = World("host", guard=landlocked(abi())).reading(str(place))
        yield "--sandbox-fallback landlock", commanded(pool, wrap(replace(plain, apart=True), guarded))
    yield "--sandbox", commanded(pool, wrap(plain, of_sandbox(pool, place).reading(str(place))))


def measured(every: Mapping[str, Way]) -> dict[str, list[float]]:
    """Seconds of each start, by way; the first of each, which makes what later ones share, does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in every}
    for _ in range(ROUNDS + 1):
        for name, start in every.items():
            begun = time.perf_counter()
            start()
            seconds[name].append(time.perf_counter() - begun)
    return {name: values[1:] for name, values in seconds.items()}


def table(seconds: Mapping[str, list[float]]) -> str:
    least = min(next(iter(seconds.values())))
    rows = [
        f"| {name} | {1000 * min(each):.2f} ms | {1000 * statistics.median(each):.2f} ms | {min(each) / least:.1f} × |"
        for name, each in seconds.items()
    ]
    head = ["| a program that does nothing | least | median | least, as a ratio |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *rows, ""])


def main() -> None:
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp")))
        pool = stack.enter_context(Pool())
        text = table(measured(dict(ways(pool, place))))
    sys.stdout.write(text)
    when = f"{datetime.now(UTC):%Y-%m-%d}, {ROUNDS} starts of each, at a load of {os.getloadavg()[0]:.0f}"
    before = PAGE.read_text().partition(HEADING)[0].rstrip()
    text += NOTE
    PAGE.write_text(f"{before}\n\n{HEADING}\n\n`python -m bench.guarding` on {when}:\n\n{text}")


if __name__ == "__main__":
    main()
