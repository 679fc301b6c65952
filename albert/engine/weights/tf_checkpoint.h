#pragma once
// TensorFlow's checkpoints of formats V2 and V1 in a folder: which one, and its weights. Not
// installed.
#include "albert/engine/weights/weight_source.h"

namespace albert {

// The checkpoint that a folder holds, or a SavedModel's folder `variables` in it, as NAME.index
// (V2), NAME or NAME-00000-of-00003 (V1): what its file `checkpoint` names, else the only one, else
// the one of the highest step. Empty where there is none. Error(kBadData) when it cannot be told
// which, kMissingInput for a checkpoint that is named or whose data are there without its index.
std::filesystem::path find_tf_checkpoint(const std::filesystem::path& folder);

// Whether a file is what find_tf_checkpoint() gives, by its name and, of V1, its last bytes.
bool is_tf_checkpoint(const std::filesystem::path& file);

// Its tensors under transformers' names. Errors of open_tf_bundle, open_tf_v1 and
// with_transformers_names.
std::unique_ptr<const WeightSource> open_tf_checkpoint(const std::filesystem::path& file);

// Whether it is one of brightmart's first albert_zh (albert_zh.h). Errors of open_tf_bundle and
// open_tf_v1.
bool is_albert_zh(const std::filesystem::path& file);

}  // namespace albert
