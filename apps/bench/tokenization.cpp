#include "apps/bench/tokenization.h"

#include "albert/base/error.h"
#include "albert/base/text_reader.h"
#include "albert/tokenizer/tokenizer.h"
#include "apps/bench/timing.h"

namespace albert::bench {
namespace {

struct Text {
  std::vector<std::string> lines;
  double bytes = 0;
};

Text text_of(const std::filesystem::path& file) {
  constexpr double kMaxBytes = 8 << 20;
  Text text;
  TextReader reader(file);
  for (std::string line; text.bytes < kMaxBytes && reader.next(line);
       text.bytes += static_cast<double>(line.size()) + 1)
    text.lines.push_back(line);
  return text;
}

double count_tokens(const Tokenizer& tokenizer, const Text& text) {
  double tokens = 0;
  for (const auto& line : text.lines) tokens += static_cast<double>(tokenizer.ids(line).size());
  return tokens;
}

Row row_of(const std::string& name, const Sample& rate, double tokens_per_byte) {
  return {{"name", name},
          {"per_second", rate.median()},
          {"unit", "bytes"},
          {"rounds", rate.rounds},
          {"spread", rate.spread()},
          {"tokens_per_second", rate.median() * tokens_per_byte}};
}

}  // namespace

std::vector<Row> tokenization(const BenchOptions& options) {
  if (options.source.tokenizer.empty() || options.source.file.empty())
    fail(ErrorCode::kUsage, "the phase tokenize needs --lengths_from TEXT and --tokenizer");
  const Text text = text_of(options.source.file);
  const std::string name = options.source.file.filename().string();
  std::shared_ptr<const Tokenizer> tokenizer;
  Sample first;
  double tokens = 0;
  for (int round = 0; round < options.rounds; ++round) {
    tokenizer = Tokenizer::from_pretrained(options.source.tokenizer);
    const auto start = Clock::now();
    tokens = count_tokens(*tokenizer, text);
    first.rounds.push_back(text.bytes / seconds_since(start));
  }
  const Sample repeated = measure_rate(options.rounds, options.seconds, [&] {
    count_tokens(*tokenizer, text);
    return text.bytes;
  });
  return {row_of("tokenize " + name + ", first pass", first, tokens / text.bytes),
          row_of("tokenize " + name + ", repeated", repeated, tokens / text.bytes)};
}

}  // namespace albert::bench
