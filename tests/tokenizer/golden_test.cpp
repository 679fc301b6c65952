// Every golden text: ids under both preprocessings, and the fast tokenizer's offsets.
#include <gtest/gtest.h>

#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tokenizer/tokenizer.h"
#include "tokenizer/utf8.h"

namespace albert {
namespace {

using nlohmann::json;

const std::string kFolder = std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/";

std::vector<json> goldens() {
  std::ifstream file(kFolder + "encodings.jsonl");
  std::vector<json> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(json::parse(line));
  return lines;
}

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
      kFolder, TokenizerOptions{.preprocessing = Preprocessing::kGoogle});
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

TEST(TokenizerGolden, TheFilesItWritesGiveTheSameTokenizer) {
  const auto tokenizer = Tokenizer::from_pretrained(kFolder);
  const auto folder =
      std::filesystem::temp_directory_path() / ("albert-tokenizer-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  for (const auto& [name, contents] : tokenizer->files())
    if (name != "spiece.model") std::ofstream(folder / name, std::ios::binary) << contents;
  const auto again = Tokenizer::from_pretrained(folder);
  EXPECT_EQ(again->fingerprint(), tokenizer->fingerprint());
  for (const json& line : goldens()) {
    const auto text = line["text"].get<std::string>();
    EXPECT_EQ(again->encode(text).input_ids, line["ids"].get<std::vector<int32_t>>()) << text;
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace albert
