#pragma once
// tests/golden/embeddings: a small model, and what other programs make of texts with it.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "albert/base/json.h"
#include "albert/engine/weights/safetensors.h"
#include "tests/support/files.h"

namespace albert::testing {

inline nlohmann::json golden_embeddings(const std::string& golden_dir) {
  const std::filesystem::path path = golden_dir + "/embeddings/expected.json";
  return parse_json(path.string(), read_bytes(path));
}

inline void copy_model(const std::string& golden_dir, const std::filesystem::path& folder) {
  for (const char* file :
       {"config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"})
    std::filesystem::copy_file(golden_dir + "/embeddings/" + file, folder / file,
                               std::filesystem::copy_options::overwrite_existing);
}

inline HostTensor matrix_of(const nlohmann::json& rows) {
  std::vector<float> values;
  for (const auto& row : rows)
    for (const auto& value : row) values.push_back(value.get<float>());
  const auto n = static_cast<int64_t>(rows.size());
  return HostTensor::of<float>({n, static_cast<int64_t>(values.size()) / n}, values);
}

// The folder that sentence-transformers wrote in this case.
inline void write_case(const std::string& golden_dir, const nlohmann::json& golden,
                       const std::filesystem::path& folder) {
  copy_model(golden_dir, folder);
  for (const auto& [path, json] : golden.at("files").items()) {
    std::filesystem::create_directories((folder / path).parent_path());
    if (path != "tokenizer_config.json") write_bytes(folder / path, json.dump());
  }
  // The tokenizer's own file is kept but for the length, which is told there.
  nlohmann::json tokenizer = parse_json("", read_bytes(folder / "tokenizer_config.json"));
  tokenizer["model_max_length"] =
      golden.at("files").at("tokenizer_config.json")["model_max_length"];
  write_bytes(folder / "tokenizer_config.json", tokenizer.dump());
  if (golden.at("tensors").empty()) return;
  TensorFile file;
  for (const auto& [name, rows] : golden.at("tensors").items()) {
    const HostTensor tensor = matrix_of(rows);
    file.tensors[name] = name == "linear.bias" ? tensor.reshaped({tensor.size()}) : tensor;
  }
  write_safetensors(folder / "2_Dense" / "model.safetensors", file);
}

}  // namespace albert::testing
