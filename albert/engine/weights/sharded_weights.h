#pragma once
// Weights in several files of one format with an index, as transformers shards large models. Not
// installed.
#include "albert/engine/weights/weight_source.h"

namespace albert {

using OpenWeights = std::unique_ptr<const WeightSource> (*)(const std::filesystem::path& file);

// Joins the files that the index {"weight_map": {TENSOR: FILE, ..}} names, each beside it and
// opened with `open`. Every tensor must be in the file that the index names and nowhere else:
// Error(kBadData), also for names that lead out of the folder or do not end with `extension`.
// Error(kMissingInput) when a file is not there.
std::unique_ptr<const WeightSource> open_sharded_weights(const std::filesystem::path& index,
                                                         const std::string& extension,
                                                         OpenWeights open);

}  // namespace albert
