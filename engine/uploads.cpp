#include "engine/uploads.h"

#include <cstring>

namespace albert {

Tensor Uploads::place(Tensor host) {
  const size_t bytes = host.bytes();
  const auto [at, is_new] = offsets_.try_emplace({host.data, bytes}, contents_.size());
  if (is_new) {
    ALBERT_CHECK(!settled_, "an array ", host.shape, " that the dry run did not read");
    contents_.resize((contents_.size() + bytes + Arena::kAlignment - 1) / Arena::kAlignment * Arena::kAlignment);
    if (bytes > 0) std::memcpy(contents_.data() + at->second, host.data, bytes);
  }
  return {base_ + at->second, host.shape, host.dtype};
}

}  // namespace albert
