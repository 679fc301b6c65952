// tokenizer.json honoured as written: ids, offsets and text as the `tokenizers` library gives them
// (golden/make_pipelines.py), and what is refused, by the name of the step.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "albert/tokenizer/pipeline/read_pipeline.h"
#include "tests/support/files.h"

namespace albert::testing {
namespace {

using nlohmann::json;

json golden() {
  std::ifstream file(std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/pipelines.json");
  return json::parse(file);
}

TEST(Pipeline, GivesTheIdsAndOffsetsOfTheLibrary) {
  int compared = 0;
  for (const auto& made : golden()) {
    auto file = read_pipeline("file", made["file"].dump());
    const Pipeline pipeline(std::move(file.steps));
    for (const auto& c : made["cases"]) {
      SCOPED_TRACE(made["name"].get<std::string>() + ": " + c["text"].dump());
      const Pieces found = pipeline.encode(c["text"].get<std::string>());
      EXPECT_EQ(found.ids, c["ids"].get<std::vector<int32_t>>());
      EXPECT_EQ(json(found.offsets), c["offsets"]);
      ++compared;
    }
  }
  EXPECT_GT(compared, 300);
}

TEST(Pipeline, DecodesAsTheLibrary) {
  for (const auto& made : golden()) {
    if (made["file"]["added_tokens"].size() > 5) continue;  // which it spells as normalised
    auto file = read_pipeline("file", made["file"].dump());
    const Pipeline pipeline(std::move(file.steps));
    for (const auto& c : made["cases"]) {
      std::vector<std::string> pieces;
      for (const int32_t id : c["ids"])
        if (id > 4) pieces.push_back(pipeline.piece(id));
      EXPECT_EQ(pipeline.join(pieces), c["decoded"].get<std::string>())
          << made["name"] << ": " << c["text"];
    }
  }
}

// A Unigram file to which a test gives its steps.
json file_with(const std::string& key, const json& step) {
  json file = json::parse(R"({"added_tokens": [], "model": {"type": "Unigram", "unk_id": 0,
      "vocab": [["<unk>", 0.0], ["a", -1.0], ["b", -2.0], ["1", -2.0], ["ab", -2.5]]}})");
  file[json::json_pointer(key)] = step;
  return file;
}

Refusal refusal_of_file(const json& file) {
  return refusal_of([&] { read_pipeline("t.json", file.dump()); });
}

TEST(Pipeline, WhatIsNotKnownIsRefusedByItsPlace) {
  const struct {
    const char *key, *step, *says;
  } cases[] = {
      {"/normalizer", R"({"type": "ByteLevel"})",
       "normalizer.type: found the string \"ByteLevel\", wanted one of NFC"},
      {"/normalizer", R"({"type": "Sequence", "normalizers": [{"type": "NFX"}]})",
       "normalizer.normalizers[0].type: found"},
      {"/normalizer", "5", "normalizer: found the number 5, wanted an object"},
      {"/normalizer", R"({"type": "Replace", "pattern": {"Regex": "(?<=a)b"}, "content": ""})",
       "normalizer.pattern.Regex: found the pattern \"(?<=a)b\""},
      {"/normalizer", R"({"type": "Precompiled", "precompiled_charsmap": "AAAA"})",
       "normalizer.precompiled_charsmap: the charsmap"},
      {"/pre_tokenizer", R"({"type": "ByteLevel"})", "pre_tokenizer.type: found"},
      {"/pre_tokenizer", R"({"type": "Split", "pattern": {"String": "a"}, "behavior": "Odd"})",
       "pre_tokenizer.behavior: found the string \"Odd\", wanted one of Removed"},
      {"/post_processor", R"({"type": "RobertaProcessing"})", "post_processor.type: found"},
      {"/decoder", R"({"type": "CTC"})", "decoder.type: found"},
      {"/model/type", R"("BPE")",
       "model.type: found the string \"BPE\", wanted one of Unigram, WordPiece"},
      {"/model/unk_id", "9", "model.unk_id: found the number 9"},
      {"/model/vocab/1", R"(["a", "b"])",
       "model.vocab[1]: found a list, wanted a piece and its score"},
      {"/added_tokens", R"([{"id": 7, "content": "x"}])",
       "added_tokens[0].id: found the number 7, wanted 5"},
  };
  for (const auto& c : cases) {
    const Refusal r = refusal_of_file(file_with(c.key, json::parse(c.step)));
    EXPECT_EQ(r.code, ErrorCode::kBadData);
    EXPECT_EQ(r.what.rfind(std::string("t.json: ") + c.says, 0), 0U) << r.what;
  }
}

Pieces encoded(const json& file, const std::string& text) {
  auto read = read_pipeline("t.json", file.dump());
  return Pipeline(std::move(read.steps)).encode(text);
}

TEST(Pipeline, PatternsMatchAsOnigurumaDoes) {
  const auto replaced = [](const std::string& pattern, const std::string& text) {
    const json file = file_with(
        "/normalizer", {{"type", "Replace"}, {"pattern", {{"Regex", pattern}}}, {"content", "1"}});
    auto read = read_pipeline("t.json", file.dump());
    return utf8_of(read.steps.normalizer->run(points_of(text)));
  };
  EXPECT_EQ(replaced("a{2,3}", "aaaa a"), "1a a");
  EXPECT_EQ(replaced("a+?", "aa"), "11");
  EXPECT_EQ(replaced("ab|a", "abac"), "11c");
  EXPECT_EQ(replaced("x*", "ab"), "1a1b1");
  EXPECT_EQ(replaced("^a|b$", "a\nab"), "1\n11");
  EXPECT_EQ(replaced(R"(\s+(?!\S))", "a  b  "), "a1 b1");
  EXPECT_EQ(replaced(R"([^\w.]|\p{Lu})", "A.b-c"), "1.b1c");
  EXPECT_EQ(replaced(R"((?i)straSSe\b)", "STRASSE strassen"), "1 strassen");
  EXPECT_EQ(replaced(R"((?:ab)+[\x{30}-9])", "abab7"), "1");
  for (const char* bad :
       {"(", "a)", "[a", "*", "a{2,1}", "\\", "[b-a]", "(?<n>a)", "a++", "\\1", "[[:alpha:]]"})
    EXPECT_EQ(refusal_of([&] { replaced(bad, "a"); }).code, ErrorCode::kBadData) << bad;
}

TEST(Pipeline, TimeIsLinearInTheText) {
  const std::string text(200'000, 'a');
  const json file =
      file_with("/pre_tokenizer",
                {{"type", "Split"}, {"pattern", {{"Regex", "(a*)*b"}}}, {"behavior", "Isolated"}});
  EXPECT_EQ(encoded(file, text).ids.size(), 200'000U);
}

}  // namespace
}  // namespace albert::testing
