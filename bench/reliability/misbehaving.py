"""Twenty trials that do what nobody wants, on this machine and in a root, beside one that is well-behaved."""

from __future__ import annotations

from pathlib import Path

from .place import Place, Row, trials

HOW = (
    *("hang", "spin", "crash", "abort", "flood", "noise", "daemon", "deaf-child", "close", "stop"),
    *("forks", "full-stack", "kill-parent", "stop-parent", "kill-all", "shut-directory", "remove-directory"),
    *("remove-trials", "change-records", "fill-directory"),
)
TEXT = r"""
experiment: misbehaving
question: What do programs do that nobody wants?
matrix:
  how: [HOW]
objects:
  app:
    executable: app
    code: |
      #define _GNU_SOURCE
      #include <signal.h>
      #include <stdio.h>
      #include <stdlib.h>
      #include <string.h>
      #include <sys/stat.h>
      #include <unistd.h>

      static char block[1 << 20];

      static int deep(volatile char *from)
      {
          volatile char here[4096] = {from[0]};
          return deep(here) + here[1];
      }

      static void deaf(void)
      {
          signal(SIGTERM, SIG_IGN);
          signal(SIGHUP, SIG_IGN);
          setsid();
          for (;;)
              pause();
      }

      static int is(const char *how, const char *name)
      {
          return !strcmp(how, name);
      }

      static void to_itself(const char *how)
      {
          if (is(how, "hang"))
              for (;;)
                  pause();
          if (is(how, "spin"))
              for (volatile int i = 0;; i++)
                  ;
          if (is(how, "crash"))
              raise(SIGSEGV);
          if (is(how, "abort"))
              abort();
          if (is(how, "full-stack"))
              deep(block);
          if (is(how, "stop"))
              raise(SIGSTOP);
          if (is(how, "close"))
              for (int fd = 0; fd < 20; fd++)
                  close(fd);
      }

      static void to_streams_and_processes(const char *how)
      {
          if (is(how, "flood"))
              for (int i = 0; i < 512; i++)
                  if (write(1, block, sizeof block) < 0)
                      _exit(9);
          if (is(how, "noise"))
              fwrite("\0\377\376\033[2J\033]0;owned\007\r\x9b" "31m", 1, 21, stderr);
          if (is(how, "daemon") && fork() == 0 && setsid() && fork() == 0)
              deaf();
          if (is(how, "deaf-child") && fork() == 0)
              deaf();
          if (is(how, "forks"))
              for (int i = 0; i < 100; i++)
                  if (fork() == 0)
                      deaf();
          if (is(how, "kill-parent"))
              kill(getppid(), SIGKILL);
          if (is(how, "stop-parent"))
              kill(getppid(), SIGSTOP);
          if (is(how, "kill-all") && getppid() < 3 && getpid() < 10) /* in a pid namespace alone */
              kill(-1, SIGKILL);
      }

      static int run(const char *command)
      {
          return system(command) == -1;
      }

      static int to_files(const char *how)
      {
          if (is(how, "shut-directory"))
              return run("chmod 0 .. .");
          if (is(how, "remove-directory"))
              return run("rm -rf ../cwd");
          if (is(how, "remove-trials"))
              return run("cd ..; rm -f stdout stderr cmd.sh; mkdir cmd.sh; ln -s /etc/passwd stdout");
          if (is(how, "change-records"))
              return run("sed -i s/zero/nine/ ../../../trials.jsonl 2>/dev/null");
          if (is(how, "fill-directory"))
              return run("i=0; while [ $i -lt 3000 ]; do : > f$i; i=$((i+1)); done");
          return 0;
      }

      int main(int argc, char **argv)
      {
          const char *how = argc > 2 ? argv[1] : "";

          to_itself(how);
          to_streams_and_processes(how);
          return to_files(how);
      }
scenarios:
  bad: {run: "${app} ${matrix.how} MARKER", timeout: 3, outcomes: {zero: {exit: 0}}}
  good: {run: "${app} nothing MARKER", outcomes: {zero: {exit: 0}}, expect: {outcome: zero}}
"""


def misbehaving(place: Place, where: str) -> Row:
    """All of them once; `where` is `host` or a root. Each has to be recorded, and each good one to pass.

    The one that changes the run's records is tried alone: its run has to end without a verdict.
    """
    names = [how for how in HOW if how != "change-records"]
    text = TEXT.replace("HOW", ", ".join(names))
    place.run("run", "--no-tables", place.experiment("misbehaving", text), "-S", f"libc={where}")
    done = [trial for run in place.runs("misbehaving") for trial in trials(run)]
    bad = {str(trial["trial"]) for trial in done if trial["scenario"] == "bad"}
    good = [trial for trial in done if trial["scenario"] == "good" and trial["verdict"] == "PASS"]
    lost = 2 * len(names) - len(bad) - len(good)
    alone = TEXT.replace("experiment: misbehaving", "experiment: changing").replace("HOW", "change-records, nothing")
    code, out = place.run(
        "run", "--no-tables", place.experiment("changing", alone), "-S", f"libc={where}", "--repeat", "9"
    )
    found = "found out, exit 4" if code == 4 and "does not fit its seal" in out else f"without effect, exit {code}"
    said = f"{lost} of {2 * len(names)} trials; records that a trial changes: {found}"
    return Row(f"trials that misbehave, {where}", len(HOW), said, place.left())


def roots(cache: Path) -> bool:
    """Whether a root of bookworm is here."""
    return any((cache / "elfworlds" / "roots").glob("bookworm-*"))
