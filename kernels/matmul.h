#pragma once
#include <cstddef>

#include "kernels/activation.h"
#include "kernels/dispatch.h"

namespace albert::kernels {

struct Matmul {
  bool transpose_a = false;
  bool transpose_b = false;
  bool accumulate = false;  // c += instead of c =
};

// c = op(a) op(b).  op(a) [M, K], op(b) [K, N], both F;  c [M, N] F or accumulator(F)
// The inner dimension is never split by thread: same bits for any number of threads.
void matmul(Stream s, Tensor c, Tensor a, Tensor b, Matmul options);

// A weight laid out for linear_forward. Bytes as the back end likes them, valid for one stream's back end only.
size_t packed_bytes(Stream s, Shape weight, DType dtype);  // 0: the back end gains nothing from packing
void pack_weight(Stream s, Tensor packed, Tensor weight);  // packed [packed_bytes] u8;  weight [out, in] F

// y = activation(x weightT + bias), as torch.nn.Linear lays it out.
//   y [rows, out] F;  x [rows, in] F;  weight [out, in] F;  packed [bytes] u8 or empty;  bias [out] F or empty
void linear_forward(Stream s, Tensor y, Tensor x, Tensor weight, Tensor packed, Tensor bias, Activation activation);

}  // namespace albert::kernels
