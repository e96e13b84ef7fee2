"""A trial that reaches a limit has that as its reason; a limit that cannot be held exactly is UNSUPPORTED."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import World
from elfworlds.process import Command, Pool
from elfworlds.supervisor import pids
from elfworlds.trials import limits
from waiting import AGES

TEXT = r"""
experiment: lim
question: Which limit is reached?
objects:
  app:
    executable: app
    code: |
      #include <stdio.h>
      #include <stdlib.h>
      #include <string.h>
      #include <unistd.h>
      static char block[1024];
      int main(int argc, char **argv)
      {
          const char *how = argc > 1 ? argv[1] : "";
          if (!strcmp(how, "memory"))
              for (;;) {
                  char *more = malloc(1 << 20);
                  if (!more)
                      return 3;
                  memset(more, 1, 1 << 20);
              }
          if (!strcmp(how, "processes")) {
              for (int n = 0; n < 20; n++) {
                  int pid = fork();
                  if (pid < 0)
                      return 4;
                  if (!pid) { pause(); _exit(0); }
              }
          }
          if (!strcmp(how, "file-size")) {
              FILE *file = fopen("big", "w");
              for (int n = 0; n < 1000; n++)
                  if (fwrite(block, 1, 1024, file) < 1024)
                      return 5;
          }
          while (!strcmp(how, "cpu"))
              ;
          return 0;
      }
matrix:
  what: [memory, processes, file-size, cpu, nothing]
scenarios:
  named:
    run: ${app} ${matrix.what}
    limits: {memory: 100MiB, processes: 10, file-size: 4KiB, cpu: 1}
    outcomes:
      reached: {limit-reached: "${matrix.what}"}
      fine: {exit: 0}
  unnamed:
    run: ${app} ${matrix.what}
    limits: {memory: 100MiB, processes: 10, file-size: 4KiB, cpu: 1}
    outcomes:
      fine: {exit: 0}
"""
WORDS = {"memory": "100 MiB", "processes": "10", "file-size": "4 KiB", "cpu": "1 s"}


def records(world: World) -> dict[tuple[str, str], dict[str, object]]:
    lines = (world.latest("lim") / "trials.jsonl").read_text().splitlines()
    return {(record["scenario"], record["point"]["what"]): record for record in map(json.loads, lines)}


@pytest.fixture
def cgroup() -> None:
    if not pids.available():
        pytest.skip("no pids cgroup can be made here")


def cgroups() -> list[str]:
    return [path.name for path in Path(pids.place()).iterdir()]


@pytest.mark.usefixtures("cgroup")
def test_a_trial_that_reaches_a_limit_has_that_as_its_reason(world: World) -> None:
    code, out, err = world.run("run", world.experiment("lim", TEXT))
    assert (code, err) == (1, "")
    trials = records(world)
    for name, words in WORDS.items():
        assert trials["named", name]["outcome"] == "reached"
        assert trials["unnamed", name]["verdict"] == "UNRESOLVED"
        assert trials["unnamed", name]["notes"] == [f"it reached its limit `{name}`, {words}"]
        assert f"because   it reached its limit `{name}`, {words}" in out
    assert [trials[scenario, "nothing"]["outcome"] for scenario in ("named", "unnamed")] == ["fine", "fine"]


def test_a_limit_of_processes_without_a_cgroup_is_unsupported(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_cgroup", lambda: False)
    world.run("run", world.experiment("lim", TEXT), "--filter", "what=nothing")
    assert {record["verdict"] for record in records(world).values()} == {"UNSUPPORTED"}


@pytest.mark.usefixtures("cgroup")
def test_what_multiplies_without_end_is_held_and_nothing_of_it_is_left(pool: Pool) -> None:
    bomb = ("/bin/sh", "-c", "f() { f | f & }; f; sleep 1")
    done = pool.run(Command(argv=bomb, env={"PATH": "/usr/bin:/bin"}, cwd="/", timeout=AGES, processes=50, apart=True))
    assert (done.limit, done.untried) == ("processes", None)
    assert pool.run(Command(argv=("/bin/true",), env={}, cwd="/", timeout=AGES, apart=True)).ok


def test_a_program_cannot_raise_its_limits_again(pool: Pool) -> None:
    raises = ("/bin/sh", "-c", "sleep .1; ulimit -S -t 100; ulimit -H -t; ulimit -H -f")
    command = Command(
        argv=raises, env={"PATH": "/usr/bin:/bin"}, cwd="/", timeout=AGES, limits={"cpu": 7, "fsize": 1024}
    )
    done = pool.run(command)
    assert done.stdout.data.split() == [b"8", b"2"]


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_what_watches_may_have_used_more_than_the_limit_of_a_trial() -> None:
    with Pool() as pool:
        asks = Command(argv=("/bin/sh", "-c", "echo $PPID"), env={}, cwd="/", timeout=AGES)
        flood = Command(argv=("/usr/bin/head", "-c", "500000000", "/dev/zero"), env={}, cwd="/", timeout=AGES, keep=100)
        supervisor = int(pool.run(asks).text)
        while processor_seconds(supervisor) < 1.5:
            assert pool.run(flood).ok
        limited = replace(asks, limits={"cpu": 1})
        assert {pool.run(limited).text for _ in range(300)} == {f"{supervisor}\n"}  # it has the limit for a moment only


@pytest.mark.usefixtures("cgroup")
def test_a_cgroup_goes_with_its_supervisor() -> None:
    with Pool() as pool:
        show = Command(argv=("/bin/cat", "/proc/self/cgroup"), env={}, cwd="/", timeout=AGES, processes=9, exactly=True)
        (name,) = re.findall("elfworlds-[0-9]+", pool.run(show).text)
        assert name in cgroups()
    assert name not in cgroups()
