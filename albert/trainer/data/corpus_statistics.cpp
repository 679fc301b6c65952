#include "albert/trainer/data/corpus_statistics.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

enum Script : uint8_t {
  kLatin,
  kGreek,
  kCyrillic,
  kHebrew,
  kArabic,
  kDevanagari,
  kBengali,
  kTamil,
  kThai,
  kHan,
  kKana,
  kHangul,
  kOther
};

struct Block {
  int32_t first, last;
  Script script;
};

// The Unicode standard's Blocks.txt, those with letters of these scripts; ascending.
constexpr std::array<Block, 22> kBlocks{
    {{0x00C0, 0x024F, kLatin},  {0x0370, 0x03FF, kGreek},      {0x0400, 0x052F, kCyrillic},
     {0x0590, 0x05FF, kHebrew}, {0x0600, 0x06FF, kArabic},     {0x0750, 0x077F, kArabic},
     {0x08A0, 0x08FF, kArabic}, {0x0900, 0x097F, kDevanagari}, {0x0980, 0x09FF, kBengali},
     {0x0B80, 0x0BFF, kTamil},  {0x0E00, 0x0E7F, kThai},       {0x1100, 0x11FF, kHangul},
     {0x1E00, 0x1EFF, kLatin},  {0x1F00, 0x1FFF, kGreek},      {0x3040, 0x30FF, kKana},
     {0x3400, 0x4DBF, kHan},    {0x4E00, 0x9FFF, kHan},        {0xAC00, 0xD7AF, kHangul},
     {0xF900, 0xFAFF, kHan},    {0xFB50, 0xFDFF, kArabic},     {0xFE70, 0xFEFF, kArabic},
     {0x20000, 0x3134F, kHan}}};

Script script_of(int32_t code) {
  if (code < 0x250 && code != 0xD7 && code != 0xF7) return kLatin;
  const auto block = std::partition_point(kBlocks.begin(), kBlocks.end(),
                                          [&](const Block& b) { return b.last < code; });
  return block != kBlocks.end() && block->first <= code ? block->script : kOther;
}

bool is_digit(int32_t code) { return code >= '0' && code <= '9'; }

std::string percent(int64_t part, int64_t all) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %%",
                all > 0 ? 100 * static_cast<double>(part) / static_cast<double>(all) : 0.0);
  return text;
}

std::string text_of(const LengthCounts& lengths) {
  return "half of them have up to " + std::to_string(lengths.quantile(0.5)) +
         " tokens, 90 % up to " + std::to_string(lengths.quantile(0.9)) + ", the longest " +
         std::to_string(lengths.longest());
}

nlohmann::ordered_json json_of(const LengthCounts& lengths) {
  return {{"median", lengths.quantile(0.5)},
          {"p90", lengths.quantile(0.9)},
          {"p99", lengths.quantile(0.99)},
          {"longest", lengths.longest()}};
}

}  // namespace

void ScriptCounts::add(const std::string& text) {
  for (size_t at = 0; at < text.size();) {
    const int32_t code = read_code_point(text, at);
    if (code != '_' && !is_digit(code) && is_word_character(code)) ++counts_[script_of(code)];
  }
}

void ScriptCounts::add(const ScriptCounts& others) {
  for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += others.counts_[i];
}

void LengthCounts::add(int64_t length) {
  constexpr int64_t kMost = 65535;
  longest_ = std::max(longest_, length);
  const auto at = static_cast<size_t>(std::min(length, kMost));
  if (at >= counts_.size()) counts_.resize(at + 1);
  ++counts_[at];
  ++all_;
}

int64_t LengthCounts::quantile(double share) const {
  const auto wanted = static_cast<int64_t>(std::ceil(share * static_cast<double>(all_)));
  int64_t below = 0;
  for (size_t length = 0; length < counts_.size(); ++length)
    if ((below += counts_[length]) >= wanted && below > 0) return static_cast<int64_t>(length);
  return 0;
}

std::string CorpusStatistics::text() const {
  std::string text = "sentences: " + text_of(sentences) + "\ndocuments: " + text_of(documents) +
                     "\npieces: " + percent(unknown_pieces, pieces) + " unknown; letters:";
  const auto& counts = letters.counts();
  int64_t all = 0;
  for (const int64_t count : counts) all += count;
  for (size_t i = 0; i < counts.size(); ++i)
    if (counts[i] > 0) text += " " + percent(counts[i], all) + " " + ScriptCounts::kNames[i];
  return text + "\n";
}

std::string CorpusStatistics::to_json() const {
  nlohmann::ordered_json scripts = nlohmann::ordered_json::object();
  for (size_t i = 0; i < letters.counts().size(); ++i)
    if (letters.counts()[i] > 0) scripts[ScriptCounts::kNames[i]] = letters.counts()[i];
  return nlohmann::ordered_json{{"sentence_tokens", json_of(sentences)},
                                {"document_tokens", json_of(documents)},
                                {"pieces", pieces},
                                {"unknown_pieces", unknown_pieces},
                                {"letters", scripts}}
      .dump();
}

}  // namespace albert
