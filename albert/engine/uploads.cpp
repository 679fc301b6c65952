#include "albert/engine/uploads.h"

#include <cstring>

namespace albert {

size_t Uploads::append(HostView host) {
  ALBERT_CHECK(!addresses_fixed_, "an array ", host.shape, " that the dry run did not stage");
  const size_t offset = contents_.size(), bytes = host.bytes();
  contents_.resize((offset + bytes + Arena::kAlignment - 1) / Arena::kAlignment *
                   Arena::kAlignment);
  if (bytes > 0) std::memcpy(contents_.data() + offset, host.data, bytes);
  return offset;
}

Tensor Uploads::stage(HostView host) {
  const std::pair key{host.data, host.bytes()};
  auto at = offsets_.find(key);
  if (at == offsets_.end()) at = offsets_.emplace(key, append(host)).first;
  return {base_ + at->second, host.shape, host.dtype};
}

Tensor Uploads::stage_values(HostView host) {
  const auto* begin = static_cast<const std::byte*>(host.data);
  const std::vector<std::byte> key(begin, begin + host.bytes());
  auto at = values_.find(key);
  if (at == values_.end()) at = values_.emplace(key, append(host)).first;
  return {base_ + at->second, host.shape, host.dtype};
}

}  // namespace albert
