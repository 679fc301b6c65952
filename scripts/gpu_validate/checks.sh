# gpu_validate.sh checks: what is right. Sourced behind shared.sh.

# One small case of every family of our kernels, for the sanitizers, which are slow. cuBLASLt's
# kernels are not ours to check.
families=(
  '*Attention.AlignedHeadsEqualPlainLoops' '*AttentionGradient.AlignedHeadsAreNearF64/0'
  '*Attention.FewerQueriesThanKeys' '*AttentionGradient.OtherTypesAreNearF64/0'
  'LayerNorm.ForwardEqualsTheFormula' '*LayerNormGradient.InOtherTypesIsNearF64/0'
  '*CrossEntropyTest.EqualsTheFormula/0' '*SpanCrossEntropyTest.EqualsTheFormula/0'
  '*ElementwiseLossTest.EqualsTheFormula/0' '*EmbeddingTest.*/0' '*RowsTest.*/0'
  '*ActivationTest.BackwardInOtherTypesIsNearF64/0' 'Dropout.BackwardIsTheSameMask'
  'GlobalNorm.EqualsTheSumInLongDouble' '*OptimizerTest.FollowsTheFormulaForThreeSteps/0'
  'UpdateFactorsTest.UnscaleClipAndCorrect'
)
sanitizers=(memcheck racecheck synccheck initcheck)
golden='Cases/Golden.*'
# Of the CPU's matmuls alone, and a count that only the whole repository has.
not_of_a_gpu='Matmul.*:*ARowIsTheSameAlone*:GoldenCases.*'

checks_steps() {
  reserve=100  # seconds, for the sanitizers
  step "doctor" 20 "$bin/albert" doctor
  step "kernels" 180 tests "$(scaled "-$golden:$not_of_a_gpu" '*LayerNorm*:*Rows*:*Embedding*')"
  step "golden cases" 60 tests "$golden"
  if step "shards" 30 shards && step "pre-training on the CPU" 60 pretrain cpu-f32 cpu f32; then
    step "loss curves, f32" 45 curves f32 1e-3
    step "loss curves, bf16" 45 curves bf16 2e-3
    step "same bits twice" 45 same_bits
  fi
  reserve=0
  sanitizer_steps
}

# --- tests

# Each test is named before it runs, so that a hang has a name.
tests() { "$bin/albert-tests" --gtest_color=no --gtest_filter="$1"; }  # FILTER

# They run side by side, for most of their time goes into rewriting kernels on one core.
sanitizer_steps() {
  local tool
  for tool in "${sanitizers[@]}"; do
    if has compute-sanitizer; then
      step_log=$output/$tool.log
      : >"$step_log"
      step "$tool" 300 sanitize "$tool" &
    else skip "$tool" "compute-sanitizer is not there"; fi
  done
  wait
  unset step_log
}

sanitize() {  # TOOL
  local IFS=:
  compute-sanitizer --tool "$1" --kernel-name kns=albert --error-exitcode 9 --print-limit 20 \
    "$bin/albert-tests" --gtest_color=no --gtest_filter="${families[*]}"
}

# --- training

shards() {
  "$bin/albert" vocab --input "$data/text.txt" --vocab_size 1000 --output_dir "$scratch/vocab" \
    --quiet &&
    "$bin/albert" prepare --input "$data/text.txt" --tokenizer "$scratch/vocab" \
      --output_dir "$scratch/shards" --quiet
}

pretrain() {  # FOLDER DEVICE PRECISION: a small model, the loss of every step
  "$bin/albert" pretrain --data_dir "$scratch/shards" --output_dir "$scratch/$1" \
    --device "$2" --precision "$3" --overwrite_output_dir \
    --num_hidden_layers 3 --hidden_size 128 --num_attention_heads 2 --intermediate_size 512 \
    --embedding_size 64 --max_seq_length 64 --train_batch_size 16 --max_steps "$(curve_steps)" \
    --warmup_steps 20 --optim adamw --learning_rate 1e-3 \
    --logging_steps 1 --eval_examples 16 --seed 7 --quiet
}

curve_steps() { scaled 200 20; }

curves() {  # PRECISION BOUND
  pretrain "$device-$1" "$device" "$1" && compare_curves cpu-f32 "$device-$1" "$2"
}

# How far the losses of two runs lie apart, relative. The mean is bound, for single steps of a run
# in bf16 may differ by more than their curve does; NaN fails.
compare_curves() {  # FOLDER FOLDER BOUND
  awk -v bound="$3" '
    { if (!match($0, /"loss":[^,]*/)) next; loss = substr($0, RSTART + 7, RLENGTH - 7) }
    NR == FNR { first[++n] = loss; next }
    { m++; d = (loss - first[m]) / first[m]; if (d < 0) d = -d
      if (!(d <= worst)) worst = d
      sum += d }
    END { mean = (m ? sum / m : 0)
          ok = n > 0 && m == n && mean <= bound && worst < 0.5
          printf "%d steps, last loss %.4f and %.4f, relative difference: ", n, first[n], loss
          printf "mean %.1e, bound %g, worst %.1e\n", mean, bound, worst
          exit !ok }' "$scratch/$1/metrics.jsonl" "$scratch/$2/metrics.jsonl"
}

same_bits() {
  pretrain again "$device" bf16 &&
    cmp "$scratch/$device-bf16/model.safetensors" "$scratch/again/model.safetensors" &&
    echo "$(curve_steps) steps, the same bits in two runs"
}
