#pragma once
// Not installed.
#include <filesystem>

#include "albert/engine/weights/weight_source.h"

namespace albert {

// Writes the tensors as a TensorFlow checkpoint of format V2 with one data file, as its
// BundleWriter does: NAME.index and NAME.data-00000-of-00001, in `folder`. Error(kIo).
void write_tf_bundle(const std::filesystem::path& folder, const std::string& name,
                     const WeightSource& variables);

}  // namespace albert
