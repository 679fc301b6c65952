// What stands beside the vocabulary in a folder: added tokens, names of special tokens, the
// settings of BertTokenizer, and that a folder which is saved gives the same ids again.
#include <algorithm>

#include <gtest/gtest.h>

#include "albert/tokenizer/tokenizer.h"
#include "tests/support/files.h"

namespace albert::testing {
namespace {

using Ids = std::vector<int32_t>;
using Tokens = std::vector<std::string>;
using TokenizerPointer = std::shared_ptr<const Tokenizer>;

const std::string kModel = std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model";
const std::string kVocabulary =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nc\n##a\n##f\n##é\n##e\nC\né\ne\nx\n中\n##"
    "文\n文\na\nb\nS\n##T\n";

// A folder of these files; spiece.model is the released one.
TokenizerPointer tokenizer_of(const std::map<std::string, std::string>& files, bool albert) {
  const TemporaryFolder folder;
  for (const auto& [name, contents] : files) write_bytes(folder / name, contents);
  if (albert) std::filesystem::copy_file(kModel, folder / "spiece.model");
  return Tokenizer::from_pretrained(folder.path());
}
TokenizerPointer bert(const std::string& config, const std::string& vocabulary = kVocabulary) {
  return tokenizer_of({{"vocab.txt", vocabulary}, {"tokenizer_config.json", config}}, false);
}

// What is saved gives the same ids, from all files and from tokenizer.json alone.
void expect_kept(const TokenizerPointer& tokenizer, const std::vector<std::string>& texts) {
  const TemporaryFolder all, alone;
  for (const auto& [name, contents] : tokenizer->files()) {
    write_bytes(all / name, contents);
    if (name != "spiece.model" && name != "vocab.txt") write_bytes(alone / name, contents);
  }
  const auto again = Tokenizer::from_pretrained(all.path()),
             steps = Tokenizer::from_pretrained(alone.path());
  EXPECT_EQ(again->fingerprint(), tokenizer->fingerprint());
  EXPECT_EQ(again->vocab_size(), tokenizer->vocab_size());
  EXPECT_EQ(steps->vocab_size(), tokenizer->vocab_size());
  for (const auto& text : texts) {
    const Encoding e = tokenizer->encode(text);
    EXPECT_EQ(again->encode(text).input_ids, e.input_ids) << text;
    EXPECT_EQ(steps->encode(text).input_ids, e.input_ids) << text;
    EXPECT_EQ(steps->encode(text).special_tokens_mask, e.special_tokens_mask) << text;
  }
}

TEST(Folder, AddedTokensAreReadMatchedAndKept) {
  const auto t = tokenizer_of(
      {{"added_tokens.json",
        R"({"<url>": 30005, "[E11]": 30003, "[E12]": 30004, "covidvax": 30000,
            "new york": 30001, "zzq": 30002})"},
       {"special_tokens_map.json", R"({"additional_special_tokens": ["[E11]", "[E12]", "<url>"]})"},
       {"tokenizer_config.json", "{}"}},
      true);
  EXPECT_EQ(t->vocab_size(), 30006);
  EXPECT_EQ(t->encode("[E11] tom [E12] went to new york <url>").input_ids,
            (Ids{2, 30003, 2067, 30004, 296, 20, 30001, 30005, 3}));
  EXPECT_EQ(t->encode("A CovidVax zzq").input_ids, (Ids{2, 21, 30000, 30002, 3}));
  EXPECT_EQ(t->piece(30001), "new york");
  EXPECT_EQ(t->id_of("<url>"), 30005);
  EXPECT_TRUE(t->is_special(30003));
  EXPECT_FALSE(t->is_special(30001));
  expect_kept(t, {"[E11] tom went to New  York zzqs <url>.", "[MASK] x"});
}

TEST(Folder, AddedTokensHaveTheirSettings) {
  const auto t = tokenizer_of({{"tokenizer_config.json", R"({"added_tokens_decoder": {
      "30000": {"content": "qzx", "single_word": true, "normalized": false},
      "30001": {"content": "<e>", "rstrip": true, "lstrip": true, "special": true}}})"}},
                              true);
  EXPECT_EQ(t->ids("qzx"), (Ids{30000}));
  EXPECT_EQ(t->ids("x qzx, cqzx").at(1), 30000);
  const Ids inside = t->ids("cqzx");
  EXPECT_EQ(std::count(inside.begin(), inside.end(), 30000), 0);
  const Encoding e = t->encode("x  <e>  y");
  EXPECT_EQ(e.offset_mapping[2], (std::pair<int64_t, int64_t>(1, 8)));
  expect_kept(t, {"qzx cqzx <e> qzx"});
}

TEST(Folder, IdsThatDoNotFollowAreRefused) {
  const auto refused = [](const std::string& added) {
    return refusal_of([&] { tokenizer_of({{"added_tokens.json", added}}, true); });
  };
  const Refusal hole = refused(R"({"a1": 30000, "b1": 30007})");
  EXPECT_EQ(hole.code, ErrorCode::kBadData);
  EXPECT_TRUE(hole.says("the added token \"b1\": found the id 30007, wanted 30001")) << hole.what;
  EXPECT_TRUE(refused(R"({"[MASK]": 30000})").says("found the id 30000, wanted 4"));
  EXPECT_TRUE(refused(R"({"a1": "x"})").says("added_tokens.json: a1: found the string"));
}

TEST(Folder, NamesOfSpecialTokensHold) {
  const auto t =
      tokenizer_of({{"tokenizer_config.json",
                     R"({"unk_token": "<unk>", "mask_token": "<mask>", "cls_token": "<s>",
            "sep_token": "</s>"})"}},
                   true);
  const Encoding e = t->encode("x <mask> y");
  EXPECT_EQ(e.tokens, (Tokens{"<s>", "▁x", "<mask>", "▁", "y", "</s>"}));
  EXPECT_EQ(e.input_ids, (Ids{30001, 993, 30002, 13, 93, 30000}));
  EXPECT_EQ(t->mask_id(), 30002);
  EXPECT_EQ(t->decode(e.input_ids), "x y");
  expect_kept(t, {"x <mask> y [MASK] <s>"});
}

TEST(Folder, ASizeThatIsNotTheModelsIsSaid) {
  const auto t = tokenizer_of({{"added_tokens.json", R"({"a1": 30000})"}}, true);
  EXPECT_EQ(t->check_vocab_size(30001), "");
  EXPECT_NE(t->check_vocab_size(30008), "");
  const Refusal r = refusal_of([&] { t->check_vocab_size(30000); });
  EXPECT_EQ(r.code, ErrorCode::kMismatch);
  EXPECT_TRUE(r.says("found 30001 ids, wanted at most 30000")) << r.what;
}

TEST(Folder, SettingsOfTheWrongKindAreNamed) {
  const auto refused = [](const std::string& config) {
    return refusal_of([&] { tokenizer_of({{"tokenizer_config.json", config}}, true); });
  };
  EXPECT_TRUE(
      refused(R"({"preprocessing": 5})")
          .says("tokenizer_config.json: preprocessing: found the number 5, wanted a string"));
  EXPECT_TRUE(refused(R"({"preprocessing": "x"})").says("wanted one of huggingface, google"));
  EXPECT_TRUE(refused(R"({"do_lower_case": "yes"})").says("wanted true or false"));
  EXPECT_TRUE(refused(R"({"do_lower_case": true} x)").says("tokenizer_config.json:1:"));
  EXPECT_TRUE(refused(R"({"cls_token": 7})").says("cls_token: found the number 7"));
  const Refusal unknown = refused(R"({"tokenizer_class": "BertJapaneseTokenizer"})");
  EXPECT_EQ(unknown.code, ErrorCode::kMismatch);
  EXPECT_TRUE(unknown.says("found \"BertJapaneseTokenizer\", wanted one of AlbertTokenizer"));
}

TEST(WordPieceFolder, AccentsAndCaseAreTwoSettings) {
  const auto tokens = [](const std::string& config, const std::string& text) {
    return bert(config)->encode(text).tokens;
  };
  EXPECT_EQ(tokens(R"({"strip_accents": false})", "Café é"),
            (Tokens{"[CLS]", "c", "##a", "##f", "##é", "é", "[SEP]"}));
  EXPECT_EQ(tokens(R"({"strip_accents": true, "do_lower_case": false})", "Café é"),
            (Tokens{"[CLS]", "C", "##a", "##f", "##e", "e", "[SEP]"}));
  EXPECT_EQ(tokens(R"({"strip_accents": null})", "Café é"),
            (Tokens{"[CLS]", "c", "##a", "##f", "##e", "e", "[SEP]"}));
  for (const char* config : {R"({"strip_accents": false})", R"({"do_lower_case": false})", "{}",
                             R"({"tokenize_chinese_chars": false})"})
    expect_kept(bert(config), {"Café é C 中文 x[MASK] 中x", "a\u0001b \ue000x\ufffd"});
}

TEST(WordPieceFolder, ChineseCharactersStandAloneUnlessAFileSaysNo) {
  EXPECT_EQ(bert("{}")->encode("中文").tokens, (Tokens{"[CLS]", "中", "文", "[SEP]"}));
  EXPECT_EQ(bert(R"({"tokenize_chinese_chars": false})")->encode("中文").tokens,
            (Tokens{"[CLS]", "中", "##文", "[SEP]"}));
}

TEST(WordPieceFolder, BasicTokenizationCanBeLeftOutAndWordsKept) {
  EXPECT_EQ(bert(R"({"do_basic_tokenize": false})")->encode("C c,").tokens,
            (Tokens{"[CLS]", "C", "[UNK]", "[SEP]"}));
  EXPECT_EQ(bert(R"({"never_split": ["C", "S"]})")->encode("C Ca S b").tokens,
            (Tokens{"[CLS]", "C", "c", "##a", "S", "b", "[SEP]"}));
}

TEST(WordPieceFolder, ControlsAndPrivateUseAreDroppedAndLongWordsUnknown) {
  const auto t = bert("{}");
  EXPECT_EQ(t->ids("a\u000b\u0001\ue000\u200b\ufffd"), (Ids{17}));
  EXPECT_EQ(t->ids("a\tb\nx"), (Ids{17, 18, 13}));
  const std::string hundred = "c" + std::string(99, 'a');
  EXPECT_EQ(t->ids(hundred).size(), 100U);
  EXPECT_EQ(t->ids(hundred + "a"), (Ids{1}));
  EXPECT_EQ(bert(R"({"preprocessing": "google"})")->ids(hundred + "a").size(), 101U);
}

TEST(WordPieceFolder, LinesAreCountedAsTransformersCountsThem) {
  const std::string special = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  const auto blank = bert("{}", special + "a\n\nb\n");
  EXPECT_EQ(blank->vocab_size(), 8);
  EXPECT_EQ(blank->ids("a b"), (Ids{5, 7}));
  const auto doubled = bert("{}", special + "a\r\nb\r\na\r\nc");
  EXPECT_EQ(doubled->ids("a b c"), (Ids{7, 6, 8}));
  const auto marked = bert("{}", "\ufeff" + special + "a\nb\n");
  EXPECT_EQ(marked->pad_id(), 7);
  EXPECT_EQ(marked->ids("a [PAD] b"), (Ids{5, 7, 6}));
  EXPECT_TRUE(refusal_of([&] { bert("{}", special + "\xff\n"); }).says("vocab.txt:6: the piece"));
}

}  // namespace
}  // namespace albert::testing
