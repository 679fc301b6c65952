// Sentence pairs: a pure function of seed and position, with the shares of Google's script.
#include "albert/trainer/data/pretraining_samples.h"

#include <algorithm>
#include <optional>
#include <set>

#include "tests/support/corpora.h"

namespace albert::testing {
namespace {

const Tokenizer& tokenizer() { return released_tokenizer(ALBERT_GOLDEN_DIR); }

struct Samples {
  Samples(int documents, uint64_t seed, int64_t length = 64) {
    write_bytes(folder / "t.txt", made_text(documents, 5));
    prepare_text(folder / "t.txt", folder / "s", tokenizer());
    corpus.emplace(folder / "s", "train", tokenizer());
    samples.emplace(*corpus, tokenizer(), PairOptions{.max_seq_length = length}, MaskingOptions{},
                    seed);
  }
  TemporaryFolder folder;
  std::optional<Corpus> corpus;
  std::optional<PretrainingSamples> samples;
};

TEST(PretrainingSamples, AreAFunctionOfSeedAndPosition) {
  const Samples a(60, 1), b(60, 1), c(60, 2);
  const int64_t pass = a.samples->size_of_pass(0);
  int differing = 0;
  for (int64_t i = 0; i < 300; ++i) {
    const int64_t p = (i * 7919) % (3 * pass);
    const auto x = a.samples->example(p), y = b.samples->example(p);
    EXPECT_EQ(x.input_ids, y.input_ids);
    EXPECT_EQ(x.masked_labels, y.masked_labels);
    EXPECT_EQ(x.sentence_order_label, y.sentence_order_label);
    differing += x.input_ids != c.samples->example(p).input_ids;
  }
  EXPECT_GT(differing, 290);
}

TEST(PretrainingSamples, HaveTheShapeOfAPair) {
  const Samples s(60, 3);
  for (int64_t p = 0; p < 500; ++p) {
    const auto e = s.samples->example(p);
    EXPECT_LE(e.input_ids.size(), 64U);
    EXPECT_EQ(e.input_ids.size(), e.token_type_ids.size());
    auto ids = e.input_ids;
    for (size_t i = 0; i < e.masked_positions.size(); ++i)
      ids[static_cast<size_t>(e.masked_positions[i])] = e.masked_labels[i];
    EXPECT_EQ(ids.front(), tokenizer().cls_id());
    EXPECT_EQ(ids.back(), tokenizer().sep_id());
    EXPECT_EQ(std::count(ids.begin(), ids.end(), tokenizer().sep_id()), 2);
    const auto middle =
        static_cast<size_t>(std::find(ids.begin(), ids.end(), tokenizer().sep_id()) - ids.begin());
    for (size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(e.token_type_ids[i], i > middle);
    EXPECT_FALSE(e.masked_positions.empty());
  }
}

TEST(PretrainingSamples, SwapHalfAndShortenATenth) {
  const Samples s(2000, 4);
  std::vector<double> orders(2);
  const int64_t pass = s.samples->size_of_pass(0);
  int64_t full = 0;
  std::set<std::vector<int32_t>> distinct;
  for (int64_t p = 0; p < pass; ++p) {
    const auto e = s.samples->example(p);
    if (!e.random_document) ++orders[static_cast<size_t>(e.sentence_order_label)];
    if (e.random_document) {
      EXPECT_EQ(e.sentence_order_label, 1);
    }
    full += e.input_ids.size() == 64;
    distinct.insert(e.input_ids);
  }
  for (int64_t p = pass; p < 120'000; ++p) {  // further passes: a hundredth more or less is seen
    const auto e = s.samples->example(p);
    if (!e.random_document) ++orders[static_cast<size_t>(e.sentence_order_label)];
  }
  expect_shares(orders, {0.5, 0.5}, "in order, swapped");
  EXPECT_GT(static_cast<double>(distinct.size()), 0.99 * static_cast<double>(pass));
  EXPECT_GT(static_cast<double>(full), 0.5 * static_cast<double>(pass));
}

}  // namespace
}  // namespace albert::testing
