# gpu_validate.sh peers: PyTorch beside ours, model by model. Sourced behind shared.sh and, for its
# sizes, benches.sh.
. "$here/gpu_validate/benches.sh"

peers_steps() {
  local left model name start
  step "PyTorch is there" 90 python3 -c \
    'import torch, transformers; print("PyTorch", torch.__version__, transformers.__version__)' ||
    return 0
  read -ra left <<<"$(models_of "base,xxlarge,large,xlarge")"
  reserve=15  # seconds, for the table
  while [ ${#left[@]} -gt 0 ]; do
    model=${left[0]} name=$(basename "${left[0]}") start=$SECONDS
    step "$name: ours" 75 bench_own "$model"
    peer_step "$name" "$model" $(((ends - reserve - start) / ${#left[@]} - 2 * (SECONDS - start)))
    step "$name: ours again" 75 bench_own "$model"
    left=("${left[@]:1}")
    show_table
  done
  reserve=0
  step "side by side" 15 side_by_side
}

bench_own() {  # MODEL
  bench --model "$1" --batch_size "$(batch_of "$1")" --max_seq_length "$(length)" \
    --phases pretraining,classification,latency
}

peer_step() {  # NAME MODEL SECONDS
  local seconds=$(($3 > 10 ? $3 : 10))
  step "$1: PyTorch" $seconds peer "$2" $seconds
}

# It begins nothing new in the last quarter of its time, which a compilation may take.
peer() {  # MODEL SECONDS
  python3 -u "$here/gpu_peers.py" "$rows" --model "$1" --device "$device" \
    --batch_size "$(batch_of "$1")" --max_seq_length "$(length)" --seconds $(($2 * 3 / 4)) \
    --round_seconds "$(seconds)" --ceilings
}

side_by_side() { python3 "$here/gpu_peers.py" --table "$rows"; }

show_table() {
  local table
  table=$(timeout -k 5 15 python3 "$here/gpu_peers.py" --table "$rows" 2>&1)
  printf '\n%s\n' "$table" >"$scratch/shown"
  write_report "not finished"
}
