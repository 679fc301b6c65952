// Pairs, truncation, windows, padding, decoding, bad text, and the vocabulary readers' refusals.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <random>
#include <thread>

#include "albert/tokenizer/sentence_model.h"
#include "albert/tokenizer/sentence_piece.h"
#include "albert/tokenizer/sequence.h"
#include "albert/tokenizer/tokenizer.h"
#include "albert/tokenizer/utf8.h"
#include "albert/tokenizer/vocabulary_trainer.h"
#include "tests/support/files.h"

namespace albert {
namespace {

const std::string kModel = std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model";

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

const Tokenizer& released() {
  static const auto tokenizer = Tokenizer::from_pretrained(kModel);
  return *tokenizer;
}

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  ADD_FAILURE() << "nothing was refused";
  return "";
}

using Ids = std::vector<int32_t>;

TEST(Tokenizer, PairsHaveTypesAndSpecialTokens) {
  const Encoding e = released().encode("Hello, my dog is cute", "It's 3:00", {.pad_to = 20});
  EXPECT_EQ(Ids(e.input_ids.begin(), e.input_ids.begin() + 8),
            (Ids{2, 10975, 15, 51, 1952, 25, 10901, 3}));
  EXPECT_EQ(e.input_ids.size(), 20U);
  const auto second =
      std::find(e.token_type_ids.begin(), e.token_type_ids.end(), 1) - e.token_type_ids.begin();
  EXPECT_EQ(second, 8);
  for (size_t i = 0; i < e.input_ids.size(); ++i) {
    EXPECT_EQ(e.attention_mask[i], e.input_ids[i] != 0);
    EXPECT_EQ(e.special_tokens_mask[i],
              e.input_ids[i] == 0 || e.input_ids[i] == 2 || e.input_ids[i] == 3);
  }
}

TEST(Tokenizer, EveryTokenSaysWhichTextItIsOf) {
  const Encoding e = released().encode("this is", "[MASK] test", {.pad_to = 9});
  EXPECT_EQ(e.sequence_ids, (Ids{-1, 0, 0, -1, 1, 1, -1, -1, -1}));
  EXPECT_EQ(released().encode("this").sequence_ids, (Ids{-1, 0, -1}));
}

TEST(Tokenizer, OfAFirstTextOnlyTheBeginningMayStay) {
  const EncodeOptions two{
      .truncation = Truncation::kOnlySecond, .max_length = 7, .max_first_length = 2};
  const Ids cut{2, 48, 25, 3, 14, 2231, 3};
  EXPECT_EQ(released().encode("this is a test", "the quick brown", two).input_ids, cut);
  const auto parts = released().encode_overflowing("this is a test", "the quick brown", two);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].input_ids, cut);
  EXPECT_EQ(parts[1].input_ids, (Ids{2, 48, 25, 3, 886, 3}));
  // a text alone is nobody's first
  EXPECT_EQ(released().encode("this is a test", two).input_ids, (Ids{2, 48, 25, 21, 1289, 3}));
}

TEST(Tokenizer, LongestFirstDropsOneAtATime) {  // the slow tokenizers' rule (docs/albert.md 3.6)
  for (int64_t first = 0; first < 9; ++first)
    for (int64_t second = 0; second < 9; ++second)
      for (int64_t most = 0; most < 17; ++most) {
        int64_t a = first, b = second;
        while (a + b > most) --(a > b ? a : b);
        EXPECT_EQ(longest_first(first, second, most), std::make_pair(a, b))
            << first << " " << second << " " << most;
      }
}

TEST(Tokenizer, TheFastRuleSharesTheRoomOut) {
  const auto cut = [](int64_t first, int64_t second) {
    return longest_first_fast(first, second, 7);
  };
  const auto sizes = [](int64_t first, int64_t second) { return std::make_pair(first, second); };
  EXPECT_EQ(cut(4, 4), sizes(3, 4));  // the slow rule gives 4, 3
  EXPECT_EQ(cut(4, 8), sizes(3, 4));
  EXPECT_EQ(cut(8, 4), sizes(4, 3));
  EXPECT_EQ(cut(2, 8), sizes(2, 5));
  EXPECT_EQ(cut(8, 0), sizes(7, 0));
  EXPECT_EQ(cut(3, 4), sizes(3, 4));
  for (int64_t first = 0; first < 9; ++first)
    for (int64_t second = 0; second < 9; ++second)
      for (int64_t most = 0; most < 17; most += 2)  // in even room the rules agree
        EXPECT_EQ(longest_first_fast(first, second, most), longest_first(first, second, most))
            << first << " " << second << " " << most;
}

TEST(Tokenizer, TruncatesAsAsked) {
  const std::string a = "this is a test", b = "the quick brown fox";
  const auto ids = [&](Truncation t, int64_t n) {
    return released().encode(a, b, {.truncation = t, .max_length = n}).input_ids;
  };
  EXPECT_EQ(ids(Truncation::kLongestFirst, 8), (Ids{2, 48, 25, 21, 3, 14, 2231, 3}));
  EXPECT_EQ(ids(Truncation::kLongestFirstFast, 8), (Ids{2, 48, 25, 3, 14, 2231, 886, 3}));
  EXPECT_EQ(ids(Truncation::kOnlyFirst, 9), (Ids{2, 48, 25, 3, 14, 2231, 886, 2385, 3}));
  EXPECT_EQ(ids(Truncation::kOnlySecond, 9), (Ids{2, 48, 25, 21, 1289, 3, 14, 2231, 3}));
  EXPECT_NE(error_of([&] { ids(Truncation::kOnlyFirst, 6); }).find("second text leaves no room"),
            std::string::npos);
}

TEST(Tokenizer, WindowsOverlapByTheStride) {
  const EncodeOptions options{.truncation = Truncation::kOnlySecond, .max_length = 8, .stride = 1};
  const auto parts =
      released().encode_overflowing("this is", "the quick brown fox jumps over", options);
  std::vector<Ids> got;
  for (const auto& part : parts)
    got.emplace_back(part.input_ids.begin() + 4, part.input_ids.end() - 1);
  EXPECT_EQ(got, (std::vector<Ids>{{14, 2231, 886}, {886, 2385, 17659}, {17659, 84}}));
  EXPECT_EQ(parts[1].offset_mapping[4], std::make_pair(int64_t{10}, int64_t{15}));
  EXPECT_NE(error_of([&] {
              released().encode_overflowing(
                  "this is", "the",
                  {.truncation = Truncation::kOnlySecond, .max_length = 8, .stride = 3});
            }).find("stride"),
            std::string::npos);
}

TEST(Tokenizer, SpecialTokensInTheTextStandForThemselves) {
  EXPECT_EQ(released().ids("the capital is [MASK] ."), (Ids{14, 1057, 25, 4, 13, 9}));
  EXPECT_EQ(released().encode("é [MASK]").offset_mapping[3],
            std::make_pair(int64_t{1}, int64_t{8}));  // with the blank that it strips
  const auto google = Tokenizer::from_pretrained(
      kModel, TokenizerOverrides{.preprocessing = Preprocessing::kGoogle});
  EXPECT_EQ(google->ids("[MASK]"), (Ids{636, 23265, 500}));
}

TEST(Tokenizer, DecodesWithAndWithoutCleaningUp) {
  const Ids ids = released().encode("Hello, I don't know.").input_ids;
  EXPECT_EQ(released().decode(ids), "hello, i don't know.");
  EXPECT_EQ(released().decode(ids, false), "[CLS] hello, i don't know.[SEP]");
  EXPECT_NE(error_of([] { released().decode(Ids{30000}); }).find("30000"), std::string::npos);
}

TEST(Tokenizer, RefusesTextThatIsNotUtf8) {
  for (const char* bad : {"ab\xFF", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"})
    EXPECT_NE(error_of([&] { released().ids(bad); }).find("is not UTF-8"), std::string::npos)
        << bad;
  EXPECT_EQ(error_of([] { released().ids("ab\xFF"); }), "byte 3 is not UTF-8");
}

// Cut at white space and cached, or all at once by SentencePiece: the same, but for ties ("eee"),
// which SentencePiece decides by how its sums happen to round.
TEST(Tokenizer, WordsOneByOneGiveWhatSentencePieceGives) {
  const std::string bytes = bytes_of(kModel);
  const auto encoder = make_sentence_piece(kModel, parse_sentence_model(kModel, bytes), {});
  ASSERT_TRUE(encoder->by_word());
  std::mt19937 random(5);
  const std::vector<std::string> parts = {"a",      "the", "ing", "'s",  "é",    "—", "ﬁ",
                                          "½",      "😀",   "中",  "1,0", ",",    "(", "``",
                                          "\u200b", "Σ",   "İ",   "~",   "co-op"};
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    for (int k = 0; k < 12; ++k)
      text += parts[random() % parts.size()] + (random() % 3 == 0 ? " " : "");
    EXPECT_EQ(released().ids(text), encoder->encode(text).ids) << text;
  }
}

TEST(Tokenizer, ThreadsShareOne) {
  std::vector<Ids> got(4);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < got.size(); ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i)
        got[t] = released().ids("thread " + std::to_string(i) + " of many");
    });
  for (auto& thread : threads) thread.join();
  for (const auto& ids : got) EXPECT_EQ(ids, released().ids("thread 199 of many"));
}

TEST(WordPiece, CutsAsGooglesTests) {
  const std::string vocabulary =
      "[UNK]\n[CLS]\n[SEP]\nwant\n##want\n##ed\nwa\nun\nrunn\n##ing\n,\n[MASK]\n[PAD]"
      "\n博\n推\nah\n##zz\nzz\n";
  const testing::TemporaryFolder folder;
  testing::write_bytes(folder / "vocab.txt", vocabulary);
  const auto encoder = Tokenizer::from_pretrained(folder / "vocab.txt");
  EXPECT_EQ(encoder->ids("UNwantéd,running"), (Ids{7, 4, 5, 10, 8, 9}));
  EXPECT_EQ(encoder->ids("unwantedX"), (Ids{0}));
  const Encoding pieces = encoder->encode("ah博推zz", {.add_special_tokens = false});
  EXPECT_EQ(pieces.input_ids, (Ids{15, 13, 14, 17}));
  EXPECT_EQ(pieces.offset_mapping[2], (std::pair<int64_t, int64_t>(3, 4)));
  EXPECT_FALSE(encoder->starts_word(4));
}

TEST(SentenceModel, EveryCutIsRefusedOrHarmless) {
  const std::string bytes = bytes_of(kModel);
  int refused = 0;
  for (size_t n = 0; n < bytes.size(); n += 1 + n / 40) {
    try {
      const auto model = parse_sentence_model("m", std::string_view(bytes).substr(0, n));
      EXPECT_FALSE(model.pieces.empty());
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 100);
  EXPECT_NE(
      error_of([] { parse_sentence_model("m", "hello"); }).find("m: not a SentencePiece model"),
      std::string::npos);
}

TEST(SentenceModel, ACharsmapThatLeadsOutsideIsRefused) {
  SentenceModel model = parse_sentence_model("m", bytes_of(kModel));
  model.pieces.resize(40);
  EXPECT_EQ(parse_sentence_model("m", write_sentence_model(model)).charsmap, model.charsmap);
  model.charsmap[7] = '\x7F';  // the root's offset
  EXPECT_NE(error_of([&] {
              parse_sentence_model("m", write_sentence_model(model));
            }).find("outside itself"),
            std::string::npos);
}

TEST(Vocabulary, IsTrainedAsAlbertsWas) {
  const std::vector<std::string> lines = {"The captain said \"well-known\" (twice) for £5.",
                                          "a ship, a whale, and a sea of ships",
                                          "the sea takes the ship and the whale takes the captain"};
  const auto train = [&] {
    size_t at = 0;
    return train_vocabulary(
        [&](std::string& line) { return at < 300 ? (line = lines[at++ % 3], true) : false; },
        {.vocab_size = 40});
  };
  const std::string model = train();
  EXPECT_EQ(train(), model);
  const auto tokenizer = Tokenizer::from_sentence_model("m", model);
  const char* first[] = {"<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]", "(", ")",
                         "\"",    "-",     ".",     "–",     "£",      "€"};
  for (int32_t id = 0; id < 13; ++id) EXPECT_EQ(tokenizer->piece(id), first[id]);
  EXPECT_EQ(tokenizer->vocab_size(), 40);
  EXPECT_NE(error_of([&] {
              train_vocabulary([](std::string&) { return false; }, {});
            }).find("SentencePiece"),
            std::string::npos);
}

}  // namespace
}  // namespace albert
