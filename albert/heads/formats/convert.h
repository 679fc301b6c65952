#pragma once
#include <functional>

#include "albert/heads/formats/formats.h"

namespace albert {

// What was written.
struct Conversion {
  std::string architecture;
  int64_t parameters = 0;  // shared ones once
  std::vector<std::string> notes;
};

// Writes the model of one folder to another in a format of model_formats(), with its tokenizer,
// where it has one, and a README.md. Tensors are read and written one at a time. The new folder
// is there complete or not at all (AtomicFolder). `check` is called with the finished folder under
// its temporary name and may throw. Error of open_model, of the format's writer, and kUsage for a
// `to` that is there and not empty.
Conversion convert_model(const std::filesystem::path& from, const std::filesystem::path& to,
                         const std::string& format, const ModelChoice& choice = {},
                         const std::function<void(const std::filesystem::path&)>& check = {});

}  // namespace albert
