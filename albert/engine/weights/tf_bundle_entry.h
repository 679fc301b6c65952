#pragma once
// What a TensorFlow checkpoint's index says of each tensor: the messages of
// tensorflow/core/protobuf/tensor_bundle.proto. Not installed.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "albert/engine/weights/weight_source.h"

namespace albert {

// `length` elements of one dimension from `start` on; all of them where it is negative.
struct TensorExtent {
  int64_t start = 0, length = -1;
};
using TensorSlice = std::vector<TensorExtent>;  // an extent for each dimension

// Of one tensor, or of one slice of a partitioned one, which then has data of its own.
struct BundleEntry {
  TensorInfo info;
  uint64_t shard = 0, offset = 0, size = 0;  // in bytes
  uint32_t masked_crc32c = 0;
  std::vector<TensorSlice> slices;  // of a partitioned tensor, which has no data itself
};

// The number of data files, from the header. `place` begins messages. Error(kBadData), also for
// checkpoints of big-endian machines and of newer versions.
uint64_t parse_bundle_header(const std::string& place, std::span<const std::byte> bytes);

// Error(kBadData) for types that are not read, shapes whose bytes are not `size`, over 16
// dimensions, and slices without one extent for each dimension.
BundleEntry parse_bundle_entry(const std::string& place, std::span<const std::byte> bytes);

// The key under which an index keeps a slice of a tensor (checkpoint::EncodeTensorNameSlice).
std::string slice_key(std::string_view tensor, const TensorSlice& slice);

}  // namespace albert
