#pragma once
#include "albert/kernels/dispatch.h"

namespace albert::kernels {

constexpr int32_t kIgnoredLabel = -100;  // transformers' ignore_index

// The options of torch.nn.CrossEntropyLoss(weight, label_smoothing), except the mean: `scale`
// carries 1 / sum of w, counted on the host from the labels before the step, so that many ranks and
// micro-batches can share one count.
struct CrossEntropy {
  Tensor class_weights;        // [C] f32 or empty (all 1)
  double label_smoothing = 0;  // e: target = (1 - e) one-hot + e / C
  double scale = 1;
  // [1] f64, read instead of scale if given: a captured step sees each run's own value. CUDA only
  Tensor scale_at = {};
};

inline void describe(CallObserver& observer, const CrossEntropy& c) {
  observe_all(observer, c.class_weights, c.label_smoothing, c.scale_at ? 0 : c.scale, c.scale_at);
}

// loss = scale * sum over rows with label != -100 of  (1 - e) w[label] nll[label] + e / C sum_c
// w[c] nll[c]
//   logits [R, C] F;  labels [R] i32;  loss [1] accumulator(F);  row_loss, log_sum_exp [R]
//   accumulator(F): scratch, and each row's own unscaled term and log sum exp afterwards, 0 where
//   the label is -100.
// An infinite scale (no labelled row) gives NaN, as PyTorch does. Labels are in [0, C) or -100,
// as the caller checks; any other makes the loss and its row's gradient NaN and touches no
// memory outside the operands.
// best [R] i32, or empty: each row's first class of the largest logit; -1 where a logit is NaN or
// the label is -100.
ALBERT_KERNEL(void cross_entropy_forward(Stream s, Tensor loss, Tensor row_loss, Tensor log_sum_exp,
                                         Tensor best, Tensor logits, Tensor labels,
                                         const CrossEntropy& options))

// dlogits (mode)= dloss * d loss / d logits; rows with label -100 get exactly 0.  dloss [1]
// accumulator(F)
//   log_sum_exp is forward's
ALBERT_KERNEL(void cross_entropy_backward(Stream s, Tensor dlogits, Grad dlogits_mode, Tensor dloss,
                                          Tensor logits, Tensor log_sum_exp, Tensor labels,
                                          const CrossEntropy& options))

// Takes one soft-max per sequence and column over the sequence's rows: start and end of an answer.
//   loss = sum over c of scale[c] * sum over b with position[b, c] >= 0 of
//          (log_sum_exp[b, c] - logits[cu_seqlens[b] + position[b, c], c])
//   logits [T, C] F;  cu_seqlens [B + 1] i32, from 0 to T;  positions [B, C] i32, row inside the
//   sequence, negative: ignored;  loss [1], log_sum_exp [B, C] accumulator(F), 0 where ignored;
//   scale [C] f64
// An infinite scale (all positions are ignored) gives NaN. The caller checks that no position lies
// beyond its sequence; one that does makes the loss and its column's gradient NaN.
ALBERT_KERNEL(void span_cross_entropy_forward(Stream s, Tensor loss, Tensor log_sum_exp,
                                              Tensor logits, Tensor cu_seqlens, Tensor positions,
                                              Tensor scale))

// dlogits (mode)= dloss * d loss / d logits; columns of ignored positions get exactly 0.
ALBERT_KERNEL(void span_cross_entropy_backward(Stream s, Tensor dlogits, Grad dlogits_mode,
                                               Tensor dloss, Tensor logits, Tensor log_sum_exp,
                                               Tensor cu_seqlens, Tensor positions, Tensor scale))

}  // namespace albert::kernels
