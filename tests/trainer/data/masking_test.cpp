// Masked n-grams with the shares of Google's script.
#include "albert/trainer/data/masking.h"

#include <set>

#include "tests/support/corpora.h"

namespace albert::testing {
namespace {

const Tokenizer& tokenizer() { return released_tokenizer(ALBERT_GOLDEN_DIR); }

TEST(Masking, FollowsGooglesShares) {
  const MaskingVocabulary vocabulary(tokenizer());
  std::vector<int32_t>
      words;  // pieces that begin words, so that n-grams of words are n-grams of tokens
  for (int32_t id = 5; id < vocabulary.size; ++id)
    if (vocabulary.starts_word[static_cast<size_t>(id)]) words.push_back(id);
  std::vector<double> kinds(3), ngrams(3), buckets(10), places(10);
  int64_t predictions = 0;
  for (uint64_t i = 0; predictions < 1'050'000; ++i) {
    Random random(7, 1, i);
    std::vector<int32_t> ids{vocabulary.cls};
    while (ids.size() < 401) ids.push_back(words[random.below(words.size())]);
    ids.push_back(vocabulary.sep);
    const auto original = ids;
    // Far below the quota, so that no n-gram was shrunk to fit it.
    const Masked masked = mask_tokens(ids, vocabulary, {.max_predictions_per_seq = 60}, random);
    ASSERT_EQ(masked.positions.size(), 60U);
    for (size_t k = 0; k + 3 < masked.ngrams.size(); ++k)
      ++ngrams[static_cast<size_t>(masked.ngrams[k] - 1)];
    for (size_t k = 0; k < masked.positions.size(); ++k) {
      const auto at = static_cast<size_t>(masked.positions[k]);
      ASSERT_EQ(masked.labels[k], original[at]);
      const int32_t now = masked.input_ids[at];
      ++kinds[now == vocabulary.mask ? 0 : now == original[at] ? 1 : 2];
      if (now != vocabulary.mask && now != original[at])
        ++buckets[static_cast<size_t>(now) * 10 / static_cast<size_t>(vocabulary.size)];
      if (at > 20 && at <= 380)
        ++places[(at - 21) / 36];  // n-grams begin anywhere but reach less far at the ends
    }
    predictions += static_cast<int64_t>(masked.positions.size());
  }
  expect_shares(kinds, {0.8, 0.1, 0.1}, "mask, keep, random");
  expect_shares(buckets, std::vector<double>(10, 0.1), "random pieces");
  expect_shares(places, std::vector<double>(10, 0.1), "positions");
  // A longer n-gram is likelier to touch what is covered and be left out: shares only near 6/11,
  // 3/11, 2/11.
  const double drawn = ngrams[0] + ngrams[1] + ngrams[2];
  EXPECT_NEAR(ngrams[0] / drawn, 6.0 / 11, 0.03);
  EXPECT_NEAR(ngrams[1] / drawn, 3.0 / 11, 0.02);
  EXPECT_NEAR(ngrams[2] / drawn, 2.0 / 11, 0.02);
}

TEST(Masking, PredictsNothingWhereTheShareIsZero) {
  const MaskingVocabulary vocabulary(tokenizer());
  Random random(7, 1, 1);
  const std::vector<int32_t> ids{vocabulary.cls, 14, 15, vocabulary.sep};
  const Masked masked = mask_tokens(ids, vocabulary, {.masked_lm_prob = 0}, random);
  EXPECT_EQ(masked.input_ids, ids);
  EXPECT_TRUE(masked.positions.empty());
}

TEST(Masking, FirstNgramsHaveExactlyTheirShares) {
  const MaskingVocabulary vocabulary(tokenizer());
  std::vector<double> shorter(3), longer(3);
  std::vector<int32_t> ids(60, 14);
  ids.front() = vocabulary.cls;
  ids.back() = vocabulary.sep;
  for (uint64_t i = 0; i < 200'000; ++i) {
    Random random(9, 1, i), again(9, 2, i);
    const Masked masked = mask_tokens(ids, vocabulary, {}, random);
    const Masked other = mask_tokens(ids, vocabulary, {.favor_shorter_ngram = false}, again);
    ASSERT_EQ(masked.positions.size(), 9U);
    if (masked.positions.front() < 57) ++shorter[static_cast<size_t>(masked.ngrams.front() - 1)];
    ++longer[static_cast<size_t>(other.ngrams.front() - 1)];
  }
  EXPECT_NEAR(shorter[0] / 200000, 6.0 / 11, 0.03);
  EXPECT_NEAR(longer[2] / 200000, 6.0 / 11, 0.03);
  EXPECT_LT(longer[0] / 200000, 0.25);
}

TEST(Masking, WholeWordsGoTogether) {
  const MaskingVocabulary vocabulary(tokenizer());
  std::vector<int32_t> ids{vocabulary.cls};
  for (const int32_t id :
       tokenizer().ids("unbelievableness antidisestablishmentarianism hippopotamuses"))
    ids.push_back(id);
  ids.push_back(vocabulary.sep);
  for (uint64_t i = 0; i < 500; ++i) {
    Random random(3, 1, i);
    const Masked masked = mask_tokens(ids, vocabulary, {.masked_lm_prob = 0.6, .ngram = 1}, random);
    const std::set<int32_t> positions(masked.positions.begin(), masked.positions.end());
    for (size_t at = 2; at + 1 < ids.size(); ++at)
      if (!vocabulary.starts_word[static_cast<size_t>(ids[at])]) {
        EXPECT_EQ(positions.count(static_cast<int32_t>(at)),
                  positions.count(static_cast<int32_t>(at) - 1));
      }
  }
}

}  // namespace
}  // namespace albert::testing
