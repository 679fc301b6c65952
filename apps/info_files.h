#pragma once
// What albert info says of a model's files.
#include <filesystem>
#include <iosfwd>
#include <nlohmann/json.hpp>

#include "albert/engine/model/config.h"
#include "albert/engine/weights/weight_source.h"

namespace albert::apps {

std::string with_commas(int64_t n);

// The weights' format, their tensors with shapes and types, and how they differ from what the
// architecture keeps.
nlohmann::ordered_json files_json(const std::string& architecture, const AlbertConfig& config,
                                  const std::filesystem::path& file, const WeightSource& weights);
void print_files(std::ostream& out, const nlohmann::ordered_json& files);

// The pieces of the folder's tokenizer; null where it has none. What is odd goes to `err`.
nlohmann::ordered_json vocabulary_json(const std::filesystem::path& folder,
                                       const AlbertConfig& config, std::ostream& err);
void print_vocabulary(std::ostream& out, const nlohmann::ordered_json& vocabulary);

}  // namespace albert::apps
