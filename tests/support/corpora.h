#pragma once
// Texts for tests, the same for the same seed, and shards made of them.
#include <cmath>
#include <string>
#include <vector>

#include "albert/tokenizer/tokenizer.h"
#include "albert/trainer/data/prepare.h"
#include "albert/trainer/data/random.h"
#include "tests/support/files.h"

namespace albert::testing {

// The vocabulary of the released models; `golden`: ALBERT_GOLDEN_DIR.
inline const Tokenizer& released_tokenizer(const std::string& golden) {
  static const auto released = Tokenizer::from_pretrained(golden + "/tokenizer/spiece.model");
  return *released;
}

// Documents of 3 to 32 sentences of 3 to 30 words.
inline std::string made_text(int documents, uint64_t seed) {
  const char* words[] = {"the",   "captain", "of",           "a",     "ship",
                         "saw",   "whale",   "unbelievable", "sea",   "and",
                         "spoke", "merrily", "1,000",        "times", "antidisestablishment"};
  Random random(seed, 1, 1);
  std::string text;
  for (int d = 0; d < documents; ++d, text += "\n")
    for (uint64_t s = 0, n = 3 + random.below(30); s < n; ++s) {
      for (uint64_t w = 0, m = 3 + random.below(28); w < m; ++w)
        text += std::string(w > 0 ? " " : "") + words[random.below(15)];
      text += ".\n";
    }
  return text;
}

inline PrepareResult prepare_text(const std::filesystem::path& file,
                                  const std::filesystem::path& folder, const Tokenizer& tokenizer,
                                  int threads = 2) {
  return prepare({.inputs = {file},
                  .output_dir = folder,
                  .documents = {},
                  .validation_split = 0.05,
                  .shard_tokens = 20000,
                  .threads = threads},
                 tokenizer, [](const PrepareProgress&) {});
}

// Pearson's statistic; the bound is its mean plus five standard deviations, one in several million
// by chance.
inline void expect_shares(const std::vector<double>& counts, const std::vector<double>& shares,
                          const std::string& what) {
  double total = 0, statistic = 0;
  for (const double count : counts) total += count;
  for (size_t i = 0; i < counts.size(); ++i) {
    const double expected = total * shares[i];
    statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  const auto freedom = static_cast<double>(counts.size() - 1);
  EXPECT_LT(statistic, freedom + 5 * std::sqrt(2 * freedom) + 5) << what;
  EXPECT_GT(total, 1000) << what;
}

}  // namespace albert::testing
