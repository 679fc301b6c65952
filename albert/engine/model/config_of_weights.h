#pragma once
// What a TensorFlow checkpoint says of a model that its config does not. Not installed.
#include "albert/engine/model/config.h"
#include "albert/engine/weights/weight_source.h"

namespace albert {

// The config of the released model (paper, Table 1) whose sizes the weights have. What weights do
// not show (dropout) is that of the v2 models, none; a warning says so. Error(kMissingInput) for
// other sizes.
AlbertConfig config_of_released(const WeightSource& weights, std::vector<std::string>* warnings);

// brightmart's albert_zh is an ALBERT whose embedding_size is its hidden_size (albert_zh.h), and
// its config has another.
void fit_to_checkpoint(AlbertConfig& config, const std::filesystem::path& file,
                       const std::filesystem::path& checkpoint, std::vector<std::string>* warnings);

}  // namespace albert
