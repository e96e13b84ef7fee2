"""A set-user-ID or set-group-ID program runs as such on this machine, started by root; else its trial says why not."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from elfworlds.planning import Bound
from elfworlds.process import Pool
from elfworlds.toolchains import Toolchain
from elfworlds.trials import privilege
from plans import plan_of
from playing import built, played

NOBODY = 65534
EXPERIMENT = """
experiment: set-id
question: Is LD_LIBRARY_PATH ignored?
matrix: {mode: ["0755", "02755", "04755"]}
objects:
  w-1: &w {library: w, defines: {WHICH: 1}, code: "int w(void) { return WHICH; }"}
  w-2: {<<: *w, defines: {WHICH: 2}}
  app:
    executable: app
    needs: [w-1]
    code: |
      #include <sys/auxv.h>
      int w(void);
      int main(void) { return getauxval(AT_SECURE) * 10 + w(); }
scenarios:
  plainly: &started
    when: {mode: "0755"}
    files: {app: "${app}"}
    env: {LD_LIBRARY_PATH: "${w-2.dir}"}
    run: ${files.dir}/app
    outcomes: {not-secure: {exit: 2}, secure: {exit: 11}}
    expect: {outcome: not-secure}
  group:
    <<: *started
    when: {mode: "02755"}
    files: {app: {object: app, mode: "02755", owner: 65534}}
    expect: {outcome: secure}
  user:
    <<: *started
    when: {mode: "04755"}
    files: {app: {object: app, mode: "04755", owner: 65534}}
    expect: {outcome: secure}
"""


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory that every user may enter, and in which a mode counts."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to another user")
    if not os.access("/var/tmp", os.W_OK) or os.statvfs("/var/tmp").f_flag & os.ST_NOSUID:
        pytest.skip("needs a device that is mounted with suid at /var/tmp")
    place = Path(tempfile.mkdtemp(prefix="elfworlds-", dir="/var/tmp"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


def test_its_loader_runs_securely_and_ignores_the_environment(
    open_place: Path, pool: Pool, toolchain: Toolchain
) -> None:
    seen = played(EXPERIMENT, open_place, pool, toolchain)
    verdicts = {name: seen.of(name).judgement.outcome for name in ("plainly", "group", "user")}
    assert verdicts == {"plainly": "not-secure", "group": "secure", "user": "secure"}, seen.of("user").notes
    assert seen.of("plainly").notes == ()
    (note,) = seen.of("user").notes
    assert note.startswith("app (mode 04755, owner 65534) was started by root without bubblewrap")


def bound_of(place: Path, toolchain: Toolchain, scenario: str) -> Bound:
    plan = plan_of(EXPERIMENT, place, {"host": toolchain})
    return next(trial.bound for trial in plan.trials if trial.scenario == scenario)


def test_what_it_cannot_reach_is_named(tmp_path: Path, pool: Pool, toolchain: Toolchain) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    plan = plan_of(EXPERIMENT, closed, {"host": toolchain})
    build = built(plan, closed / "store", pool, toolchain)
    by_name = {trial.scenario: trial.bound for trial in plan.trials}
    why = privilege.unreachable(by_name["user"], str(closed), build)
    assert why.startswith("user 65534, as whom app runs, cannot enter /")
    assert privilege.unreachable(by_name["group"], str(closed), build) == ""
    assert privilege.unreachable(by_name["plainly"], str(closed), build) == ""


def test_an_ordinary_user_and_a_process_without_new_privileges_have_none(
    tmp_path: Path, toolchain: Toolchain, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = bound_of(tmp_path, toolchain, "user")
    status = tmp_path / "status"
    status.write_text("Name:\tx\nNoNewPrivs:\t1\n")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert privilege.unsupported(user, toolchain, status).endswith("no_new_privs is set for this very process")
    status.write_text("Name:\tx\nNoNewPrivs:\t0\n")
    assert privilege.unsupported(user, toolchain, status) == ""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert privilege.unsupported(user, toolchain, status).endswith("only root can give the file to user 65534")
    assert privilege.unsupported(replace(user, files=()), toolchain, status) == ""


def test_valgrind_executes_none_and_the_trial_says_so(tmp_path: Path, toolchain: Toolchain) -> None:
    trials = plan_of(EXPERIMENT, tmp_path, {"host": toolchain}).trials
    watched = {trial.scenario: replace(trial, observer="valgrind") for trial in trials}
    assert privilege.unwatched(watched["user"]).endswith("app has the mode 04755")
    assert privilege.unwatched(watched["plainly"]) == ""
    assert [privilege.unwatched(trial) for trial in trials] == ["", "", ""]
