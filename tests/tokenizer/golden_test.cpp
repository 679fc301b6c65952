// Every golden text: ids under both preprocessings, and the fast tokenizer's offsets.
#include <gtest/gtest.h>

#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "albert/tokenizer/tokenizer.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

using nlohmann::json;

const std::string kFolder = std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/";

std::vector<json> lines_of(const std::string& name) {
  std::ifstream file(kFolder + name);
  std::vector<json> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(json::parse(line));
  return lines;
}
std::vector<json> goldens() { return lines_of("encodings.jsonl"); }

TEST(TokenizerGolden, IdsEqualTransformersSlowTokenizer) {
  const auto tokenizer = Tokenizer::from_pretrained(kFolder);
  const auto lines = goldens();
  ASSERT_EQ(lines.size(), 429U);
  for (const json& line : lines) {
    const auto text = line["text"].get<std::string>();
    EXPECT_EQ(tokenizer->encode(text).input_ids, line["ids"].get<std::vector<int32_t>>()) << text;
  }
}

TEST(TokenizerGolden, IdsEqualGooglesPreprocessing) {
  const auto tokenizer = Tokenizer::from_pretrained(
      kFolder, TokenizerOverrides{.preprocessing = Preprocessing::kGoogle});
  int differing = 0;
  for (const json& line : goldens()) {
    const auto text = line["text"].get<std::string>();
    const json& want = line.contains("google_ids") ? line["google_ids"] : line["ids"];
    differing += line.contains("google_ids");
    EXPECT_EQ(tokenizer->encode(text).input_ids, want.get<std::vector<int32_t>>()) << text;
  }
  EXPECT_GT(differing, 0);
}

TEST(TokenizerGolden, OffsetsEqualTheFastTokenizers) {
  const auto tokenizer = Tokenizer::from_pretrained(kFolder);
  int compared = 0;
  for (const json& line : goldens()) {
    if (!line.contains("offsets") || line["offsets"].is_null()) continue;
    const auto text = line["text"].get<std::string>();
    const auto want = line["offsets"].get<std::vector<std::pair<int64_t, int64_t>>>();
    EXPECT_EQ(tokenizer->encode(text).offset_mapping, want) << text;
    ++compared;
  }
  EXPECT_GT(compared, 300);
}

// Made by scripts/odd_texts, which tells what they are.
TEST(TokenizerGolden, OddTextsHaveTheReferencesIdsAndOffsets) {
  const auto plain = Tokenizer::from_pretrained(kFolder);
  const auto accents =
      Tokenizer::from_pretrained(kFolder, TokenizerOverrides{.keep_accents = true});
  int compared = 0;
  for (const json& line : lines_of("odd_texts.jsonl")) {
    const auto text = line["text"].get<std::string>();
    const Tokenizer& tokenizer = line["keep_accents"].get<bool>() ? *accents : *plain;
    const Encoding e = tokenizer.encode(text, {.add_special_tokens = false});
    EXPECT_EQ(e.input_ids, line["ids"].get<std::vector<int32_t>>()) << line["text"];
    if (line["offsets"].is_null()) continue;
    const auto want = line["offsets"].get<std::vector<std::pair<int64_t, int64_t>>>();
    EXPECT_EQ(e.offset_mapping, want) << line["text"];
    ++compared;
  }
  EXPECT_GT(compared, 500);
}

TEST(TokenizerGolden, TheTokenizerJsonItWritesGivesTheFastTokenizersIds) {
  const auto tokenizer = Tokenizer::from_pretrained(kFolder);
  const auto folder =
      std::filesystem::temp_directory_path() / ("albert-tokenizer-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  for (const auto& [name, contents] : tokenizer->files())
    if (name != "spiece.model") std::ofstream(folder / name, std::ios::binary) << contents;
  const auto again = Tokenizer::from_pretrained(folder);
  for (const json& line : goldens()) {
    const auto text = line["text"].get<std::string>();
    const json& want = line.contains("fast_ids") ? line["fast_ids"] : line["ids"];
    EXPECT_EQ(again->encode(text).input_ids, want.get<std::vector<int32_t>>()) << text;
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace albert
