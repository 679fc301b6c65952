// Contexts of any length as windows; a tokenizer of one id a letter would show the same.
#include "albert/inference/answer_windows.h"

#include "tests/support/files.h"

namespace albert::testing {
namespace {

std::shared_ptr<const Tokenizer> tokenizer() {
  static const auto released =
      Tokenizer::from_pretrained(std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model");
  return released;
}

WindowEncoder encoder(const WindowOptions& options) {
  AlbertConfig config;
  config.vocab_size = 30000;
  config.max_position_embeddings = 64;
  return {tokenizer(), config, options};
}

// "who saw it" are 3 ids; the context 20 words of one id each.
constexpr const char* kQuestion = "who saw it";
std::string twenty_words() {
  std::string text;
  for (int i = 0; i < 20; ++i) text += std::string(i > 0 ? " " : "") + (i % 2 ? "sea" : "ship");
  return text;
}

TEST(AnswerWindows, OverlapByTheStrideAndCoverTheContext) {
  const auto windows = encoder({.max_seq_length = 14, .doc_stride = 3, .max_query_length = 4})
                           .windows(kQuestion, twenty_words());
  // 14 - 3 special - 3 of the question leave 8; each begins 5 behind the one before
  ASSERT_EQ(windows.size(), 4U);
  const auto whole = tokenizer()->encode(kQuestion, twenty_words());
  for (size_t w = 0; w < windows.size(); ++w) {
    const AnswerWindow& window = windows[w];
    EXPECT_EQ(window.first, 5);
    EXPECT_EQ(window.tokens(), w < 3 ? 8 : 5);
    EXPECT_EQ(window.input_ids.size(), static_cast<size_t>(window.tokens() + 6));
    EXPECT_EQ(window.input_ids.back(), tokenizer()->sep_id());
    for (size_t t = 0; t < window.offsets.size(); ++t) {
      EXPECT_EQ(window.offsets[t], whole.offset_mapping[5 + 5 * w + t]);
      EXPECT_EQ(window.input_ids[5 + t], whole.input_ids[5 + 5 * w + t]);
      EXPECT_EQ(window.token_type_ids[5 + t], 1);
    }
  }
}

TEST(AnswerWindows, EveryTokenHasItsMostContextInOneWindow) {
  const auto windows = encoder({.max_seq_length = 14, .doc_stride = 3, .max_query_length = 4})
                           .windows(kQuestion, twenty_words());
  std::vector<int> of_token(20, -1);
  for (size_t w = 0; w < windows.size(); ++w)
    for (size_t t = 0; t < windows[w].has_max_context.size(); ++t)
      if (windows[w].has_max_context[t]) {
        EXPECT_EQ(of_token[5 * w + t], -1);
        of_token[5 * w + t] = static_cast<int>(w);
      }
  // Tokens 5, 6, 7 are in the first two windows: 5 has 2 behind it in the first and 0 before it in
  // the second; 6 has 1 in both, where the first wins; 7 has 0 and 2.
  EXPECT_EQ(of_token,
            (std::vector<int>{0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3}));
}

TEST(AnswerWindows, OfTheQuestionOnlyTheBeginningStays) {
  const auto windows = encoder({.max_seq_length = 20, .doc_stride = 3, .max_query_length = 2})
                           .windows(kQuestion, "ship");
  ASSERT_EQ(windows.size(), 1U);
  const auto whole = tokenizer()->encode("who saw", "ship");
  EXPECT_EQ(windows[0].input_ids, whole.input_ids);
  EXPECT_EQ(windows[0].first, 4);
}

TEST(AnswerWindows, AContextWithoutIdsIsAWindowWithoutTokens) {
  const auto windows = encoder({.max_seq_length = 20, .doc_stride = 3, .max_query_length = 8})
                           .windows(kQuestion, "\u200B");
  ASSERT_EQ(windows.size(), 1U);
  EXPECT_EQ(windows[0].tokens(), 0);
  EXPECT_EQ(answer_positions(windows[0], 0, 1), (std::pair<int64_t, int64_t>{0, 0}));
}

TEST(AnswerWindows, SizesWithoutRoomForAContextAreRefused) {
  const auto refused = [](const WindowOptions& options, const std::string& why) {
    const Refusal r = refusal_of([&] { encoder(options); });
    EXPECT_EQ(r.code, ErrorCode::kUsage);
    EXPECT_TRUE(r.says(why)) << r.what;
  };
  refused({.max_seq_length = 20, .doc_stride = 10, .max_query_length = 7},
          "doc_stride 10: wanted less than 10, which max_seq_length 20 leaves");
  refused(
      {.max_seq_length = 20, .doc_stride = 3, .max_query_length = 17},
      "max_seq_length 20: wanted more than 20, what max_query_length 17 and special tokens take");
  refused({.max_seq_length = 20, .doc_stride = -1, .max_query_length = 7}, "doc_stride -1");
  refused({.max_seq_length = 20, .doc_stride = 1, .max_query_length = 0}, "max_query_length 0");
  refused({.max_seq_length = 65, .doc_stride = 1, .max_query_length = 7},
          "max_seq_length 65: wanted at most 64");
  EXPECT_EQ(encoder({.doc_stride = 3, .max_query_length = 8}).max_seq_length(), 64);
}

TEST(AnswerPositions, AreOfTheTokensThatHoldTheAnswer) {
  AnswerWindow window;
  window.first = 4;
  window.offsets = {{10, 13}, {13, 14}, {15, 20}, {20, 22}};
  const auto at = [&](int64_t begin, int64_t end) { return answer_positions(window, begin, end); };
  using Pair = std::pair<int64_t, int64_t>;
  EXPECT_EQ(at(13, 20), (Pair{5, 6}));
  EXPECT_EQ(at(16, 17), (Pair{6, 6}));
  EXPECT_EQ(at(12, 21), (Pair{4, 7}));
  EXPECT_EQ(at(10, 22), (Pair{4, 7}));
  EXPECT_EQ(at(20, 22), (Pair{7, 7})) << "transformers gives the [SEP] behind the last token";
  EXPECT_EQ(at(9, 13), (Pair{0, 0}));
  EXPECT_EQ(at(20, 23), (Pair{0, 0}));
}

}  // namespace
}  // namespace albert::testing
