#include "albert/kernels/matmul.h"

#include "albert/kernels/check.h"
#include "albert/kernels/profile.h"

namespace albert::kernels {
namespace {

void check_matmul(Tensor c, Tensor a, Tensor b, const Matmul& options) {
  ALBERT_CHECK(a.shape.rank() == 2 && b.shape.rank() == 2, "matmul: a ", a.shape, " b ", b.shape);
  const int64_t m = a.shape[options.transpose_a ? 1 : 0], k = a.shape[options.transpose_a ? 0 : 1];
  const int64_t n = b.shape[options.transpose_b ? 0 : 1];
  ALBERT_CHECK(b.shape[options.transpose_b ? 1 : 0] == k, "matmul: inner sizes differ, a ", a.shape,
               " b ", b.shape);
  ALBERT_CHECK((c.shape == Shape{m, n}), "matmul: c ", c.shape, ", wanted ", Shape{m, n});
  ALBERT_CHECK(a.dtype == b.dtype, "matmul: a is ", a.dtype, ", b is ", b.dtype);
  ALBERT_CHECK(c.dtype == a.dtype || c.dtype == accumulator(a.dtype), "matmul: c is ", c.dtype,
               ", a is ", a.dtype);
}

void check_linear(Tensor y, Tensor x, Tensor weight, Tensor bias) {
  ALBERT_CHECK(y.dtype == x.dtype, "linear: y is ", y.dtype, ", x is ", x.dtype);
  ALBERT_CHECK(!bias || (bias.shape == Shape{weight.shape[0]} && bias.dtype == x.dtype),
               "linear: bias ", bias.shape, " weight ", weight.shape);
  check_matmul(y, x, weight, {.transpose_b = true});
}

}  // namespace

void matmul(Stream s, Tensor c, Tensor a, Tensor b, Matmul options) {
  check_matmul(c, a, b, options);
  observe(s.observer, "matmul", c, a, b, options);
  if (c.shape.size() == 0 || s.device == Device::kMeta) return;
  if (s.device == Device::kCpu && a.dtype == DType::kF64)
    return cpu::matmul(s, c, a, b, options);  // timed as matmul_f64
  const MatmulShape shape{c.shape[0],
                          c.shape[1],
                          a.shape[options.transpose_a ? 0 : 1],
                          options.transpose_a,
                          options.transpose_b,
                          false,
                          false,
                          Activation::kIdentity,
                          a.dtype};
  const ProfileScope scope(s, shape);
  if (s.device == Device::kCpu) return cpu::matmul(s, c, a, b, options);
  ALBERT_CALL_CUDA(matmul, s, c, a, b, options);
}

void matmul_f64(Stream s, Tensor c, Tensor a, Tensor b, const Matmul& options) {
  check_matmul(c, a, b, options);
  ALBERT_CHECK(s.device == Device::kCpu, "matmul_f64 is the CPU's");
  const ProfileScope scope(s, "matmul_f64");
  ALBERT_CALL_CPU(matmul_f64, s, c, a, b, options);
}

// A dry run on kMeta plans for the CPU. cuBLASLt reads weights unpacked.
size_t packed_bytes(Stream s, Shape weight, DType dtype) {
  return s.device == Device::kCuda ? 0 : cpu::packed_bytes(s, weight, dtype);
}

void pack_weight(Stream s, Tensor packed, Tensor weight) {
  ALBERT_CHECK(packed.bytes() == packed_bytes(s, weight.shape, weight.dtype),
               "pack_weight: packed ", packed.shape);
  if (s.device != Device::kCpu) return;
  const ProfileScope scope(s, "pack_weight");
  cpu::pack_weight(s, packed, weight);
}

void linear_forward(Stream s, Tensor y, Tensor x, Tensor weight, Tensor packed, Tensor bias,
                    Activation activation) {
  check_linear(y, x, weight, bias);
  observe(s.observer, "linear_forward", y, x, weight, packed, bias, activation);
  if (y.shape.size() == 0 || s.device == Device::kMeta) return;
  if (s.device == Device::kCuda) {
    ALBERT_CALL_CUDA(linear_forward, s, y, x, weight, bias, activation);
    return;
  }
  if (packed) {
    const MatmulShape shape{y.shape[0], y.shape[1], x.shape[1], false,  true,
                            true,       bool(bias), activation, x.dtype};
    const ProfileScope scope(s, shape);
    return cpu::linear_packed(s, y, x, packed, bias, activation);
  }
  matmul(s, y, x, weight, {.transpose_b = true});
  if (bias || activation != Activation::kIdentity)
    bias_activation_forward(s, y, y, bias, activation);
}

void linear_activation_forward(Stream s, Tensor y, Tensor kept, Tensor x, Tensor weight,
                               Tensor packed, Tensor bias, Activation activation) {
  check_linear(y, x, weight, bias);
  check_operand("linear", "kept", kept, y.shape, y.dtype);
  observe(s.observer, "linear_activation_forward", y, kept, x, weight, packed, bias, activation);
  if (y.shape.size() == 0 || s.device == Device::kMeta) return;
  if (s.device == Device::kCuda) {
    ALBERT_CALL_CUDA(linear_activation_forward, s, y, kept, x, weight, bias, activation);
    return;
  }
  linear_forward(s, kept, x, weight, packed, bias, Activation::kIdentity);
  bias_activation_forward(s, y, kept, {}, activation);
}

void linear_activation_backward(Stream s, Tensor dx, Tensor dbias, Tensor scratch, Tensor dy,
                                Tensor weight, Tensor kept, Activation activation) {
  check_matmul(dx, dy, weight, {});
  check_operand("linear", "kept", kept, dx.shape, dy.dtype);
  check_operand("linear", "dx", dx, dx.shape, dy.dtype);
  if (dbias) {
    check_operand("linear", "dbias", dbias, {dx.shape[1]}, accumulator(dx.dtype));
    check_operand("linear", "scratch", scratch, {dx.shape[1]}, dx.dtype);
  }
  observe(s.observer, "linear_activation_backward", dx, dbias, scratch, dy, weight, kept,
          activation);
  if (dx.shape.size() == 0 || s.device == Device::kMeta) return;
  if (s.device == Device::kCuda) {
    ALBERT_CALL_CUDA(linear_activation_backward, s, dx, dbias, scratch, dy, weight, kept,
                     activation);
    return;
  }
  matmul(s, dx, dy, weight, {});
  bias_activation_backward(s, dx, Grad::kAssign, dbias, dx, kept, {}, activation);
}

}  // namespace albert::kernels
