#pragma once
// cuDNN's fused attention behind one class, for attention.cpp and the backends.
#include <array>
#include <compare>
#include <cstddef>
#include <memory>

#include "albert/kernels/stream.h"

namespace albert::kernels {

// The key of a cuDNN graph. A gradient has the layout of its tensor.
struct CudnnProblem {
  bool backward = false;
  DType dtype = DType::kBF16;
  int64_t heads = 0, head_size = 0, sequences = 0;
  int64_t longest = 0;             // most rows of a sequence
  int64_t rows_q = 0, rows_k = 0;  // backward: totals of all sequences, or more; forward: 0
  int64_t q_stride = 0, k_stride = 0,
          v_stride = 0;  // elements from row to row; heads * head_size for out and dout

  auto operator<=>(const CudnnProblem&) const = default;
};

// The tensors of a graph. Offsets are [sequences + 1] i32, lengths [sequences] i32, the statistics
// [rows_q, heads] f32.
enum class CudnnTensor : uint8_t {
  kQ,
  kK,
  kV,
  kOut,
  kStatistics,
  kDOut,
  kDQ,
  kDK,
  kDV,
  kOffsetsQ,
  kOffsetsK,
  kOffsetsV,
  kOffsetsOut,
  kOffsetsStatistics,
  kLengthsQ,
  kLengthsK
};
constexpr size_t kCudnnTensors = 16;

// Their addresses on the GPU; null: not used in this pass.
class CudnnOperands {
 public:
  void*& operator[](CudnnTensor t) { return at_[static_cast<size_t>(t)]; }
  void* operator[](CudnnTensor t) const { return at_[static_cast<size_t>(t)]; }

 private:
  std::array<void*, kCudnnTensors> at_ = {};
};

// The library and its graphs, used by the one thread that uses the stream. Those that were used
// last are kept.
class CudnnContext {
 public:
  virtual ~CudnnContext() = default;
  // Builds the graph at the first call. Error(kNoDevice) if cuDNN does not offer it.
  virtual size_t workspace_bytes(const CudnnProblem& problem) = 0;
  virtual void run(const CudnnProblem& problem, const CudnnOperands& operands, void* workspace,
                   void* queue) = 0;

  // Graphs that run between these two live as long as what the second returns, because a captured
  // step refers to their kernels.
  virtual void begin_capture() = 0;
  virtual std::shared_ptr<const void> end_capture() = 0;
};

// cuDNN on a GPU of compute capability major * 10 + minor. Error(kNoDevice) if the library is
// not found, or this build has no cuDNN (none.cpp).
std::unique_ptr<CudnnContext> make_cudnn_context(int compute_capability);

}  // namespace albert::kernels
