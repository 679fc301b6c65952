// What stands where cuBLASLt will, in the emulated build: the CPU's products, and f16 by way of f32.
#include <vector>

#include "kernels/matmul.h"
#include "kernels/simt/emulator.h"

namespace albert::kernels::cuda {
namespace {

// A tensor's values in f32.
class Widened {
 public:
  explicit Widened(Tensor t)
      : values_(static_cast<size_t>(t.shape.size())), tensor_{values_.data(), t.shape, DType::kF32} {
    for (size_t i = 0; i < values_.size(); ++i)
      values_[i] = t.dtype == DType::kF16 ? static_cast<float>(t.as<Float16>()[i]) : t.as<float>()[i];
  }
  Tensor tensor() const { return tensor_; }
  void write(Tensor to) const {
    for (size_t i = 0; i < values_.size(); ++i) {
      if (to.dtype == DType::kF16)
        to.as<Float16>()[i] = Float16(values_[i]);
      else
        to.as<float>()[i] = values_[i];
    }
  }

 private:
  std::vector<float> values_;
  Tensor tensor_;
};

void matmul_now(Stream s, Tensor c, Tensor a, Tensor b, Matmul options) {
  s.device = Device::kCpu;
  if (a.dtype != DType::kF16) return cpu::matmul(s, c, a, b, options);
  const Widened wide_c(c);
  cpu::matmul(s, wide_c.tensor(), Widened(a).tensor(), Widened(b).tensor(), options);
  wide_c.write(c);
}

}  // namespace

void matmul(Stream s, Tensor c, Tensor a, Tensor b, Matmul options) {
  simt::emulator::submit(s, [=](const simt::Schedule&) { matmul_now(s, c, a, b, options); });
}

}  // namespace albert::kernels::cuda
