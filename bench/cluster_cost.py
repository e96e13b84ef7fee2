"""What a trial costs on a cluster: processor time of scheduler, worker and runner, beside a local run's.

python -m bench.cluster_cost DIRECTORY [TRIALS]
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

SCHEDULER = ("-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
EXPERIMENT = """
experiment: cost
question: What does a trial cost?
objects: {{app: {{executable: app, code: "int main(void) {{ return 0; }}"}}}}
scenarios: {{s: {{run: "${{app}}", repeat: {trials}, outcomes: {{zero: {{exit: 0}}}}}}}}
"""


def started(place: Path, *words: str) -> int:
    with (place / "log").open("ab") as log:
        return subprocess.Popen([sys.executable, *words], cwd=place, stdout=log, stderr=log).pid


def seconds(pid: int, name: str) -> float:
    """Processor time of a process that ends, and of its children."""
    _, status, used = os.wait4(pid, 0)
    print(f"{name}: {used.ru_utime + used.ru_stime:.1f} s of processor, status {status}")
    return used.ru_utime + used.ru_stime


def main(place: Path, trials: int) -> None:
    (place / "experiments").mkdir(parents=True)
    (place / "experiments/cost.yaml").write_text(EXPERIMENT.format(trials=trials))
    scheduler = started(place, *SCHEDULER, "--scheduler-file", "scheduler.json")
    while not (place / "scheduler.json").exists():
        time.sleep(1)
    address = (place / "scheduler.json").read_text().partition("tcp://")[2].partition('"')[0]
    worker = started(place, "-m", "elfworlds", "worker", f"dask://{address}", "-j", "1", "--trust", "--name", "w")
    run = ("-m", "elfworlds", "run", "experiments/cost.yaml")
    costs = [seconds(started(place, *run, "--executor", f"dask://{address}"), "runner")]
    for name, pid in (("worker", worker), ("scheduler", scheduler)):
        os.kill(pid, signal.SIGINT)
        costs.append(seconds(pid, name))
    local = seconds(started(place, *run, "-j", "1", "-o", "here"), "local run")
    print(f"a trial: {sum(costs) / trials * 1000:.1f} ms on the cluster, {local / trials * 1000:.1f} ms here")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2000)
