#pragma once
// What a TensorFlow checkpoint's index says of each tensor: the messages of
// tensorflow/core/protobuf/tensor_bundle.proto. Not installed.
#include "albert/engine/weights/tf_messages.h"

namespace albert {

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

}  // namespace albert
