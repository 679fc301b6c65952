#pragma once
// Not installed.
#include <filesystem>

#include "albert/engine/weights/weight_source.h"

namespace albert {

// Writes the tensors as torch.save does a state_dict, in the zip format of PyTorch 1.6 and later.
// `copies`: further names, each of a tensor that is there, whose storage it then shares.
// Error(kIo), kBadData for files over 4 GiB.
void write_torch(const std::filesystem::path& path, const WeightSource& weights,
                 const std::map<std::string, std::string>& copies);

}  // namespace albert
