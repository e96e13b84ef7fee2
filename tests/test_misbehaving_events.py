"""Trials that tell what they do and then misbehave: each ends in time, and what it told until then is there."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator

import pytest

from elfworlds.process import Pool
from elfworlds.records.rows import event_records
from elfworlds.toolchains import Toolchain
from elfworlds.traces.events import MOST_EVENTS, UNREADABLE
from elfworlds.trials.observe import Observation
from playing import Played, played
from test_process import alive

TEXT = r"""
experiment: misbehaving-events
question: Is what a program tells there, however it ends?
matrix:
  how: [crash, hang, flood, deaf, own-session, many, garbage, endless-line, two, stolen, truncated]
objects:
  app:
    executable: app-that-tells
    cflags: [-D_GNU_SOURCE]
    code: |
      #include <signal.h>
      #include <stdlib.h>
      #include <string.h>
      #include <sys/wait.h>
      #include "observe.h"

      static char block[1 << 20];
      static const char garbage[] =
          "\n{\"event\":\n\xff\xfe\0\x1b[31m\n[[[[\n"
          "{\"event\":\"exit\",\"exit\":99,\"trial\":\"another\",\"value\":1e999}\n";

      static void stay(void)
      {
          signal(SIGTERM, SIG_IGN);
          observe("child");
          for (;;)
              pause();
      }

      static void write_all(int count, int which)
      {
          for (int i = 0; i < count; i++)
              observe_int(which ? "one" : "other", i);
      }

      int main(int argc, char **argv)
      {
          const char *how = argc > 1 ? argv[1] : "";

          observe_text("begun", how);
          if (!strcmp(how, "crash"))
              *(volatile int *)0 = 1;
          if (!strcmp(how, "hang"))
              for (;;)
                  pause();
          if (!strcmp(how, "flood"))
              for (int i = 0; i < 1024; i++)
                  if (write(1, block, sizeof block) < 0)
                      return 9;
          if ((!strcmp(how, "deaf") || !strcmp(how, "own-session")) && fork() == 0) {
              if (how[0] == 'o')
                  setsid();
              stay();
          }
          if (how[0] == 'd' || how[0] == 'o')
              usleep(100000);
          if (!strcmp(how, "many"))
              write_all(2000000, 1);
          if (!strcmp(how, "garbage"))
              if (write(9, garbage, sizeof garbage - 1) < 0)
                  return 7;
          memset(block, 'x', sizeof block);
          if (!strcmp(how, "endless-line"))
              for (int i = 0; i < 4096; i++)
                  if (write(9, block, sizeof block) < 0)
                      break;
          if (!strcmp(how, "two")) {
              if (fork() == 0) {
                  write_all(5000, 0);
                  _exit(0);
              }
              write_all(5000, 1);
              wait(NULL);
          }
          if (!strcmp(how, "stolen"))
              for (int i = 3; i < 100; i++)
                  close(i);
          if (!strcmp(how, "truncated") && ftruncate(9, 1LL << 31) < 0)
              return 8;
          observe("ended");
          return 0;
      }
scenarios:
  endless:
    when: {how: hang}
    run: ${app} ${matrix.how} MARKER
    timeout: 10
    reports: [begun, ended]
    expect: {outcome: hang, begun: "${matrix.how}", ended: {absent: true}}
  ending:
    when: {how: [crash, flood, deaf, own-session, many, garbage, endless-line, two, stolen, truncated]}
    run: ${app} ${matrix.how} MARKER
    timeout: 60
    reports: [begun, ended, child]
    outcomes: {zero: {exit: 0}}
    expect:
      - {when: {how: crash}, outcome: crash, begun: "${matrix.how}", ended: {absent: true}}
      - {when: {how: [deaf, own-session]}, outcome: zero, begun: "${matrix.how}", child: {absent: false}}
      - {when: {how: truncated}, outcome: zero}
      - {outcome: zero, begun: "${matrix.how}"}
"""
MARKER = f"misbehaving-events-{os.getpid()}"
HOW = TEXT.split("how: [")[1].split("]", maxsplit=1)[0].split(", ")


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory, toolchain: Toolchain) -> Iterator[Played]:
    with Pool() as pool:
        yield played(TEXT.replace("MARKER", MARKER), tmp_path_factory.mktemp("misbehaving"), pool, toolchain)


def of(how: str, trials: Played) -> Observation:
    (found,) = (one for name, one in trials.seen.items() if f"how={how}," in name)
    return found


@pytest.mark.parametrize("how", HOW)
def test_each_has_its_name_and_what_it_told_before(how: str, trials: Played) -> None:
    one = of(how, trials)
    assert one.judgement.verdict == "PASS", (one.judgement, one.events[:3])


def test_nothing_of_them_is_left(trials: Played) -> None:
    assert len(trials.seen) == len(HOW)
    assert alive(MARKER) == []
    left = {how: found.left for how in HOW if (found := of(how, trials).completed) and found.left}
    assert left.keys() == {"hang", "deaf", "own-session"}


def test_a_flood_of_output_is_kept_to_a_bound_and_counted(trials: Played) -> None:
    completed = of("flood", trials).completed
    assert completed is not None
    assert completed.stdout.total == 1 << 30
    assert len(completed.stdout.data) <= 1 << 21
    assert [event.name for event in of("flood", trials).events] == ["begun", "ended"]


def test_a_flood_of_events_is_kept_to_a_bound_and_said_to_be_cut(trials: Played) -> None:
    events = of("many", trials).events
    assert len(events) == MOST_EVENTS + 1
    assert [event.fields.get("value") for event in events[1:1001]] == list(range(1000))
    assert events[-1].name == UNREADABLE
    assert "bytes after the first" in str(events[-1].fields["value"])


def test_a_line_without_an_end_is_one_that_cannot_be_read(trials: Played) -> None:
    completed = of("endless-line", trials).completed
    assert completed is not None
    assert len(completed.events) == 1 << 24
    assert [event.name for event in of("endless-line", trials).events] == ["begun", UNREADABLE]


def test_garbage_is_told_as_such_and_changes_no_value_of_the_trial(trials: Played) -> None:
    one = of("garbage", trials)
    assert Counter(event.name for event in one.events) == {"begun": 1, UNREADABLE: 3, "exit": 1, "ended": 1}
    assert one.values["exit"] == 0


def test_garbage_is_recorded_as_the_trials_own(trials: Played) -> None:
    records = list(event_records(of("garbage", trials)))
    assert {record.trial for record in records} == {of("garbage", trials).trial.id}
    fields = [record.fields for record in records]
    assert json.loads(json.dumps(fields, allow_nan=False)) == fields


def test_two_that_write_at_once_keep_whole_lines_each_in_its_order(trials: Played) -> None:
    told = [(event.name, event.fields.get("value")) for event in of("two", trials).events[1:-1]]
    assert len(told) == 10_000
    for name in ("one", "other"):
        assert [value for said, value in told if said == name] == list(range(5000))


def test_a_program_that_makes_its_events_endless_gains_nothing(trials: Played) -> None:
    completed = of("truncated", trials).completed
    assert completed is not None
    assert len(completed.events) == 1 << 24


def test_a_program_that_closes_every_descriptor_tells_nothing_more(trials: Played) -> None:
    assert [event.name for event in of("stolen", trials).events] == ["begun"]
