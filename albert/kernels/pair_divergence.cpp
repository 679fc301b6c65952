#include "albert/kernels/pair_divergence.h"

#include "albert/kernels/check.h"

namespace albert::kernels {
namespace {

void check_pairs(const Stream& s, const char* op, Tensor log_sum_exp, Tensor divergence,
                 Tensor logits, Tensor cu_seqlens, Tensor partners, Tensor weights, Tensor scale) {
  check_float(s, op, "logits", logits, 2);
  ALBERT_CHECK(cu_seqlens.shape.rank() == 1 && cu_seqlens.shape[0] > 0, op, ": cu_seqlens is ",
               cu_seqlens.shape, ", wanted [sequences + 1]");
  const int64_t sequences = cu_seqlens.shape[0] - 1, cols = logits.shape[1];
  check_operand(op, "cu_seqlens", cu_seqlens, {sequences + 1}, DType::kI32);
  check_operand(op, "partners", partners, {sequences}, DType::kI32);
  check_operand(op, "weights", weights, {sequences, cols}, DType::kF32);
  check_operand(op, "scale", scale, {cols}, DType::kF64);
  check_operand(op, "log_sum_exp", log_sum_exp, {sequences, cols}, DType::kF64);
  check_operand(op, "divergence", divergence, {sequences, cols}, DType::kF64);
}

}  // namespace

void pair_divergence_forward(Stream s, Tensor loss, Tensor log_sum_exp, Tensor divergence,
                             Tensor logits, Tensor cu_seqlens, Tensor partners, Tensor weights,
                             Tensor scale) {
  check_pairs(s, "pair_divergence_forward", log_sum_exp, divergence, logits, cu_seqlens, partners,
              weights, scale);
  check_operand("pair_divergence_forward", "loss", loss, {1}, accumulator(logits.dtype));
  ALBERT_DISPATCH(pair_divergence_forward, s, loss, log_sum_exp, divergence, logits, cu_seqlens,
                  partners, weights, scale);
}

void pair_divergence_backward(Stream s, Tensor dlogits, Grad dlogits_mode, Tensor dloss,
                              Tensor logits, Tensor log_sum_exp, Tensor divergence,
                              Tensor cu_seqlens, Tensor partners, Tensor weights, Tensor scale) {
  if (dlogits_mode == Grad::kIgnore) return;
  check_pairs(s, "pair_divergence_backward", log_sum_exp, divergence, logits, cu_seqlens, partners,
              weights, scale);
  check_operand("pair_divergence_backward", "dlogits", dlogits, logits.shape, logits.dtype);
  check_operand("pair_divergence_backward", "dloss", dloss, {1}, accumulator(logits.dtype));
  ALBERT_DISPATCH(pair_divergence_backward, s, dlogits, dlogits_mode, dloss, logits, log_sum_exp,
                  divergence, cu_seqlens, partners, weights, scale);
}

}  // namespace albert::kernels
