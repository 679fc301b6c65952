#pragma once
// TensorFlow's checkpoints of format V2 in a folder: which one, and its weights. Not installed.
#include "albert/engine/weights/weight_source.h"

namespace albert {

// The index NAME.index of the checkpoint that a folder holds, or a SavedModel's folder `variables`
// in it: what its file `checkpoint` names, else the only one, else the one of the highest step.
// Empty where there is none. Error(kBadData) when it cannot be told which, kMissingInput for a
// checkpoint that is named or whose data are there without its index.
std::filesystem::path find_tf_checkpoint(const std::filesystem::path& folder);

// Whether a file is what find_tf_checkpoint() gives, by its name.
bool is_tf_checkpoint(const std::filesystem::path& file);

// Its tensors under transformers' names. Errors of open_tf_bundle and with_transformers_names.
std::unique_ptr<const WeightSource> open_tf_checkpoint(const std::filesystem::path& index);

}  // namespace albert
