#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "albert/trainer/data/documents.h"

namespace albert {

// Letters by Unicode script, by the blocks of the scripts that corpora are written in.
class ScriptCounts {
 public:
  static constexpr std::array<const char*, 13> kNames = {
      "Latin", "Greek", "Cyrillic", "Hebrew", "Arabic", "Devanagari", "Bengali",
      "Tamil", "Thai",  "Han",      "Kana",   "Hangul", "other"};

  void add(const std::string& text);
  void add(const ScriptCounts& others);
  const std::array<int64_t, kNames.size()>& counts() const { return counts_; }

 private:
  std::array<int64_t, kNames.size()> counts_{};
};

// How long texts of one kind are, in tokens.
class LengthCounts {
 public:
  void add(int64_t length);
  int64_t longest() const { return longest_; }
  // The least length that `share` of the texts do not exceed; lengths over 65,535 count as that.
  int64_t quantile(double share) const;

 private:
  std::vector<int64_t> counts_;
  int64_t all_ = 0, longest_ = 0;
};

// What a user should know of a corpus before training on it.
struct CorpusStatistics {
  LengthCounts sentences, documents;
  ScriptCounts letters;
  int64_t pieces = 0, unknown_pieces = 0;

  // Three lines: lengths of sentences and documents, unknown pieces, scripts.
  std::string text() const;
  std::string to_json() const;  // an object
};

}  // namespace albert
