#!/bin/sh
#SBATCH --job-name=elfworlds
#SBATCH --ntasks=8
#SBATCH --cpus-per-task=4
#SBATCH --time=04:00:00
# sbatch docs/cluster/slurm.sh EXPERIMENT…: a scheduler on the job's first node, a worker for each task, and one run.
# The store's path is each node's own disk, so that workers do not share one; cert.pem and its like: docs/machines.md.
set -eu
export XDG_CACHE_HOME=/tmp/elfworlds-$SLURM_JOB_ID
export DASK_LOGGING__DISTRIBUTED=warning DASK_DISTRIBUTED__COMM__TLS__CA_FILE=$PWD/ca.pem
export DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT=$PWD/cert.pem DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY=$PWD/key.pem
dask scheduler --port 8786 --protocol tls --tls-ca-file ca.pem --tls-cert cert.pem --tls-key key.pem &
scheduler=$!
srun sh -c 'exec elfworlds worker "$0" -j "$SLURM_CPUS_PER_TASK" --name "$SLURMD_NODENAME-$SLURM_PROCID" \
    --tls-ca ca.pem --tls-cert cert.pem --tls-key key.pem' "dask://$(hostname):8786" &
trap 'kill "$scheduler" $!' EXIT
elfworlds run "$@" --sandbox --executor "dask://$(hostname):8786" # its exit code is the job's
