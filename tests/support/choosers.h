#pragma once
// Folders with a model of multiple choice, and its inputs as words.
#include "albert/heads/multiple_choice.h"
#include "tests/support/classifiers.h"
#include "tests/support/files.h"

namespace albert::testing {

// Writes a model of random weights, in which every output differs, and the vocabulary in `spiece`.
inline void write_chooser(const std::filesystem::path& folder, const std::string& spiece) {
  AlbertForMultipleChoice::from_config(small_config(), {.backend = {.threads = 1}})
      .save_pretrained(folder);
  std::filesystem::copy_file(spiece, folder / "spiece.model",
                             std::filesystem::copy_options::overwrite_existing);
}

}  // namespace albert::testing
