#pragma once
#include <cstddef>

#include "albert/kernels/tensor.h"

namespace albert {

// A stack of bytes. Autograd is last in, first out, and so is a stack: forward pushes, backward
// pops, a Mark frees all above it. The same program on the same shapes gets the same addresses at
// every step.
class Arena {
 public:
  static constexpr size_t kAlignment = 256;

  Arena() = default;  // measuring: addresses nobody may touch; records the peak
  // Measuring, with the addresses that an arena at `base` would give; null: nobody's.
  explicit Arena(void* base) {
    if (base) base_ = static_cast<std::byte*>(base);
  }
  Arena(void* base, size_t capacity)
      : base_(static_cast<std::byte*>(base)), capacity_(capacity), measuring_(false) {}

  // Uninitialised; 256-byte aligned. Error(kInternal) when the plan was too small.
  Tensor allocate(Shape shape, DType dtype) {
    Tensor t{base_ + top_, shape, dtype};
    top_ += (t.bytes() + kAlignment - 1) / kAlignment * kAlignment;
    if (top_ > peak_) peak_ = top_;
    ALBERT_CHECK(measuring_ || top_ <= capacity_, "arena needs ", top_, " bytes, has ", capacity_);
    return t;
  }
  bool measuring() const { return measuring_; }
  size_t peak() const { return peak_; }
  size_t top() const { return top_; }

  // Frees what was allocated since it was made.
  class Mark {
   public:
    explicit Mark(Arena& arena) : arena_(arena), top_(arena.top_) {}
    ~Mark() { arena_.top_ = top_; }
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;

   private:
    Arena& arena_;
    size_t top_;
  };

 private:
  std::byte* base_ =
      reinterpret_cast<std::byte*>(kAlignment);  // not null, so that views look allocated
  size_t capacity_ = 0, top_ = 0, peak_ = 0;
  bool measuring_ = true;
};

}  // namespace albert
