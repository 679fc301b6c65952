#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "albert/engine/model/config.h"
#include "albert/engine/weights/weight_source.h"

namespace albert {

// A model as a writer gets it. No values are in memory: a writer reads a tensor when it writes it.
struct ModelToWrite {
  AlbertConfig config;  // its `architectures` is the one that `weights` are of
  // Exactly the parameters of that architecture, under their names.
  std::shared_ptr<const WeightSource> weights;
  std::vector<std::string> fresh = {};  // "name [shape]" of those that the folder does not have
  bool is_resized = false;              // whether words were added

  const std::string& architecture() const { return config.architectures.front(); }
  int64_t parameters() const;  // shared ones once
};
int64_t elements_of(const TensorInfo& tensor);

// Which model of a folder is meant, and the type of what is written.
struct ModelChoice {
  // A name of registry.h, whose own tensors and pooler are new where the folder has none, or has
  // the classifier of another head; empty: architecture_of(), whose tensors must be there.
  std::string head = {};
  std::string prefix = {};          // as ModelOptions::prefix
  std::optional<DType> dtype = {};  // of all floats; nothing: as they are
  int64_t pieces = 0;               // words are added until the model has as many
};

// The first architecture that the config names; where it names none, as Google's do, the one whose
// tensors the weights have. Error(kMismatch) for a classifier of one output, which scores texts or
// options.
std::string architecture_of(const AlbertConfig& config, const WeightSource& weights);

// Opens a folder in any format that is read. `notes` gets what a user is told: unknown keys of
// config.json, tensors that the architecture does not have or that are new. Error of
// AlbertConfig::from_folder and open_weights; kMismatch for tensors that are missing or have other
// shapes.
ModelToWrite open_model(const std::filesystem::path& folder, const ModelChoice& choice,
                        std::vector<std::string>& notes);

}  // namespace albert
