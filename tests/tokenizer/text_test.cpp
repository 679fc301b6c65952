// Texts that once hung, that are long, or that are anything at all.
#include <gtest/gtest.h>

#include <sentencepiece_processor.h>

#include <ctime>
#include <functional>
#include <random>

#include "albert/tokenizer/sentence_piece.h"
#include "albert/tokenizer/utf8.h"
#include "albert/tokenizer/vocabulary_trainer.h"
#include "tests/support/text_checks.h"
#include "tests/support/vocabularies.h"

namespace albert {
namespace {

using testing::all_tokenizers;
using testing::broken_property;

const std::string kModel = std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model";
using Ids = std::vector<int32_t>;
using Offsets = std::vector<std::pair<int64_t, int64_t>>;

Encoding encoded(const std::string& text, const TokenizerOptions& options = {}) {
  return Tokenizer::from_pretrained(kModel, options)->encode(text, {.add_special_tokens = false});
}

TEST(Text, ADigitOfManyBytesBeforeACommaEnds) {
  const Encoding wide = encoded("2010，", {.keep_accents = true});
  EXPECT_EQ(wide.input_ids, (Ids{498, 15}));
  EXPECT_EQ(wide.offset_mapping, (Offsets{{0, 4}, {4, 5}}));
  const Encoding digits = encoded("２０１０,", {.keep_accents = true});
  EXPECT_EQ(digits.input_ids, (Ids{498, 15}));
  EXPECT_EQ(digits.offset_mapping, (Offsets{{0, 4}, {4, 5}}));
  const Encoding small = encoded("x²,", {.keep_accents = true});
  EXPECT_EQ(small.offset_mapping.back(), std::make_pair(int64_t{2}, int64_t{3}));
}

TEST(Text, ARemovedCharacterInANumberEnds) {  // U+008F: the charsmap drops it
  const Encoding e = encoded("1\u008f,");
  EXPECT_EQ(e.input_ids, (Ids{137, 15}));
  EXPECT_EQ(e.offset_mapping, (Offsets{{0, 1}, {2, 3}}));
  EXPECT_EQ(encoded("in 1\u008f, and ①，②").input_ids, (Ids{19, 137, 15, 17, 13, 15793}));
}

// Characters of every kind that normalising removes, joins, splits or counts as digits.
std::string odd_text(std::mt19937& random) {
  static const std::vector<std::string> parts = {"a",       "the",
                                                 "ing",     "1",
                                                 "12",      "1,",
                                                 "2010",    ",",
                                                 "，",      "５",
                                                 "²",       "①",
                                                 "Ⅷ",       "½",
                                                 "ﬃ",       "ﷺ",
                                                 "漢",      "字",
                                                 "한",      "\u1112",
                                                 "\u1161",  "\u11ab",
                                                 "é",       "e\u0301",
                                                 "\u0301",  "\u0345",
                                                 "\u20dd",  "का",
                                                 "กำ",      "Σ",
                                                 "σς",      "İ",
                                                 "ß",       "`",
                                                 "``",      "''",
                                                 "\"",      "(",
                                                 "–",       "€",
                                                 "<",       "[MASK]",
                                                 " [MASK]", "<unk>",
                                                 "\u0001",  "\u008f",
                                                 "\u001c",  "\u0085",
                                                 "\u00ad",  "\u200b",
                                                 "\u200d",  "\u202e",
                                                 "\ufeff",  "\ufffd",
                                                 "\uffff",  "\U0010ffff",
                                                 "😀",       "👩🏽\u200d🚀",
                                                 "🇩🇪",      "✌\ufe0f",
                                                 "\u2581",  "\u3000",
                                                 " ",       "  ",
                                                 "\t",      "\u00b4",
                                                 "\ud7ff",  "\ue000",
                                                 "ｶﾞ",      "㎏",
                                                 "##",      "\u0f77"};
  std::string text;
  for (size_t n = 1 + random() % 12; n > 0; --n)
    text += parts[random() % parts.size()] + (random() % 4 == 0 ? " " : "");
  return text;
}

TEST(Text, HoldsItsPropertiesWhateverItIs) {
  const auto tokenizers = all_tokenizers();
  std::mt19937 random(11);
  for (int i = 0; i < 4000; ++i) {
    std::string text = odd_text(random);
    if (i % 5 == 0) text[random() % text.size()] = static_cast<char>(random());
    const size_t which = random() % tokenizers.size();
    const auto broken = broken_property(*tokenizers[which], text);
    ASSERT_FALSE(broken) << *broken << ", vocabulary " << which << ": " << text;
  }
}

// The callers of these see to it that text is UTF-8; a mistake of theirs must not hang them.
TEST(Text, PartsAreCutAtCodePoints) {
  const std::string text = "a\u00E9\u6F22\U0001F600z";
  EXPECT_EQ(code_points(text, 1, 3), "\u00E9\u6F22");
  EXPECT_EQ(code_points(text, 3, 99), "\U0001F600z");
  EXPECT_EQ(code_points(text, 0, 5), text);
  for (const auto& [begin, end] : Offsets{{2, 2}, {3, 2}, {5, 9}, {-1, 3}, {0, 0}})
    EXPECT_EQ(code_points(text, begin, end), "") << begin << " " << end;
}

TEST(Text, WordCharactersArePythons) {
  for (const int32_t yes : Ids{'a', 'Z', '0', '_', 0xE9, 0x6F22, 0xBD, 0x2167, 0x663, 0x1D7CE})
    EXPECT_TRUE(is_word_character(yes)) << yes;
  for (const int32_t no : Ids{' ', '-', '\'', 0x301, 0x2019, 0x200D, 0xA3, 0x1F600})
    EXPECT_FALSE(is_word_character(no)) << no;
}

TEST(Text, LoopsEndOnBytesThatAreNotUtf8) {
  EXPECT_EQ(preprocess("a\xFF\xE2", {}).text, "a\uFFFD\uFFFD");
  const std::string line = "the sea takes the ship \xFF\xE2\x82";
  int lines = 0;
  const auto next_line = [&](std::string& next) {
    next = line;
    return lines++ < 300;
  };
  try {
    train_vocabulary(next_line, {.vocab_size = 24});
  } catch (const Error&) {  // so few characters may not be enough
  }
  EXPECT_GT(lines, 300);
}

// Our lattice and normaliser against the library they follow, under rules that change nothing.
TEST(Text, UnigramPiecesEqualSentencePieces) {
  sentencepiece::SentencePieceProcessor library;
  ASSERT_TRUE(library.Load(kModel).ok());
  const std::string bytes = testing::bytes_of(kModel);
  const auto encoder = make_sentence_piece(
      kModel, parse_sentence_model(kModel, bytes),
      {.preprocessing = Preprocessing::kGoogle, .do_lower_case = false, .keep_accents = true});
  std::mt19937 random(3);
  int compared = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string word = odd_text(random);
    for (size_t at = 0; at < word.size();) {  // one run without white space or numbers
      const size_t begin = at;
      if (!is_space(next_code_point(word, at))) continue;
      word.erase(begin);
    }
    if (word.find_first_of(",，") != std::string::npos) continue;
    std::vector<int> want;
    ASSERT_TRUE(library.Encode(word, &want).ok());
    EXPECT_EQ(encoder->encode(word).ids, Ids(want.begin(), want.end())) << word;
    ++compared;
  }
  EXPECT_GT(compared, 5000);
}

double cpu_seconds(const std::function<void()>& work) {
  double best = 1e9;
  for (int i = 0; i < 2; ++i) {
    timespec begin, end;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    work();
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    best = std::min(best, static_cast<double>(end.tv_sec - begin.tv_sec) +
                              1e-9 * static_cast<double>(end.tv_nsec - begin.tv_nsec));
  }
  return best;
}

// Eight times the text takes about eight times as long; a quadratic step makes it 64 times.
TEST(Text, TakesTimeInProportionToItsLength) {
  const auto tokenizers = all_tokenizers();
  for (const char* part : {"漢", "漢字", "<", "a", "é", "1,", "５，", "\u0301", "\u0001", "[MASK]",
                           "<unk", "Σ.", " ", "\u200b", "한", "😀", "' '"})
    for (const size_t which : {0, 1, 4, 6}) {
      std::string small, large;
      while (small.size() < 10'000) small += part;
      for (int i = 0; i < 8; ++i) large += small;
      const auto time = [&](const std::string& text) {
        return cpu_seconds([&] { tokenizers[which]->encode(text); });
      };
      const double one = time(small), eight = time(large);
      EXPECT_LT(eight, 30 * one + 0.01) << part << ", vocabulary " << which;
    }
}

}  // namespace
}  // namespace albert
