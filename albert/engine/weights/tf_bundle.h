#pragma once
// TensorFlow's checkpoints of format V2: NAME.index and NAME.data-00000-of-00001. Not installed.
#include <functional>

#include "albert/engine/weights/tf_bundle_entry.h"
#include "albert/engine/weights/tf_table.h"

namespace albert {

// What an index says: tensors by name, slices of partitioned ones by slice_key().
struct BundleIndex {
  uint64_t shards = 0;
  std::map<std::string, BundleEntry> tensors, slices;
};

// Error(kBadData) for a broken index, names that are no text, over 16384 tensors and slices, and
// over 1 MiB that describes them.
BundleIndex read_bundle_index(const PlacedBytes& file);

using OpenShard = std::function<PlacedBytes(uint64_t shard)>;

// The tensors of an index under TensorFlow's names and in its layouts. Opens the data files that
// hold any, and checks that all data lie in them and that no two overlap. Each tensor's checksum is
// verified when it is read. Error(kBadData); `name` begins messages.
std::unique_ptr<const WeightSource> join_tf_bundle(const std::string& name, BundleIndex index,
                                                   const OpenShard& open);

// The same for a file NAME.index. Error(kMissingInput) when a data file is not there.
std::unique_ptr<const WeightSource> open_tf_bundle(const std::filesystem::path& index);

}  // namespace albert
