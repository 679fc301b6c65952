#pragma once
// Tensors for tests: owning, filled from a seed, surrounded by sentinels.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

#include "albert/kernels/tensor.h"
#include "tests/support/devices.h"

namespace albert::testing {

// Pages whose last byte is followed by a page nobody may touch.
class GuardedPages {
 public:
  explicit GuardedPages(size_t bytes) : mapped_((bytes + kPage - 1) / kPage * kPage) {
    void* block =
        mmap(nullptr, mapped_ + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) throw std::bad_alloc();
    base_ = static_cast<unsigned char*>(block);
    mprotect(end(), kPage, PROT_NONE);
  }
  GuardedPages(GuardedPages&& other) noexcept
      : mapped_(other.mapped_), base_(std::exchange(other.base_, nullptr)) {}
  GuardedPages& operator=(GuardedPages&& other) noexcept {
    std::swap(mapped_, other.mapped_);
    std::swap(base_, other.base_);
    return *this;
  }
  ~GuardedPages() {
    if (base_) munmap(base_, mapped_ + kPage);
  }
  unsigned char* begin() const { return base_; }
  unsigned char* end() const { return base_ + mapped_; }

 private:
  static constexpr size_t kPage = 4096;
  size_t mapped_;
  unsigned char* base_;
};

// Owns the memory of one Tensor: 1 KiB of sentinels before it, and behind the next multiple of 16
// bytes a guard page, so that reading there ends the test as writing does. check_sentinels() fails
// it if a kernel wrote outside. On a GPU all of it has a copy there, without the guard: who takes
// the Tensor gets the copy, brought up to date; who asks for values brings back what a kernel may
// have written since.
class TestTensor {
 public:
  TestTensor(DType dtype, Shape shape)
      : pages_(kBefore + rounded(static_cast<size_t>(shape.size()) * size_of(dtype))) {
    tensor_ = {nullptr, shape, dtype};
    std::fill(pages_.begin(), pages_.end(), kSentinel);
    tensor_.data = pages_.end() - rounded(tensor_.bytes());
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

  operator Tensor() const { return tensor(); }  // NOLINT: tests hand TestTensors to kernels
  Tensor tensor() const {
    if (!gpu()) return tensor_;
    if (OnCpu::asked_for()) {
      fetch();
      return tensor_;
    }
    send();
    const auto before = static_cast<const unsigned char*>(tensor_.data) - pages_.begin();
    return {static_cast<unsigned char*>(copy_.data()) + before, tensor_.shape, tensor_.dtype};
  }
  int64_t size() const { return tensor_.shape.size(); }

  double get(int64_t i) const {
    fetch();
    switch (tensor_.dtype) {
      case DType::kF32: return static_cast<double>(tensor_.as<float>()[i]);
      case DType::kF64: return tensor_.as<double>()[i];
      case DType::kBF16: return static_cast<double>(static_cast<float>(tensor_.as<BFloat16>()[i]));
      case DType::kF16: return static_cast<double>(static_cast<float>(tensor_.as<Float16>()[i]));
      case DType::kI32: return tensor_.as<int32_t>()[i];
      case DType::kI64: return static_cast<double>(tensor_.as<int64_t>()[i]);
      default: throw std::logic_error("TestTensor::get");
    }
  }
  void set(int64_t i, double value) {
    fetch();
    switch (tensor_.dtype) {
      case DType::kF32: tensor_.as<float>()[i] = static_cast<float>(value); return;
      case DType::kF64: tensor_.as<double>()[i] = value; return;
      case DType::kBF16: tensor_.as<BFloat16>()[i] = BFloat16(static_cast<float>(value)); return;
      case DType::kF16: tensor_.as<Float16>()[i] = Float16(static_cast<float>(value)); return;
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
    fetch();
    other.fetch();
    return tensor_.bytes() == other.tensor_.bytes() &&
           std::memcmp(tensor_.data, other.tensor_.data, tensor_.bytes()) == 0;
  }
  void check_sentinels() const {
    fetch();
    const auto* const data = static_cast<const unsigned char*>(tensor_.data);
    for (const unsigned char* p = pages_.begin(); p < data; ++p)
      ASSERT_EQ(*p, kSentinel) << "written " << data - p << " bytes before the tensor";
    for (const unsigned char* p = data + tensor_.bytes(); p < pages_.end(); ++p)
      ASSERT_EQ(*p, kSentinel) << "written " << p - data - static_cast<int64_t>(tensor_.bytes())
                               << " bytes behind it";
  }

  TestTensor(TestTensor&&) = default;
  TestTensor& operator=(TestTensor&&) = default;
  TestTensor& operator=(const TestTensor& other) { return *this = TestTensor(other); }
  TestTensor(const TestTensor& other) : TestTensor(other.tensor_.dtype, other.tensor_.shape) {
    other.fetch();
    std::memcpy(tensor_.data, other.tensor_.data, tensor_.bytes());
  }

 private:
  static constexpr size_t kBefore = 1024;
  static constexpr unsigned char kSentinel = 0xA5;
  static size_t rounded(size_t bytes) { return (bytes + 15) / 16 * 16; }
  size_t bytes() const { return static_cast<size_t>(pages_.end() - pages_.begin()); }
  void send() const {
    if (!copy_.data()) copy_ = {*gpu(), bytes()};
    if (!on_gpu_) gpu()->copy_to_device(copy_.data(), pages_.begin(), bytes());
    on_gpu_ = true;
  }
  void fetch() const {
    if (on_gpu_) gpu()->copy_to_host(pages_.begin(), copy_.data(), bytes());
    on_gpu_ = false;
  }

  GuardedPages pages_;
  Tensor tensor_;
  mutable kernels::Buffer copy_;
  mutable bool on_gpu_ = false;  // that is where the newest values are
};

}  // namespace albert::testing
