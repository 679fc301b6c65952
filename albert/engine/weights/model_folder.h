#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "albert/engine/weights/safetensors.h"

namespace albert {

// The .safetensors files that hold a model folder's weights: model.safetensors, or the shards that
// model.safetensors.index.json names. Error(kMissingInput) when a file is not there; a folder with
// weights in other formats only is told so, and what would work. Error(kBadData) for an index with
// shard names that lead elsewhere.
std::vector<std::filesystem::path> model_weight_files(const std::filesystem::path& folder);

// All tensors of the folder, under the names in its files. Of shards, each tensor must be in the
// shard that the index names and nowhere else: Error(kBadData).
TensorFile read_model_tensors(const std::filesystem::path& folder);

// Names, dtypes and shapes only, with the same checks.
TensorFileHeader read_model_tensors_header(const std::filesystem::path& folder);

// Writes config.json and model.safetensors (with transformers' metadata {"format": "pt"}) into the
// folder, made if need be. In config.json, "dtype" (or the older "torch_dtype") is set to what the
// float tensors are. Both files are complete on the disk before the first old one is replaced, so a
// full disk or any other failure to write leaves the folder as it was. model.safetensors is
// replaced first, config.json last: a new folder has no config before it is complete. config.json
// is left alone when its bytes would not change: saving on over a checkpoint of the same model is
// one rename. When both change, a crash between the two renames leaves the new weights with the old
// config. Error(kIo), kBadData.
void save_model_folder(const std::filesystem::path& folder, const std::string& config_json,
                       const TensorFile& file);

}  // namespace albert
