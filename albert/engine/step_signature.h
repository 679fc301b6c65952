#pragma once
#include <vector>

#include "albert/kernels/call_observer.h"

namespace albert {

// Every kernel call of a step with all its operands. Two steps of equal signatures do the same work
// on the same memory, so that the captured one can be replayed for the other.
class StepSignature final : public kernels::CallObserver {
 public:
  void call(const char* kernel) override { words_.push_back(reinterpret_cast<uint64_t>(kernel)); }
  void operand(const Tensor& t) override {
    words_.push_back(reinterpret_cast<uint64_t>(t.data));
    words_.push_back(static_cast<uint64_t>(t.dtype) << 8 | static_cast<uint64_t>(t.shape.rank()));
    for (int i = 0; i < t.shape.rank(); ++i) words_.push_back(static_cast<uint64_t>(t.shape[i]));
  }
  void attribute(uint64_t bits) override { words_.push_back(bits); }

  bool operator==(const StepSignature& other) const { return words_ == other.words_; }

 private:
  std::vector<uint64_t> words_;
};

}  // namespace albert
