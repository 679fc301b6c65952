# gpu_validate.sh benches: how fast, beside what the machine could do. Sourced behind shared.sh.

benches_steps() {
  local model
  step "ceilings" 40 bench --phases ceilings && show "$(last_log)"
  for model in $(models_of "base,large,xlarge,xxlarge"); do
    step "bench: $(basename "$model")" 110 bench_model "$model"
    show "$(last_log)"
  done
  attention_steps
  if has ncu; then
    step "Nsight Compute" 120 profile_kernels
    show "$(last_log)"
  else skip "Nsight Compute" "ncu is not there"; fi
}

# --- sizes

models_of() {  # MODELS, for whom asks for none
  if rehearses; then echo "$data/golden/shared/pretraining"
  else tr , ' ' <<<"${models:-$1}"; fi
}
batch_of() { if [ "$1" = xxlarge ]; then echo 128; else scaled 256 8; fi; }  # MODEL
length() { scaled 128 16; }
seconds() { scaled 0.7 0.01; }

# --- albert-bench, which adds its rows to the run's as they are measured

bench() {  # OPTION..
  "$bin/albert-bench" --device "$device" --precision bf16 --output "$rows" \
    --rounds "$(scaled 3 1)" --seconds "$(seconds)" "$@"
}

# What goes wrong in one of them, want of memory say, does not end the others.
bench_model() {  # MODEL
  local batch code=0 shared=(--model "$1" --max_seq_length "$(length)" --breakdown)
  batch=$(batch_of "$1")
  bench "${shared[@]}" --batch_size "$batch" --phases pretraining || code=$?
  bench "${shared[@]}" --batch_size "$batch" --phases classification,latency || code=$?
  bench "${shared[@]}" --batch_size "$(scaled 32 8)" --phases finetuning || code=$?
  return $code
}

attention_steps() {
  local how why
  for how in own cudnn; do
    if [ $how = cudnn ] && why=$(no_cudnn); then skip "attention: cudnn" "$why"
    else
      step "attention: $how" 60 bench_attention $how
      show "$(last_log)"
    fi
  done
}

no_cudnn() {
  if rehearses; then echo "of a GPU only"
  else timeout -k 5 30 "$bin/albert" doctor 2>&1 | grep -i 'cudnn.*not found'; fi
}

bench_attention() {  # own|cudnn
  local model
  read -r model _ <<<"$(models_of base)"
  bench --model "$model" --batch_size "$(scaled 64 4)" --max_seq_length "$(scaled 512 32)" \
    --phases pretraining,classification --breakdown --attention "$1"
}

# --- Nsight Compute

# Profiles every kernel of ours in the first step of a base of two layers by the hardware's
# counters, and leaves the clocks alone.
profile_kernels() {
  two_layers >"$scratch/two_layers.json"
  ncu --clock-control none --target-processes all --kernel-name-base demangled \
    --kernel-name regex:albert --launch-count 80 --print-summary per-kernel \
    --section SpeedOfLight --section MemoryWorkloadAnalysis --section Occupancy \
    --section LaunchStats \
    "$bin/albert-bench" --device "$device" --precision bf16 --model "$scratch/two_layers.json" \
    --batch_size "$(scaled 64 1)" --max_seq_length "$(length)" --phases pretraining --batches 1 \
    --rounds 1 --seconds 0
}

two_layers() {
  cat <<'END'
{"model_type": "albert", "vocab_size": 30000, "embedding_size": 128, "hidden_size": 768,
 "num_hidden_layers": 2, "num_attention_heads": 12, "intermediate_size": 3072,
 "max_position_embeddings": 512}
END
}
