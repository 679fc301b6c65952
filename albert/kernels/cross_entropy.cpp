#include "albert/kernels/cross_entropy.h"

#include "albert/kernels/check.h"

namespace albert::kernels {
namespace {

void check_rows(const Stream& s, const char* op, Tensor logits, Tensor labels, Tensor log_sum_exp,
                const CrossEntropy& options) {
  check_float(s, op, "logits", logits, 2);
  const int64_t rows = logits.shape[0], classes = logits.shape[1];
  ALBERT_CHECK(classes > 0, op, ": no classes, logits ", logits.shape);
  check_operand(op, "labels", labels, {rows}, DType::kI32);
  check_operand(op, "log_sum_exp", log_sum_exp, {rows}, accumulator(logits.dtype));
  if (options.class_weights)
    check_operand(op, "class_weights", options.class_weights, {classes}, DType::kF32);
  ALBERT_CHECK(options.label_smoothing >= 0 && options.label_smoothing <= 1, op,
               ": label_smoothing ", options.label_smoothing, ", wanted 0 to 1");
  if (!options.scale_at) return;
  ALBERT_CHECK(s.device != Device::kCpu, op, ": scale_at is for CUDA");
  check_operand(op, "scale_at", options.scale_at, {1}, DType::kF64);
}

void check_spans(const Stream& s, const char* op, Tensor logits, Tensor log_sum_exp,
                 Tensor cu_seqlens, Tensor positions, Tensor scale) {
  check_float(s, op, "logits", logits, 2);
  const int64_t cols = logits.shape[1];
  ALBERT_CHECK(cu_seqlens.shape.rank() == 1 && cu_seqlens.shape[0] > 0, op, ": cu_seqlens is ",
               cu_seqlens.shape, ", wanted [sequences + 1]");
  const int64_t sequences = cu_seqlens.shape[0] - 1;
  check_operand(op, "cu_seqlens", cu_seqlens, {sequences + 1}, DType::kI32);
  check_operand(op, "positions", positions, {sequences, cols}, DType::kI32);
  check_operand(op, "log_sum_exp", log_sum_exp, {sequences, cols}, accumulator(logits.dtype));
  check_operand(op, "scale", scale, {cols}, DType::kF64);
}

}  // namespace

void cross_entropy_forward(Stream s, Tensor loss, Tensor row_loss, Tensor log_sum_exp, Tensor best,
                           Tensor logits, Tensor labels, const CrossEntropy& options) {
  check_rows(s, "cross_entropy_forward", logits, labels, log_sum_exp, options);
  check_operand("cross_entropy_forward", "loss", loss, {1}, accumulator(logits.dtype));
  check_operand("cross_entropy_forward", "row_loss", row_loss, labels.shape,
                accumulator(logits.dtype));
  if (best) check_operand("cross_entropy_forward", "best", best, labels.shape, DType::kI32);
  ALBERT_DISPATCH(cross_entropy_forward, s, loss, row_loss, log_sum_exp, best, logits, labels,
                  options);
}

void cross_entropy_backward(Stream s, Tensor dlogits, Grad dlogits_mode, Tensor dloss,
                            Tensor logits, Tensor log_sum_exp, Tensor labels,
                            const CrossEntropy& options) {
  if (dlogits_mode == Grad::kIgnore) return;
  check_rows(s, "cross_entropy_backward", logits, labels, log_sum_exp, options);
  check_operand("cross_entropy_backward", "dlogits", dlogits, logits.shape, logits.dtype);
  check_operand("cross_entropy_backward", "dloss", dloss, {1}, accumulator(logits.dtype));
  ALBERT_DISPATCH(cross_entropy_backward, s, dlogits, dlogits_mode, dloss, logits, log_sum_exp,
                  labels, options);
}

void span_cross_entropy_forward(Stream s, Tensor loss, Tensor log_sum_exp, Tensor logits,
                                Tensor cu_seqlens, Tensor positions, Tensor scale) {
  check_spans(s, "span_cross_entropy_forward", logits, log_sum_exp, cu_seqlens, positions, scale);
  check_operand("span_cross_entropy_forward", "loss", loss, {1}, accumulator(logits.dtype));
  ALBERT_DISPATCH(span_cross_entropy_forward, s, loss, log_sum_exp, logits, cu_seqlens, positions,
                  scale);
}

void span_cross_entropy_backward(Stream s, Tensor dlogits, Grad dlogits_mode, Tensor dloss,
                                 Tensor logits, Tensor log_sum_exp, Tensor cu_seqlens,
                                 Tensor positions, Tensor scale) {
  if (dlogits_mode == Grad::kIgnore) return;
  check_spans(s, "span_cross_entropy_backward", logits, log_sum_exp, cu_seqlens, positions, scale);
  check_operand("span_cross_entropy_backward", "dlogits", dlogits, logits.shape, logits.dtype);
  check_operand("span_cross_entropy_backward", "dloss", dloss, {1}, accumulator(logits.dtype));
  ALBERT_DISPATCH(span_cross_entropy_backward, s, dlogits, dlogits_mode, dloss, logits, log_sum_exp,
                  cu_seqlens, positions, scale);
}

}  // namespace albert::kernels
