#!/usr/bin/env bash
# Checks and measures a GPU, from a bundle (scripts/bundle), in at most 8 minutes. Every step has
# its own time limit and its own verdict: one that fails loses no other. Ends with one line;
# validation.json and validation.md say more.
#   gpu_validate.sh [--device cuda|cuda:N|cpu] [--output_dir DIR] [--minutes 8]
# --device cpu is a rehearsal on a small scale: every step that the CPU can take. Exit codes: 0
# passed, 1 a step failed, 69 no usable GPU.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
device=cuda output=validation minutes=8
while [ $# -gt 0 ]; do
  case "$1:${2:-}" in
    --device:?*) device=$2 ;;
    --output_dir:?*) output=$2 ;;
    --minutes:?*) minutes=$2 ;;
    *)
      echo "usage: gpu_validate.sh [--device cuda|cuda:N|cpu] [--output_dir DIR] [--minutes 8]" >&2
      exit 2
      ;;
  esac
  shift 2
done
bin=$here/bin data=$here/data
if [ ! -x "$bin/albert" ]; then
  echo "gpu_validate: $bin/albert is not there: scripts/bundle makes a folder to run from" >&2
  exit 66
fi
mkdir -p "$output/logs" && output=$(cd "$output" && pwd) || exit 74
rm -f "$output"/{bench-*,predicted-*,peers,validation}.json "$output"/logs/*.log
rm -f "$output/validation.md"
export ALBERT_GOLDEN=$data/golden ALBERT_TEST_DEVICE=$device
export OMP_WAIT_POLICY=passive  # threads that wait leave the cores to others
ends=$(($(date +%s) + minutes * 60))
[ "$device" = cpu ] && full=false || full=true

# A wheel of PyTorch brings CUDA's libraries, should the machine have no others.
if $full && ldd "$bin/albert" | grep -q 'not found'; then
  list_libraries='import nvidia, glob; print(*glob.glob(list(nvidia.__path__)[0] + "/*/lib"))'
  for folder in $(python3 -c "$list_libraries" 2>/dev/null); do
    export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder
  done
fi

# Nothing runs where there is no GPU.
probe=$("$bin/albert" forward --device "$device" --head pretraining \
  --model "$data/golden/shared/pretraining" \
  --input "$data/golden/shared/pretraining.safetensors" \
  --output "$output/probe.safetensors" 2>&1)
if [ $? -eq 69 ]; then
  echo "gpu_validate: no usable GPU: ${probe#albert: error: }"
  exit 69
fi
rm -f "$output/probe.safetensors"

names=() verdicts=() seconds=() details=()
record() {
  names+=("$1") verdicts+=("$2") seconds+=("$3") details+=("$4")
  printf '%-34s %-8s %5ss  %s\n' "$1" "$2" "$3" "$4"
}
skip() { record "$1" skipped 0 "$2"; }

# step NAME LIMIT COMMAND..: its last line of output is the detail.
step() {
  local name=$1 limit=$2 log left start verdict=passed code detail
  shift 2
  log=$output/logs/${name//[^a-z0-9]/_}.log
  start=$(date +%s) left=$((ends - $(date +%s)))
  if [ $left -le 2 ]; then
    record "$name" failed 0 "not begun: the $minutes minutes were over"
    return 1
  fi
  timeout -k 5 $((limit < left ? limit : left)) "$@" >"$log" 2>&1
  code=$?
  [ $code -eq 0 ] || verdict=failed
  detail=$(grep -v '^[[:space:]]*$' "$log" | tail -1 | cut -c1-160)
  [ $code -ne 124 ] || detail="over its limit of $limit s; $detail"
  record "$name" $verdict $(($(date +%s) - start)) "$detail"
  [ $verdict = passed ]
}

tests() {
  "$bin/albert-tests" --gtest_brief=1 --gtest_filter="$1" | sed 's/^\[ *\([A-Z]*\) *\]/\1/'
}

# --- what is right
pretrain() {  # FOLDER DEVICE PRECISION: a small model, the loss of every step
  "$bin/albert" pretrain --data_dir "$output/shards" --output_dir "$output/$1" \
    --device "$2" --precision "$3" --overwrite_output_dir \
    --num_hidden_layers 3 --hidden_size 128 --num_attention_heads 2 --intermediate_size 512 \
    --embedding_size 64 --max_seq_length 64 --train_batch_size 16 --max_steps $steps \
    --warmup_steps 20 --optim adamw --learning_rate 1e-3 \
    --logging_steps 1 --eval_examples 16 --seed 7 --quiet
}

# FOLDER FOLDER BOUND: how far the losses of two runs lie apart at most, relative; NaN fails.
compare_curves() {
  awk -v bound="$3" '
    { if (!match($0, /"loss":[^,]*/)) next; loss = substr($0, RSTART + 7, RLENGTH - 7) }
    NR == FNR { first[++n] = loss; next }
    { m++; d = (loss - first[m]) / first[m]; if (d < 0) d = -d
      if (!(d <= worst)) worst = d
      sum += d }
    END { ok = n > 0 && m == n && worst <= bound
          printf "%d steps, last loss %.4f and %.4f, ", n, first[n], loss
          printf "worst relative difference %.1e, ", worst
          printf "mean %.1e, bound %g\n", (m ? sum / m : 0), bound
          exit !ok }' "$output/$1/metrics.jsonl" "$output/$2/metrics.jsonl"
}

curves() {  # PRECISION BOUND
  pretrain "$device-$1" "$device" "$1" && compare_curves cpu-f32 "$device-$1" "$2"
}

same_bits() {
  pretrain again "$device" bf16 &&
    cmp "$output/$device-bf16/model.safetensors" "$output/again/model.safetensors" &&
    echo "$steps steps, the same bits in two runs"
}

shards() {
  "$bin/albert" vocab --input "$data/text.txt" --vocab_size 1000 --output_dir "$output/vocab" \
    --quiet &&
    "$bin/albert" prepare --input "$data/text.txt" --tokenizer "$output/vocab" \
      --output_dir "$output/shards" --quiet
}

sanitize() {  # TOOL
  compute-sanitizer --tool "$1" --error-exitcode 9 \
    "$bin/albert-tests" --gtest_brief=1 --gtest_filter="$small" | grep -v '^$' |
    sed 's/^=* //'
}

# --- how fast
bench() {  # FILE OPTION..
  local file=$output/$1.json
  shift
  "$bin/albert-bench" --device "$device" --precision bf16 --output "$file" "$@" &&
    grep -o '"per_second": [0-9.]*' "$file" |
    awk '{ printf "%s%s", (NR == 1 ? "" : ", "), $2 } END { print " a second" }'
}

bench_model() {  # MODEL BATCH LENGTH ROUNDS SECONDS: beside what is predicted for an H200
  local name shape
  name=$(basename "$1")
  shape=(--model "$1" --batch_size "$2" --max_seq_length "$3" --breakdown
    --phases "inference,pretraining,finetuning,latency")
  echo "before: predicted for an H200; now: measured" &&
    "$bin/albert-bench" --model_only --precision bf16 "${shape[@]}" \
      --output "$output/predicted-$name.json" &&
    bench "bench-$name" "${shape[@]}" --rounds "$4" --seconds "$5" \
      --compare "$output/predicted-$name.json"
}

bench_attention() {  # cuDNN's against ours, kernel by kernel
  local shape=(--model base --batch_size 64 --max_seq_length 512 --breakdown
    --phases "inference,pretraining" --rounds 3 --seconds 0.7)
  echo "before: our kernels; now: cuDNN's" && bench bench-own "${shape[@]}" &&
    bench bench-cudnn "${shape[@]}" --attention cudnn --compare "$output/bench-own.json"
}

peers() { python3 "$here/gpu_peers.py" "$output/peers.json" --minutes 2; }

# --- the steps
# Of the CPU's matmuls alone.
not_of_a_gpu='Matmul.*:*ARowIsTheSameAlone*'
golden_filter='Cases/Golden.*' small='*Attention*:*LayerNorm*:*CrossEntropy*:*Embedding*'
steps=200 limit=90
if ! $full; then steps=20 limit=30; fi

echo "gpu_validate: $("$bin/albert" --version), --device $device, at most $minutes minutes"
step "doctor" 30 "$bin/albert" doctor
export -f tests pretrain compare_curves curves same_bits shards sanitize
export -f bench bench_model bench_attention peers
export here bin data output device steps small
as_step() {
  local name=$1 most=$2
  shift 2
  step "$name" "$most" bash -uo pipefail -c '"$@"' - "$@"
}
if $full; then
  as_step "kernels" $limit tests "-$golden_filter:$not_of_a_gpu"
else
  as_step "kernels" $limit tests "*LayerNorm*:*Rows*:*Embedding*"
fi
as_step "golden cases" $limit tests "$golden_filter"
if as_step "shards" 60 shards &&
  as_step "pre-training on the CPU" $limit pretrain cpu-f32 cpu f32; then
  as_step "loss curves, f32" $limit curves f32 1e-3
  as_step "loss curves, bf16" $limit curves bf16 2e-3
  as_step "same bits twice" $limit same_bits
fi
for tool in memcheck racecheck synccheck; do
  if ! $full; then skip "$tool" "of a GPU only"
  elif ! command -v compute-sanitizer >/dev/null; then skip "$tool" "compute-sanitizer is not there"
  else as_step "$tool" 30 sanitize $tool; fi
done
if $full; then
  as_step "bench: ceilings" 40 bench bench-ceilings --phases ceilings
  as_step "bench: base" 50 bench_model base 128 128 3 0.7
  as_step "bench: large" 50 bench_model large 128 128 3 0.7
  as_step "bench: xlarge" 60 bench_model xlarge 128 128 3 0.7
  as_step "bench: xxlarge" 70 bench_model xxlarge 64 128 3 0.7
  if "$bin/albert-bench" --device "$device" --precision bf16 --attention cudnn --phases ceilings \
    --rounds 1 --seconds 0.01 >/dev/null 2>"$output/logs/cudnn.log"; then
    as_step "bench: attention by cuDNN" 60 bench_attention
  else skip "bench: attention by cuDNN" "$(tail -1 "$output/logs/cudnn.log" | cut -c1-160)"; fi
  if python3 -c 'import torch, transformers; torch.cuda.init()' 2>/dev/null; then
    as_step "PyTorch" 150 peers
  else skip "PyTorch" "not there"; fi
else
  as_step "bench: ceilings" 40 bench bench-ceilings --phases ceilings --rounds 1 --seconds 0.01
  as_step "bench: a small model" 40 bench_model "$data/golden/shared/pretraining" 8 16 1 0.01
  skip "PyTorch" "of a GPU only"
fi

# --- the reports
json_text() {
  printf '"%s"' "$(printf %s "$1" | tr -d '\000-\037' | sed 's/\\/\\\\/g; s/"/\\"/g')"
}

gpu_line() {
  nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,power.limit \
    --format=csv,noheader 2>/dev/null | head -1
}

json_files() {  # FILE..: an object with each under its name
  local file comma=""
  printf '{'
  for file in "$@"; do
    [ -s "$file" ] || continue
    printf '%s\n%s: ' "$comma" "$(json_text "$(basename "$file" .json)")"
    cat "$file"
    comma=,
  done
  printf '}'
}

write_json() {
  local i comma=""
  printf '{\n"version": %s,\n"device": %s,\n"gpu": %s,\n"utc": %s,\n"steps": [' \
    "$(json_text "$("$bin/albert" --version)")" "$(json_text "$device")" \
    "$(json_text "$(gpu_line)")" "$(json_text "$(date -u +%FT%TZ)")"
  for i in "${!names[@]}"; do
    printf '%s\n {"step": %s, "verdict": "%s", "seconds": %s, "detail": %s}' \
      "$comma" "$(json_text "${names[i]}")" "${verdicts[i]}" \
      "${seconds[i]}" "$(json_text "${details[i]}")"
    comma=,
  done
  printf '\n],\n"measured": '
  json_files "$output"/bench-*.json "$output"/peers.json
  printf ',\n"predicted": '
  json_files "$output"/predicted-*.json
  printf '}\n'
}

write_markdown() {
  local i log
  echo "# Validation on ${gpu:-the CPU: a rehearsal, on a small scale}"
  echo "$("$bin/albert" --version), --device $device, $(date -u +%FT%TZ). $verdict"
  printf '\n| step | verdict | s | |\n|---|---|---|---|\n'
  for i in "${!names[@]}"; do
    echo "| ${names[i]} | ${verdicts[i]} | ${seconds[i]} | ${details[i]//|/,} |"
  done
  for log in "$output"/logs/bench_*.log "$output"/logs/_y_orch.log; do
    [ -s "$log" ] && printf '\n```\n%s\n```\n' "$(cat "$log")"
  done
}

gpu=$(gpu_line)
failed=()
for i in "${!names[@]}"; do [ "${verdicts[i]}" = failed ] && failed+=("${names[i]}"); done
if [ ${#failed[@]} -eq 0 ]; then verdict="passed, ${#names[@]} steps"
else verdict="FAILED: $(printf '%s; ' "${failed[@]}" | sed 's/; $//')"; fi
skipped=$(printf '%s\n' "${verdicts[@]}" | grep -c skipped)
verdict="$verdict, $skipped skipped"
write_json >"$output/validation.json"
write_markdown >"$output/validation.md"
rm -rf "$output/shards" "$output/vocab" "$output"/cpu-* "$output/$device"-* "$output/again"
echo "gpu_validate: $verdict ($output/validation.json, validation.md)"
[ ${#failed[@]} -eq 0 ]
