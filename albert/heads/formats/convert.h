#pragma once
#include <functional>

#include "albert/heads/formats/formats.h"

namespace albert {

// What was written.
struct Conversion {
  std::string architecture;
  int64_t parameters = 0;  // shared ones once
  std::vector<std::string> notes;
  std::vector<std::string> fresh = {};  // "name [shape]" of tensors that are new, drawn at random
  bool is_resized = false;              // whether word embeddings were added
};

// What is written beside the model's own weights.
struct ConversionOptions {
  ModelChoice choice = {};
  std::filesystem::path tokenizer = {};  // the folder of another one than the model's
  bool resize_to_tokenizer = false;      // word embeddings are added for pieces that have none
  // Called with the finished folder under its temporary name; may throw, and then nothing is left.
  std::function<void(const std::filesystem::path&, const Conversion&)> check = {};
};

// Writes the model of one folder to another in a format of model_formats(), with its tokenizer,
// where it has one, and a README.md. Tensors are read and written one at a time. The new folder
// is there complete or not at all (AtomicFolder). Error of open_model, of the format's writer, and
// kUsage for a `to` that is there and not empty.
Conversion convert_model(const std::filesystem::path& from, const std::filesystem::path& to,
                         const std::string& format, const ConversionOptions& options = {});

}  // namespace albert
