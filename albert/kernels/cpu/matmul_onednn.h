#pragma once
// oneDNN behind one class. Internal to kernels/: included by matmul_*.cpp and backend.cpp only.
#include <memory>
#include <string>

#include "albert/kernels/activation.h"
#include "albert/kernels/cpu/gemm.h"
#include "albert/kernels/stream.h"

namespace albert::kernels {

// One single-threaded matmul y[m, n] = activation(x[m, k] w[k, n] + bias) with a packed w. y's rows
// are contiguous: oneDNN has generated kernels for nothing else, and falls to a reference loop 100
// times slower.
struct LinearTask {
  int64_t m = 0, n = 0, k = 0;
  DType x_dtype = DType::kF32, y_dtype = DType::kF32;
  bool bias = false;
  Activation activation = Activation::kIdentity;
  auto operator<=>(const LinearTask&) const = default;
};

// Engine, primitives by shape and scratch, shared by the threads of one Backend. Every task runs on
// the calling thread alone: oneDNN would split the inner dimension by thread, and the bits would
// follow the thread count.
class OneDnnContext {
 public:
  OneDnnContext();
  ~OneDnnContext();
  OneDnnContext(const OneDnnContext&) = delete;
  OneDnnContext& operator=(const OneDnnContext&) = delete;

  bool native_bf16()
      const;  // the ISA multiplies bf16; elsewhere bf16 is storage and f32 is computed

  // linear() gives a row the same bits in every matmul of a multiple of so many rows.
  int64_t invariant_row_multiple() const;

  // The layout oneDNN likes for a [k, n] weight; pack() fills it from w [n, k] in row-major order.
  size_t packed_bytes(int64_t n, int64_t k, DType dtype);
  void pack(void* packed, const void* w, int64_t n, int64_t k, DType dtype);

  void linear(const LinearTask& task, void* y, const void* x, const void* packed, const void* bias);
  // oneDNN's name of what would run; "ref:any" is the slow reference.
  std::string linear_implementation(const LinearTask& task);
  void matmul_f32(const MatmulTask& task, float* c, const float* a, const float* b);
  void matmul_bf16(const MatmulTask& task, void* c, DType c_dtype, const void* a, const void* b);

  // Memory for the calling task, handed back when this ends. It is the only memory that CPU kernels
  // allocate: the context keeps a block for each task that ran at once, each of which grows to its
  // largest use. Error: std::bad_alloc.
  class Scratch {
   public:
    Scratch(OneDnnContext& context, size_t bytes);
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    void* data() const { return data_; }

   private:
    struct Block;
    friend class OneDnnContext;
    OneDnnContext& context_;
    std::unique_ptr<Block> block_;
    void* data_ = nullptr;
  };

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct OneDnnContextDeleter {
  void operator()(OneDnnContext* context) const noexcept;
};
using OneDnnContextPtr = std::unique_ptr<OneDnnContext, OneDnnContextDeleter>;
OneDnnContextPtr make_onednn_context();

}  // namespace albert::kernels
