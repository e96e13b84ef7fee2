#!/bin/sh
# 20,000 trials over three workers, each in a network, mount and pid namespace of its own with an empty store and HOME; the
# second is stopped for a minute, the first killed at half, the scheduler restarted once the second has gone on. Then the same
# here; both sets of tables are compared. Each trial sleeps for PAUSE ms (20), so that all of it has room on a fast machine.
# As root: [PAUSE=MS] sh bench/cluster.sh DIRECTORY [TRIALS [LIBC,LIBC…]]
# Of roots DIRECTORY/cache/elfworlds may have debs/ and roots/; workers have neither, and no network but the bridge.
set -eu
place=$1 trials=${2:-20000} libcs=${3:-host} pause=${PAUSE:-20}
several=$(echo "$libcs" | tr , '\n' | wc -l)
python=$PWD/.venv/bin/python
export XDG_CACHE_HOME="$place/cache" DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL=20s
mkdir -p "$place/cache" "$place/experiments"
cat > "$place/experiments/many.yaml" <<YAML
experiment: many
question: How long does a trial take?
matrix: {place: [0, 1, 2, 3]}
objects:
  app:
    executable: app
    code: |
      #include <stdlib.h>
      #include <time.h>
      int main(int argc, char **argv) {
          (void)argc;
          nanosleep(&(struct timespec){.tv_nsec = ${pause}000000L}, NULL);
          return atoi(argv[1]) % 3;
      }
scenarios:
  s:
    run: \${app} \${matrix.place}
    repeat: $((trials / 4 / several))
    outcomes: {zero: {exit: 0}, one: {exit: 1}, two: {exit: 2}}
YAML
cd "$place"
ip link add elfbr0 type bridge
ip addr add 10.98.7.1/24 dev elfbr0
ip link set elfbr0 up
pids=""
clean() {
    for pid in $pids; do kill -9 "$pid" 2> /dev/null || true; done
    for n in 1 2 3; do ip netns del elfw$n 2> /dev/null || true; done
    ip link del elfbr0
}
trap clean EXIT
trap 'exit 1' INT TERM
scheduler() {
    "$python" -m distributed.cli.dask_scheduler --host 10.98.7.1 --port 8786 --no-dashboard >> scheduler.log 2>&1 &
    scheduler=$!
    pids="$pids $!"
}
worker() {
    ip netns add elfw$1
    ip link add elfv$1 type veth peer name eth0 netns elfw$1
    ip link set elfv$1 master elfbr0 up
    ip -n elfw$1 addr add 10.98.7.1$1/24 dev eth0
    ip -n elfw$1 link set eth0 up
    ip -n elfw$1 link set lo up
    mkdir -p "$place/store$1/home"
    ip netns exec elfw$1 unshare --mount --pid --fork --kill-child --mount-proc sh -c \
        'mount --bind "$0" "$XDG_CACHE_HOME" && HOME=$XDG_CACHE_HOME/home exec "$@"' "$place/store$1" \
        "$python" -m elfworlds worker dask://10.98.7.1:8786 -j 1 --trust --name w$1 > worker$1.log 2>&1 &
    eval "worker$1=$!"
    pids="$pids $!"
}
recorded() { cat results/many/2*/trials.jsonl 2> /dev/null | wc -l; }
until_recorded() { while [ "$(recorded)" -lt "$1" ] && kill -0 "$run"; do sleep 1; done; }
process() { ps -o pid= --ppid "$1" | tr -d ' '; }

scheduler
sleep 3
for n in 1 2 3; do worker $n; done
begin=$(date +%s)
"$python" -m elfworlds run experiments/many.yaml -S libc="$libcs" --executor dask://10.98.7.1:8786 > run1.log 2>&1 & run=$!
until_recorded $((trials / 8))
stopped=$(process "$worker2")
kill -STOP "$stopped"
echo "worker 2 stopped at $(recorded) trials, after $(($(date +%s) - begin)) s"
(sleep 60; kill -CONT "$stopped"; echo "worker 2 goes on after $(($(date +%s) - begin)) s") & awake=$!
until_recorded $((trials / 2))
kill -9 "$(process "$worker1")"
echo "worker 1 killed at $(recorded) trials, after $(($(date +%s) - begin)) s"
wait $awake
until_recorded $((trials * 3 / 4))
kill -9 $scheduler
echo "scheduler killed at $(recorded) trials, after $(($(date +%s) - begin)) s"
code=0; wait $run || code=$?
echo "the run ended with $code after $(($(date +%s) - begin)) s"
scheduler
code=0; "$python" -m elfworlds run experiments/many.yaml -S libc="$libcs" --executor dask://10.98.7.1:8786 > run2.log 2>&1 || code=$?
echo "the next one ended with $code after $(($(date +%s) - begin)) s"
grep -h "tried on\|worker\|files of\|go on\|interrupted" run1.log run2.log || true
begin=$(date +%s)
"$python" -m elfworlds run experiments/many.yaml -S libc="$libcs" -o here > here.log 2>&1
echo "here: $(($(date +%s) - begin)) s"
"$python" - results/many/latest here/many/latest <<'PY'
import csv, json, pathlib, sys
measured = {"wall_s", "user_s", "sys_s", "max_rss_kb", "base", "dynamic", "ran_on", "on_kernel", "on_cpu", "on_architecture"}
def tables(run):
    return {p.name: [{k: v for k, v in row.items() if k not in measured} for row in csv.DictReader(p.open())]
            for p in sorted(pathlib.Path(run, "tables").glob("*.csv"))}
a, b = map(tables, sys.argv[1:])
ids = [json.loads(line)["trial"] for line in pathlib.Path(sys.argv[1], "trials.jsonl").open()]
print(f"{len(ids)} records, {len(set(ids))} trials; tables equal: {a == b}, {list(a)}")
print("differ:", [name for name in b if a.get(name) != b[name]])
PY
