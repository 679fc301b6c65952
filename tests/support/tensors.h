#pragma once
// Tensors for tests: owning, filled from a seed, surrounded by sentinels.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "kernels/backend.h"
#include "kernels/tensor.h"

namespace albert::testing {

// A stream of the CPU for `threads` and `isa`. Lives as long as the Device.
struct TestDevice {
  explicit TestDevice(int threads = 1, kernels::Isa isa = kernels::detect_isa())
      : backend(kernels::make_backend({.device = Device::kCpu, .threads = threads, .isa = isa})) {}
  kernels::Stream stream() const { return backend->stream(); }
  std::unique_ptr<kernels::Backend> backend;
};

// Every instruction set this machine can run, slowest first.
inline std::vector<kernels::Isa> available_isas() {
  std::vector<kernels::Isa> isas;
  for (const auto isa : {kernels::Isa::kGeneric, kernels::Isa::kAvx2, kernels::Isa::kAvx512})
    if (isa <= kernels::detect_isa()) isas.push_back(isa);
  return isas;
}

// Owns the memory of one Tensor, 1 KiB of sentinels on each side; check_sentinels() fails the test if a kernel
// wrote outside.
class TestTensor {
 public:
  TestTensor(DType dtype, Shape shape)
      : bytes_(2 * kGuard + static_cast<size_t>(shape.size()) * size_of(dtype), kSentinel) {
    tensor_ = {bytes_.data() + kGuard, shape, dtype};
    std::memset(tensor_.data, 0, tensor_.bytes());
  }
  // Values from a normal distribution, rounded to the dtype.
  static TestTensor random(DType dtype, Shape shape, uint32_t seed, double scale = 1.0) {
    TestTensor t(dtype, shape);
    std::mt19937 generator(seed);
    std::normal_distribution<double> normal(0.0, scale);
    for (int64_t i = 0; i < shape.size(); ++i) t.set(i, normal(generator));
    return t;
  }
  template <class T>
  static TestTensor of(Shape shape, const std::vector<T>& values) {
    TestTensor t(DTypeOf<T>::value, shape);
    std::memcpy(t.tensor_.data, values.data(), t.tensor_.bytes());
    return t;
  }
  // The same values in another float type.
  TestTensor as_type(DType dtype) const {
    TestTensor t(dtype, tensor_.shape);
    for (int64_t i = 0; i < size(); ++i) t.set(i, get(i));
    return t;
  }
  TestTensor poisoned() const {  // a copy filled with NaN, for outputs that must be assigned
    TestTensor t(tensor_.dtype, tensor_.shape);
    for (int64_t i = 0; i < size(); ++i) t.set(i, std::nan(""));
    return t;
  }

  operator Tensor() const { return tensor_; }  // NOLINT: tests hand TestTensors to kernels
  Tensor tensor() const { return tensor_; }
  int64_t size() const { return tensor_.shape.size(); }

  double get(int64_t i) const {
    switch (tensor_.dtype) {
      case DType::kF32: return static_cast<double>(tensor_.as<float>()[i]);
      case DType::kF64: return tensor_.as<double>()[i];
      case DType::kBF16: return static_cast<double>(static_cast<float>(tensor_.as<BFloat16>()[i]));
      case DType::kI32: return tensor_.as<int32_t>()[i];
      case DType::kI64: return static_cast<double>(tensor_.as<int64_t>()[i]);
      default: throw std::logic_error("TestTensor::get");
    }
  }
  void set(int64_t i, double value) {
    switch (tensor_.dtype) {
      case DType::kF32: tensor_.as<float>()[i] = static_cast<float>(value); return;
      case DType::kF64: tensor_.as<double>()[i] = value; return;
      case DType::kBF16: tensor_.as<BFloat16>()[i] = BFloat16(static_cast<float>(value)); return;
      case DType::kI32: tensor_.as<int32_t>()[i] = static_cast<int32_t>(value); return;
      case DType::kI64: tensor_.as<int64_t>()[i] = static_cast<int64_t>(value); return;
      default: throw std::logic_error("TestTensor::set");
    }
  }
  std::vector<double> values() const {
    std::vector<double> v(static_cast<size_t>(size()));
    for (int64_t i = 0; i < size(); ++i) v[static_cast<size_t>(i)] = get(i);
    return v;
  }
  bool same_bits(const TestTensor& other) const {
    return tensor_.bytes() == other.tensor_.bytes() &&
           std::memcmp(tensor_.data, other.tensor_.data, tensor_.bytes()) == 0;
  }
  void check_sentinels() const {
    for (size_t i = 0; i < kGuard; ++i) {
      ASSERT_EQ(bytes_[i], kSentinel) << "written " << kGuard - i << " bytes before the tensor";
      ASSERT_EQ(bytes_[bytes_.size() - 1 - i], kSentinel) << "written " << kGuard - i << " bytes from the tensor's end";
    }
  }

  TestTensor(TestTensor&&) = default;
  TestTensor& operator=(TestTensor&&) = default;
  TestTensor& operator=(const TestTensor& other) { return *this = TestTensor(other); }
  TestTensor(const TestTensor& other) : TestTensor(other.tensor_.dtype, other.tensor_.shape) {
    std::memcpy(tensor_.data, other.tensor_.data, tensor_.bytes());
  }

 private:
  static constexpr size_t kGuard = 1024;
  static constexpr unsigned char kSentinel = 0xA5;
  std::vector<unsigned char> bytes_;
  Tensor tensor_;
};

}  // namespace albert::testing
