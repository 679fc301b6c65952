#pragma once
// Folders with a model that labels words, and sentences made up here.
#include "albert/heads/token_classification.h"
#include "tests/support/classifiers.h"
#include "tests/support/files.h"

namespace albert::testing {

// Writes a model of random weights, in which every output differs, and the vocabulary in `spiece`.
inline void write_tagger(const std::filesystem::path& folder, const std::string& spiece,
                         const std::vector<std::string>& labels) {
  AlbertConfig config = small_config();
  config.id2label.clear();
  for (size_t i = 0; i < labels.size(); ++i) config.id2label[static_cast<int64_t>(i)] = labels[i];
  AlbertForTokenClassification::from_config(config, {.backend = {.threads = 1}})
      .save_pretrained(folder);
  std::filesystem::copy_file(spiece, folder / "spiece.model",
                             std::filesystem::copy_options::overwrite_existing);
}

// Sentences on people and places in CoNLL's columns, IOB2.
inline std::string conll_file(int sentences = 8) {
  constexpr const char* kPeople[] = {"Ahab", "Queequeg", "Ishmael", "Starbuck"};
  constexpr const char* kPlaces[] = {"London", "Nantucket", "Spain"};
  std::string file = "-DOCSTART- -X- O O\n\n";
  for (int i = 0; i < sentences; ++i) {
    file += std::string(kPeople[i % 4]) + " NNP B-NP B-PER\n";
    if (i % 3 == 0) file += std::string(kPeople[(i + 1) % 4]) + " NNP I-NP I-PER\n";
    file += "sails VBZ B-VP O\nto TO B-PP O\n" + std::string(kPlaces[i % 3]) +
            " NNP B-NP B-LOC\n. . O O\n\n";
  }
  return file;
}

}  // namespace albert::testing
