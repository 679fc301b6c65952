#pragma once
#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "albert/engine/weights/placed_bytes.h"

namespace albert::testing {

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

// Bytes in memory as those of a file.
inline PlacedBytes placed(const std::string& name, std::string bytes) {
  const size_t size = bytes.size();
  return {name, size,
          [bytes = std::move(bytes)](uint64_t offset, std::span<std::byte> to) {
            const auto from = bytes_of(bytes).subspan(offset, to.size());
            std::copy(from.begin(), from.end(), to.begin());
          },
          [] {}};
}

}  // namespace albert::testing
