#pragma once
#include <span>

#include "albert/heads/formats/model_to_write.h"

namespace albert {

// A form of a model folder that other tools read. `write` adds the files of weights and
// configuration to an empty folder; a tokenizer and README.md are there in every form. What a user
// is told goes to `notes`. Error(kMismatch) names what the form cannot express, kIo.
struct ModelFormat {
  const char* name;   // of convert's --to
  const char* about;  // the files
  void (*write)(const ModelToWrite& model, const std::filesystem::path& folder,
                std::vector<std::string>& notes);
  bool is_read;  // by open_weights() and with it by from_pretrained
};
std::span<const ModelFormat> model_formats();

// Error(kUsage) that lists the names.
const ModelFormat& model_format(const std::string& name);

}  // namespace albert
