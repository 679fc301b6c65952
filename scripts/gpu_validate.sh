#!/usr/bin/env bash
# Validates a GPU from a bundle (scripts/bundle), in three runs:
#   gpu_validate.sh checks    kernels, golden cases, loss curves, compute-sanitizer
#   gpu_validate.sh benches   every model beside ceilings, rooflines and budgets; Nsight Compute
#   gpu_validate.sh peers     PyTorch eager, compiled and with CUDA graphs, ours before and behind
# Options: [--device cuda|cuda:N|cpu] [--output_dir DIR] [--minutes 8] [--models base,large,..]
#
# A run writes RUN.jsonl (rows and verdicts), RUN.md (the report) and RUN.log as it goes: whenever
# it is killed, they hold what was done. Every step has its own time limit and verdict: one that
# fails loses no other. --device cpu is a rehearsal on a small scale. Exit codes: 0 passed, 1 a step
# failed, 69 no usable GPU.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
usage() {
  sed -n '2,6s/^# \?//p' "$0" >&2
  exit 2
}
[ $# -gt 0 ] || usage
run=$1 device=cuda output=validation minutes=8 models=""
shift
case $run in checks | benches | peers) ;; *) usage ;; esac
while [ $# -gt 0 ]; do
  case "$1:${2:-}" in
    --device:?*) device=$2 ;;
    --output_dir:?*) output=$2 ;;
    --minutes:?*) minutes=$2 ;;
    --models:?*) models=$2 ;;
    *) usage ;;
  esac
  shift 2
done
bin=$here/bin data=$here/data
if [ ! -x "$bin/albert" ]; then
  echo "gpu_validate: $bin/albert: no such file: scripts/bundle makes a folder to run from" >&2
  exit 66
fi
mkdir -p "$output" && output=$(cd "$output" && pwd) || exit 74
export here bin data run device output models

. "$here/gpu_validate/shared.sh"
. "$here/gpu_validate/$run.sh"
begin_run
find_libraries
probe_gpu
"${run}_steps"
end_run
