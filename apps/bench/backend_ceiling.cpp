// Measures a GPU's ceilings by its backend: calls are queued in bursts, then the host waits.
#include <algorithm>
#include <cstddef>
#include <random>
#include <vector>

#include "albert/kernels/matmul.h"
#include "albert/kernels/row_ops.h"
#include "apps/bench/ceiling.h"
#include "apps/bench/timing.h"

namespace albert::bench {
namespace {

using kernels::MatmulShape;

constexpr int kRounds = 5;
constexpr double kBurstFlops = 4e11;  // half a millisecond of a fast GPU
constexpr int64_t kMaxCalls = 256;
constexpr int64_t kCopied = int64_t{1} << 28;  // f32 elements: 1 GiB
constexpr size_t kPattern = size_t{16} << 20;  // bytes that are made on the host
// The rate does not change beyond this inner size, and operands of all layers' weight gradients
// would take gigabytes.
constexpr int64_t kMostInner = 32768;

class BackendCeiling final : public Ceiling {
 public:
  BackendCeiling(std::unique_ptr<kernels::Backend> backend, DType dtype, double seconds)
      : backend_(std::move(backend)), dtype_(dtype), seconds_(seconds) {}

  std::string library() const override { return "cuBLASLt"; }
  MatmulShape large() const override {
    return {.m = 8192, .n = 8192, .k = 8192, .transpose_b = true, .dtype = dtype_};
  }

  double copy_bytes() override {
    const kernels::Buffer from(*backend_, kCopied * sizeof(float)),
        to(*backend_, kCopied * sizeof(float));
    const Tensor source{from.data(), {kCopied}, DType::kF32},
        target{to.data(), {kCopied}, DType::kF32};
    return measure_rate(kRounds, seconds_,
                        [&] {
                          kernels::accumulate(backend_->stream(), target, kernels::Grad::kAssign,
                                              source);
                          backend_->synchronize();
                          return 2.0 * static_cast<double>(source.bytes());
                        })
        .median();
  }

 private:
  // Fills whole memory with one pattern, which comes from the host once and is repeated on the GPU.
  void fill(const kernels::Buffer& memory) {
    if (pattern_.bytes() == 0) upload_pattern();
    for (size_t at = 0; at < memory.bytes(); at += kPattern) {
      const size_t bytes = std::min(kPattern, memory.bytes() - at);
      auto* const begin = static_cast<std::byte*>(memory.data()) + at;
      const Shape shape{static_cast<int64_t>(bytes / sizeof(float))};
      kernels::cast(backend_->stream(), Tensor{begin, shape, DType::kF32},
                    Tensor{pattern_.data(), shape, DType::kF32});
    }
  }
  // Numbers of both signs below 2 in every float type, drawn at random: a GPU that multiplies zeros
  // or the same number again runs faster.
  void upload_pattern() {
    std::mt19937_64 random(1);
    std::vector<uint64_t> words(kPattern / sizeof(uint64_t));
    for (uint64_t& word : words) word = (random() & 0x83ff83ff83ff83ff) | 0x3c003c003c003c00;
    pattern_ = {*backend_, kPattern};
    backend_->copy_to_device(pattern_.data(), words.data(), kPattern);
  }
  Tensor operand(const kernels::Buffer& memory, int64_t rows, int64_t cols, bool transposed,
                 DType dtype) const {
    return {memory.data(), transposed ? Shape{cols, rows} : Shape{rows, cols}, dtype};
  }

  double rate_of(const MatmulShape& wanted) override {
    MatmulShape shape = wanted;
    shape.k = std::min(shape.k, kMostInner);
    const auto bytes = [&](int64_t rows, int64_t cols) {
      const size_t exact = static_cast<size_t>(rows * cols) * size_of(shape.dtype);
      return (exact + sizeof(float) - 1) / sizeof(float) * sizeof(float);  // for fill()
    };
    const kernels::Buffer a(*backend_, bytes(shape.m, shape.k)),
        b(*backend_, bytes(shape.n, shape.k)), c(*backend_, bytes(shape.m, shape.n));
    fill(a);
    fill(b);
    const kernels::Matmul how{.transpose_a = shape.transpose_a,
                              .transpose_b = shape.transpose_b || shape.packed};
    const Tensor left = operand(a, shape.m, shape.k, how.transpose_a, shape.dtype),
                 right = operand(b, shape.k, shape.n, how.transpose_b, shape.dtype),
                 result = operand(c, shape.m, shape.n, false, shape.dtype);
    const kernels::Buffer workspace(*backend_, backend_->workspace_bytes());
    kernels::Stream s = backend_->stream();
    s.workspace = workspace.data();
    s.workspace_bytes = workspace.bytes();
    const auto calls =
        std::clamp(static_cast<int64_t>(kBurstFlops / shape.flops()), int64_t{1}, kMaxCalls);
    return measure_rate(kRounds, seconds_,
                        [&] {
                          for (int64_t i = 0; i < calls; ++i)
                            kernels::matmul(s, result, left, right, how);
                          backend_->synchronize();
                          return static_cast<double>(calls) * shape.flops();
                        })
        .median();
  }

  std::unique_ptr<kernels::Backend> backend_;
  DType dtype_;
  double seconds_;
  kernels::Buffer pattern_;  // released before the backend
};

}  // namespace

std::unique_ptr<Ceiling> make_backend_ceiling(std::unique_ptr<kernels::Backend> backend,
                                              Precision precision, double seconds) {
  return std::make_unique<BackendCeiling>(std::move(backend), compute_dtype(precision), seconds);
}

}  // namespace albert::bench
