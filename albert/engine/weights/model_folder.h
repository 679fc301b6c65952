#pragma once
#include <filesystem>
#include <string>

#include "albert/engine/weights/safetensors.h"

namespace albert {

// The text of config.json with "dtype" (or the older "torch_dtype") set to that of the weights:
// transformers loads them as the type that is stated there, whatever the file holds.
std::string with_dtype(const std::string& config_json, DType dtype);

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
