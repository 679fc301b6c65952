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

  // An arena that measures: it gives addresses that nobody may touch and notes the peak. Given a
  // `base`, they are those that an arena in that memory would give.
  Arena() = default;
  explicit Arena(void* base) {
    if (base) base_ = static_cast<std::byte*>(base);
  }
  // An arena in `capacity` bytes at `base`.
  Arena(void* base, size_t capacity)
      : base_(static_cast<std::byte*>(base)), capacity_(capacity), measuring_(false) {}

  // A Tensor of uninitialised memory, 256-byte aligned. Error(kInternal) when the plan was too
  // small.
  Tensor allocate(Shape shape, DType dtype) {
    Tensor t{base_ + top_, shape, dtype};
    top_ += (t.bytes() + kAlignment - 1) / kAlignment * kAlignment;
    if (top_ > peak_) peak_ = top_;
    ALBERT_CHECK(measuring_ || top_ <= capacity_, "arena needs ", top_, " bytes, has ", capacity_);
    return t;
  }
  bool measuring() const { return measuring_; }
  size_t peak() const { return peak_; }  // bytes
  size_t top() const { return top_; }    // bytes

  // Its destructor frees all that was allocated since it was made.
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
  // Not null, so that Tensors look allocated.
  std::byte* base_ = reinterpret_cast<std::byte*>(kAlignment);
  size_t capacity_ = 0, top_ = 0, peak_ = 0;
  bool measuring_ = true;
};

}  // namespace albert
