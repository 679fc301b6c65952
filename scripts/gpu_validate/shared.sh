# What the runs of gpu_validate.sh share: steps with limits and verdicts, the report that is kept
# current, where CUDA's libraries lie. Set by gpu_validate.sh: here, bin, data, run, device, output,
# minutes, models.

# --- one run: $output/$run.{jsonl,log,md}, and a scratch folder that is removed

begin_run() {
  ends=$((SECONDS + minutes * 60)) reserve=0
  rows=$output/$run.jsonl
  scratch=$(mktemp -d) || exit 74
  trap 'rm -rf "$scratch"' EXIT
  export rows scratch ALBERT_GOLDEN=$data/golden ALBERT_TEST_DEVICE=$device
  export OMP_WAIT_POLICY=passive  # threads that wait leave the cores to others
  export PATH=$PATH:${CUDA_HOME:-/usr/local/cuda}/bin
  rm -f "$output/$run".{jsonl,log,md}
  touch "$scratch"/{steps,shown} "$output/$run.log"
  version=$(timeout -k 5 10 "$bin/albert" --version) gpu=$(gpu_line)
  add_line run "$run" version "$version" device "$device" gpu "$gpu" utc "$(date -u +%FT%TZ)"
  echo "gpu_validate $run: $version, --device $device, at most $minutes minutes"
  write_report "not finished"
}

# Ends the run with the verdict of its steps, or with the given one and its exit code.
end_run() {  # [VERDICT CODE]
  local failed skipped steps verdict code=0
  steps=$(wc -l <"$scratch/steps")
  failed=$(awk -F'\t' '$2 == "failed" { printf "%s%s", (n++ ? "; " : ""), $1 }' "$scratch/steps")
  skipped=$(awk -F'\t' '$2 == "skipped"' "$scratch/steps" | wc -l)
  verdict="passed, $steps steps, $skipped skipped"
  [ -z "$failed" ] || { verdict="FAILED: $failed" code=1; }
  [ $# -eq 0 ] || { verdict=$1 code=$2; }
  add_line verdict "$verdict"
  write_report "$verdict"
  echo "gpu_validate $run: $verdict ($output/$run.md, .jsonl, .log)"
  exit $code
}

probe_gpu() {
  local text code
  text=$(timeout -k 5 60 "$bin/albert" forward --device "$device" --head pretraining \
    --model "$data/golden/shared/pretraining" \
    --input "$data/golden/shared/pretraining.safetensors" \
    --output "$scratch/probe.safetensors" 2>&1)
  code=$?
  printf '%s\n' "$text" >>"$output/$run.log"
  text=$(tail -1 <<<"$text")
  case $code in
    0) ;;
    69) end_run "no usable GPU: ${text#albert: error: }" 69 ;;
    124 | 137) end_run "FAILED: the GPU did not answer within 60 s" 1 ;;
    *) end_run "FAILED: the first forward ended with $code: $text" 1 ;;
  esac
}

# Wheels of PyTorch bring CUDA's libraries; where there are some, ours and PyTorch's are the same.
find_libraries() {
  local list='import nvidia, os; print(":".join(map(os.path.dirname, nvidia.__path__)))' found
  [ -z "${ALBERT_CUDA_LIBS:-}" ] || return 0
  found=$(timeout -k 5 30 python3 -c "$list" 2>/dev/null) || return 0
  export ALBERT_CUDA_LIBS=$found
  echo "CUDA's libraries: those of Python in $found" >>"$output/$run.log"
}

gpu_line() {
  timeout -k 5 10 nvidia-smi --format=csv,noheader \
    --query-gpu=name,driver_version,memory.total,clocks.max.sm,power.limit 2>/dev/null | head -1
}

has() { command -v "$1" >/dev/null; }
rehearses() { [ "$device" = cpu ]; }
scaled() { if rehearses; then echo "$2"; else echo "$1"; fi; }  # OF_A_GPU OF_A_REHEARSAL

# --- steps

# Runs a command, or one of our functions, within LIMIT seconds and those left of the run but
# $reserve. The last line of what it prints is the detail of its verdict. It prints to $step_log.
step() {  # NAME LIMIT COMMAND..
  local name=$1 limit=$2 log=${step_log:-$output/$run.log} start=$SECONDS from code
  shift 2
  local left=$((ends - reserve - SECONDS))
  if [ $left -le 2 ]; then
    record "$name" failed 0 "not begun: the $minutes minutes were over"
    return 1
  fi
  printf '\n== %s\n' "$name" >>"$log"
  from=$(wc -c <"$log")
  timeout -k 5 $((limit < left ? limit : left)) bash -uo pipefail -c \
    '. "$here/gpu_validate/shared.sh"; . "$here/gpu_validate/$run.sh"; "$@"' step "$@" \
    >>"$log" 2>&1 </dev/null
  code=$?
  record "$name" "$(verdict_of $code)" $((SECONDS - start)) \
    "$(detail_of $code "$limit" "$left" "$(tail -c +$((from + 1)) "$log" | last_line)")"
  return $code
}

skip() { record "$1" skipped 0 "$2"; }

verdict_of() { if [ "$1" -eq 0 ]; then echo passed; else echo failed; fi; }

last_line() { grep -v '^[[:space:]]*$' | tail -1 | cut -c1-200; }

detail_of() {  # CODE LIMIT LEFT LAST_LINE
  case $1 in
    0) echo "$4" ;;
    124 | 137)
      if [ "$2" -le "$3" ]; then echo "over its limit of $2 s; $4"
      else echo "cut off after $3 s, the run's time was over; $4"; fi
      ;;
    *) echo "exit code $1; $4" ;;
  esac
}

# Also called by steps that run side by side: each adds one line to each file.
record() {  # NAME VERDICT SECONDS DETAIL
  local detail=${4//$'\t'/ }
  printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$detail" >>"$scratch/steps"
  add_line step "$1" verdict "$2" seconds "$3" detail "$detail"
  printf '%-34s %-8s %5ss  %s\n' "$1" "$2" "$3" "$detail"
  write_report "not finished"
}

# Shows a text, or what the last step printed, in the report.
show() { printf '\n```\n%s\n```\n' "$1" >>"$scratch/shown"; }
last_log() { awk '/^== / { text = ""; next } { text = text $0 "\n" } END { printf "%s", text }' \
  "$output/$run.log"; }

# --- the report

json_text() {
  local text=${1//[$'\001'-$'\037']/}
  text=${text//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

add_line() {  # KEY VALUE..: an object of texts
  local line="" key
  while [ $# -gt 0 ]; do
    key=$1
    line+="${line:+, }\"$key\": $(json_text "$2")"
    shift 2
  done
  printf '{%s}\n' "$line" >>"$rows"
}

write_report() {  # VERDICT
  local name verdict seconds detail new=$output/.$run.$BASHPID.tmp
  {
    echo "# $run on ${gpu:-no GPU that nvidia-smi shows}"
    echo "$version, --device $device, $(date -u +%FT%TZ). $1"
    printf '\n| step | verdict | s | |\n|---|---|---|---|\n'
    while IFS=$'\t' read -r name verdict seconds detail; do
      echo "| $name | $verdict | $seconds | ${detail//|/,} |"
    done <"$scratch/steps"
    cat "$scratch/shown"
  } >"$new"
  mv "$new" "$output/$run.md"
}
