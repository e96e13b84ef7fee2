"""Of an experiment the effect is taken out of the source: none of the outcomes that have a name is left."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from conftest import ROOT

if TYPE_CHECKING:
    from conftest import World

NO_THREAD = "csrc/tls-destructor/ending.c"
MUTANTS = {  # experiment → (file, what stands there, what stands there instead)
    "who-destroys": (
        (NO_THREAD, "pthread_barrier_init(&registered, NULL, 2);", "pthread_barrier_init(&registered, NULL, 1);"),
        (NO_THREAD, "pthread_create(&worker, NULL, work, NULL)", "work == NULL"),
        (NO_THREAD, "pthread_join(worker, NULL)", "(void)worker"),
        (NO_THREAD, "pthread_cancel(worker)", "(void)worker"),
    )
}


@pytest.mark.parametrize("experiment", MUTANTS)
def test_without_its_effect_an_experiment_has_no_outcome_that_has_a_name(world: World, experiment: str) -> None:
    shutil.copy(ROOT / "experiments" / f"{experiment}.yaml", world.path / "experiments")
    for name, old, new in MUTANTS[experiment]:
        text = (world.path / name).read_text()
        assert text.count(old) == 1
        (world.path / name).write_text(text.replace(old, new))
    assert world.run("run", f"experiments/{experiment}.yaml", "--repeat", "1", "--no-tables")[0] == 1
    trials = [json.loads(line) for line in (world.latest(experiment) / "trials.jsonl").read_text().splitlines()]
    assert {trial["outcome"] for trial in trials} == {"other", "crash"}
