#pragma once
// Shows where a step's time goes: hand a Profile to Backend::profile_into(), and every kernel call
// is timed.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "albert/kernels/activation.h"

namespace albert::kernels {

// The shape of one matmul call: c [m, n] from inner size k.
struct MatmulShape {
  int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false, packed = false, bias = false;
  Activation activation = Activation::kIdentity;
  DType dtype = DType::kF32;
  double flops() const {
    return 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  }
  auto operator<=>(const MatmulShape&) const = default;
};

struct KernelUse {
  int64_t calls = 0;
  double seconds = 0;
};

// Marks points of a queue whose distance in time is read later: on a GPU, CUDA events.
class QueueClock {
 public:
  virtual ~QueueClock() = default;
  virtual size_t mark() noexcept = 0;  // queues a mark and returns its number
  virtual double seconds_between(size_t from, size_t to) = 0;  // waits until `to` has passed
};

struct QueuedCall {
  const char* kernel;
  std::optional<MatmulShape> shape;  // of a matmul
  size_t from;                       // marks
  std::optional<size_t> to;          // none until the call returns
};

struct Profile {
  std::map<std::string, KernelUse> kernels;
  std::map<MatmulShape, KernelUse> matmuls;  // the matmuls among them, shape by shape
  std::unique_ptr<QueueClock> clock;         // null: calls have ended when they return
  std::vector<QueuedCall> queued;            // not yet among the above
};

// Reads the times of all queued calls and gives the clock back, once the profile has ended.
void collect(Profile& profile);

}  // namespace albert::kernels
