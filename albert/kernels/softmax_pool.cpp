#include "albert/kernels/softmax_pool.h"

#include "albert/kernels/check.h"

namespace albert::kernels {
namespace {

// Returns the number of sequences.
int64_t check_logits(const Stream& s, const char* op, Tensor logits, Tensor cu_seqlens) {
  check_float(s, op, "logits", logits, 2);
  check_operand(op, "logits", logits, {logits.shape[0], 1}, logits.dtype);
  ALBERT_CHECK(cu_seqlens.shape.rank() == 1 && cu_seqlens.shape[0] > 0, op, ": cu_seqlens is ",
               cu_seqlens.shape, ", wanted [sequences + 1]");
  check_operand(op, "cu_seqlens", cu_seqlens, cu_seqlens.shape, DType::kI32);
  return cu_seqlens.shape[0] - 1;
}

void check_pooled(const char* op, const char* name, Tensor y, Tensor p, Tensor x,
                  int64_t sequences) {
  check_operand(op, name, y, {sequences, x.shape[1]}, x.dtype);
  check_operand(op, "p", p, {x.shape[0]}, accumulator(x.dtype));
}

}  // namespace

void softmax_pool_forward(Stream s, Tensor y, Tensor p, Tensor x, Tensor logits,
                          Tensor cu_seqlens) {
  const char* op = "softmax_pool_forward";
  const int64_t sequences = check_logits(s, op, logits, cu_seqlens);
  check_float(s, op, "x", x, 2);
  check_operand(op, "logits", logits, {x.shape[0], 1}, x.dtype);
  check_pooled(op, "y", y, p, x, sequences);
  ALBERT_DISPATCH(softmax_pool_forward, s, y, p, x, logits, cu_seqlens);
}

void softmax_pool_backward(Stream s, Tensor dx, Grad dx_mode, Tensor dlogits, Grad dlogits_mode,
                           Tensor d, Tensor dy, Tensor x, Tensor p, Tensor cu_seqlens) {
  const char* op = "softmax_pool_backward";
  check_float(s, op, "x", x, 2);
  check_pooled(op, "dy", dy, p, x, cu_seqlens.shape[0] - 1);
  check_operand(op, "cu_seqlens", cu_seqlens, cu_seqlens.shape, DType::kI32);
  check_operand(op, "d", d, p.shape, p.dtype);
  if (dx_mode != Grad::kIgnore) check_operand(op, "dx", dx, x.shape, x.dtype);
  if (dlogits_mode != Grad::kIgnore)
    check_operand(op, "dlogits", dlogits, {x.shape[0], 1}, x.dtype);
  ALBERT_DISPATCH(softmax_pool_backward, s, dx, dx_mode, dlogits, dlogits_mode, d, dy, x, p,
                  cu_seqlens);
}

void top_rows(Stream s, Tensor index, Tensor logits, Tensor cu_seqlens) {
  const int64_t sequences = check_logits(s, "top_rows", logits, cu_seqlens);
  ALBERT_CHECK(index.shape.rank() == 2 && logits.shape[0] > 0, "top_rows: index is ", index.shape,
               ", logits are ", logits.shape);
  check_operand("top_rows", "index", index, {index.shape[0], sequences}, DType::kI32);
  ALBERT_DISPATCH(top_rows, s, index, logits, cu_seqlens);
}

}  // namespace albert::kernels
