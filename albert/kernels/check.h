#pragma once
// Operand checks that the entry points (x.cpp) share.
#include "albert/kernels/stream.h"

namespace albert::kernels {

inline void check_operand(const char* op, const char* name, const Tensor& t, const Shape& shape,
                          DType dtype) {
  ALBERT_CHECK(t.shape == shape && t.dtype == dtype, op, ": ", name, " is ", t.dtype, " ", t.shape,
               ", wanted ", dtype, " ", shape);
}

// Accepts a float tensor of `rank` dimensions. Only GPUs compute in f16.
inline void check_float(const Stream& s, const char* op, const char* name, const Tensor& t,
                        int rank) {
  const bool f16 = s.device != Device::kCpu;
  ALBERT_CHECK(is_float(t.dtype) && (f16 || t.dtype != DType::kF16) && t.shape.rank() == rank, op,
               ": ", name, " is ", t.dtype, " ", t.shape, ", wanted f32, f64, ",
               f16 ? "bf16 or f16" : "or bf16", " in ", rank, " dimensions");
}

}  // namespace albert::kernels
