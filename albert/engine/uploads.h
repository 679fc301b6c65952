#pragma once
#include <map>
#include <utility>
#include <vector>

#include "albert/engine/arena.h"

namespace albert {

// The host arrays a step's kernels read: token ids, labels, lengths. The step's dry run notes them,
// one copy brings them to the device together, and the run proper finds each where it lies.
class Uploads {
 public:
  // `base`: where they will lie, as far as is known; null: nowhere yet.
  explicit Uploads(void* base) {
    if (base) base_ = static_cast<std::byte*>(base);
  }

  // Where `host` lies, or will: the same array is brought once, and must not change before the step
  // is over. Error(kInternal) for one that the dry run did not meet.
  Tensor stage(Tensor host);
  // The same for a few values that live only as long as the call: known by their contents.
  Tensor stage_values(Tensor host);

  // From now on both answer with addresses behind `base`, and take nothing new.
  void fix_addresses(void* base) {
    base_ = static_cast<std::byte*>(base);
    addresses_fixed_ = true;
  }
  const std::vector<std::byte>& contents() const { return contents_; }

 private:
  size_t append(Tensor host);

  std::map<std::pair<const void*, size_t>, size_t> offsets_;  // by address and bytes
  std::map<std::vector<std::byte>, size_t> values_;           // by contents
  std::vector<std::byte> contents_;
  std::byte* base_ =
      reinterpret_cast<std::byte*>(Arena::kAlignment);  // nobody's: a dry run looks at no memory
  bool addresses_fixed_ = false;
};

}  // namespace albert
