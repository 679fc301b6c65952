#pragma once
#include <map>
#include <utility>
#include <vector>

#include "albert/engine/arena.h"
#include "albert/engine/host_view.h"

namespace albert {

// The host arrays that a step's kernels read: token ids, labels, lengths. The step's dry run stages
// them, one copy brings them all to the device, and the run itself gets their addresses there.
class Uploads {
 public:
  // `base` is the device memory that they went to in the step before; null if there is none yet.
  explicit Uploads(void* base) {
    if (base) base_ = static_cast<std::byte*>(base);
  }

  // The array's place on the device. An array is known by its address, is copied once a step, and
  // must not change before the step is over. Error(kInternal) for one that the dry run did not
  // stage.
  Tensor stage(HostView host);
  // The place of a few values that live only as long as the call: they are known by their contents.
  Tensor stage_values(HostView host);

  // From now on both answer with addresses in `base` and accept nothing new.
  void fix_addresses(void* base) {
    base_ = static_cast<std::byte*>(base);
    addresses_fixed_ = true;
  }
  const std::vector<std::byte>& contents() const { return contents_; }

 private:
  size_t append(HostView host);

  std::map<std::pair<const void*, size_t>, size_t> offsets_;  // by address and bytes
  std::map<std::vector<std::byte>, size_t> values_;           // by contents
  std::vector<std::byte> contents_;
  // Not null, so that a Tensor looks allocated; a dry run reads no memory.
  std::byte* base_ = reinterpret_cast<std::byte*>(Arena::kAlignment);
  bool addresses_fixed_ = false;
};

}  // namespace albert
