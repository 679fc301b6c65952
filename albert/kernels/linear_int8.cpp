#include "albert/kernels/linear_int8.h"

#include "albert/kernels/check.h"
#include "albert/kernels/profile.h"

namespace albert::kernels {
size_t int8_bytes(Shape weight) { return cpu::int8_bytes(weight); }

void int8_quantize(Stream s, Tensor quantized, Tensor weight) {
  check_operand("int8", "quantized", quantized, {static_cast<int64_t>(int8_bytes(weight.shape))},
                DType::kU8);
  ALBERT_CHECK(weight.dtype == DType::kF32, "int8: weight is ", weight.dtype);
  if (s.device == Device::kMeta) return;
  ALBERT_CHECK(s.device == Device::kCpu, "int8 is the CPU's");
  const ProfileScope scope(s, "int8_quantize");
  cpu::int8_quantize(s, quantized, weight);
}

void linear_int8(Stream s, Tensor y, Tensor x, Tensor quantized, Tensor bias,
                 Activation activation) {
  const int64_t rows = x.shape[0], in = x.shape[1], out = y.shape[1];
  check_operand("int8", "x", x, {rows, in}, DType::kF32);
  check_operand("int8", "y", y, {rows, out}, DType::kF32);
  check_operand("int8", "quantized", quantized, {static_cast<int64_t>(int8_bytes({out, in}))},
                DType::kU8);
  if (bias) check_operand("int8", "bias", bias, {out}, DType::kF32);
  observe(s.observer, "linear_int8", y, x, quantized, bias, activation);
  if (y.shape.size() == 0 || s.device == Device::kMeta) return;
  ALBERT_CHECK(s.device == Device::kCpu, "int8 is the CPU's");
  const ProfileScope scope(s, "linear_int8");
  cpu::linear_int8(s, y, x, quantized, bias, activation);
}

}  // namespace albert::kernels
