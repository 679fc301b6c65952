#pragma once
#include <cstddef>

#include "albert/kernels/activation.h"
#include "albert/kernels/dispatch.h"

namespace albert::kernels {

struct Matmul {
  bool transpose_a = false;
  bool transpose_b = false;
  bool accumulate = false;  // c += instead of c =
};

inline void describe(CallObserver& observer, const Matmul& m) {
  observe_all(observer, m.transpose_a, m.transpose_b, m.accumulate);
}

// c = op(a) op(b).  op(a) [M, K], op(b) [K, N], both F;  c [M, N] F or accumulator(F)
// The inner dimension is never split by thread: same bits for any number of threads.
void matmul(Stream s, Tensor c, Tensor a, Tensor b, Matmul options);

// A packed weight is laid out for linear_forward in blocks of output columns. It is valid for the
// backend that packed it.
size_t packed_bytes(Stream s, Shape weight,
                    DType dtype);  // 0: packing gains nothing on this backend
void pack_weight(Stream s, Tensor packed,
                 Tensor weight);  // packed [packed_bytes] u8;  weight [out, in] F

// y = activation(x weightT + bias), as torch.nn.Linear lays it out.
//   y [rows, out] F;  x [rows, in] F;  weight [out, in] F;  packed [packed_bytes] u8 or empty; bias
//   [out] F or empty
void linear_forward(Stream s, Tensor y, Tensor x, Tensor weight, Tensor packed, Tensor bias,
                    Activation activation);

// linear_forward for training: also stores kept = x weightT + bias, the activation's input.
//   y, kept [rows, out] F
void linear_activation_forward(Stream s, Tensor y, Tensor kept, Tensor x, Tensor weight,
                               Tensor packed, Tensor bias, Activation activation);

// Goes back through the linear layer that follows an activation and through the activation in one
// matmul:
//   dx = (dy weight) * activation'(kept);  dbias += sum over rows of dx, rows in a fixed order
//   dx, kept [rows, in] F;  dy [rows, out] F;  weight [out, in] F;  dbias [in] accumulator(F) or
//   empty; scratch [in] F, with dbias. On a GPU bf16's sum is rounded to F before it is added.
void linear_activation_backward(Stream s, Tensor dx, Tensor dbias, Tensor scratch, Tensor dy,
                                Tensor weight, Tensor kept, Activation activation);

// The implementations take checked operands.
namespace cpu {
void matmul(Stream s, Tensor c, Tensor a, Tensor b, Matmul options);
size_t packed_bytes(Stream s, Shape weight, DType dtype);
void pack_weight(Stream s, Tensor packed, Tensor weight);
void linear_packed(Stream s, Tensor y, Tensor x, Tensor packed, Tensor bias, Activation activation);
}  // namespace cpu

// One cuBLASLt call each if it has the epilogue, else the kernels above (cuda/cublas/context.cpp).
namespace cuda {
void matmul(Stream s, Tensor c, Tensor a, Tensor b, Matmul options);
void linear_forward(Stream s, Tensor y, Tensor x, Tensor weight, Tensor bias,
                    Activation activation);
void linear_activation_forward(Stream s, Tensor y, Tensor kept, Tensor x, Tensor weight,
                               Tensor bias, Activation activation);
void linear_activation_backward(Stream s, Tensor dx, Tensor dbias, Tensor scratch, Tensor dy,
                                Tensor weight, Tensor kept, Activation activation);
}  // namespace cuda

// f64 exists for parity and gradient checks: plain loops, as op(a) [M, K] op(b) [K, N] above.
ALBERT_KERNEL(void matmul_f64(Stream s, Tensor c, Tensor a, Tensor b, const Matmul& options))

}  // namespace albert::kernels
