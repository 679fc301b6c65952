#pragma once
#include <map>
#include <utility>
#include <vector>

#include "engine/arena.h"

namespace albert {

// The host arrays a step's kernels read: token ids, labels, lengths. The step's dry run notes them, one copy brings
// them to the device together, and the run proper finds each where it lies. The same array is brought once.
class Uploads {
 public:
  // Where `host` lies, or will: the array must not change before the step is over. Error(kInternal) for one that the
  // dry run did not meet.
  Tensor place(Tensor host);

  // From now on place() answers with addresses behind `base`, and takes no new arrays.
  void settle(void* base) {
    base_ = static_cast<std::byte*>(base);
    settled_ = true;
  }
  const std::vector<std::byte>& contents() const { return contents_; }

 private:
  std::map<std::pair<const void*, size_t>, size_t> offsets_;  // by address and bytes
  std::vector<std::byte> contents_;
  std::byte* base_ = reinterpret_cast<std::byte*>(Arena::kAlignment);  // nobody's: a dry run looks at no memory
  bool settled_ = false;
};

}  // namespace albert
