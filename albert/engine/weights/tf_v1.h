#pragma once
// TensorFlow's checkpoints of format V1: tables of SavedTensorSlices
// (tensorflow/core/util/saved_tensor_slice.proto), one file or NAME-00000-of-00003. Not installed.
#include <vector>

#include "albert/engine/weights/placed_bytes.h"
#include "albert/engine/weights/weight_source.h"

namespace albert {

// The tensors of all files under TensorFlow's names and in its layouts; a partitioned one may lie
// in several. A read takes the memory of the block that the tensor is in. Error(kBadData) for
// broken tables and messages, tensors that are not there or not as announced, and tensors larger
// than their file and 4 MiB; `name` begins messages.
std::unique_ptr<const WeightSource> join_tf_v1(const std::string& name,
                                               std::vector<PlacedBytes> files);

// The same for a file, and for those beside it where it is named NAME-00000-of-00003.
// Error(kMissingInput) when one of them is not there.
std::unique_ptr<const WeightSource> open_tf_v1(const std::filesystem::path& file);

// Whether a file is one of a V1 checkpoint: a table, and no index of format V2.
bool is_tf_v1(const std::filesystem::path& file);

// NAME of a file NAME-00000-of-00003, with the number of files; else the name itself and 1.
struct V1Name {
  std::string name;
  uint64_t files = 1;
};
V1Name v1_name(const std::string& file);

}  // namespace albert
