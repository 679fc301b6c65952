#include <cmath>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "albert/inference/sentence_scorer.h"
#include "albert/trainer/tasks/rounding.h"
#include "apps/cli/common.h"
#include "apps/cli/embedding_flags.h"
#include "apps/cli/line_file.h"
#include "apps/cli/record_windows.h"
#include "apps/cli/text_pairs.h"
#include "apps/commands.h"

namespace albert::apps {
namespace {

using nlohmann::ordered_json;

struct ScoreFlags {
  std::string model, kind = "pll", metric = "original", input, output;
  bool tokens = false;
  int64_t batch_size = 32, batch_tokens = 4096, max_seq_length = 512;
  PairColumns columns;
  CommonOptions common;
};

// Texts, scored a window at a time: one JSON object each.
using ScoreTexts = std::function<std::vector<std::string>(std::span<const TokenIds>)>;
using ReadText = std::function<TokenIds(const Record&)>;

int64_t score_lines(const ScoreFlags& flags, RecordReader& records, TextReader& reader,
                    const ReadText& read, const ScoreTexts& score, std::ostream& out) {
  LineFile file(flags.output, out);
  std::vector<TokenIds> texts;
  const int64_t bad = for_windows(
      reader, records, static_cast<size_t>(flags.batch_size),
      [&](const Record& record) { texts.push_back(read(record)); },
      [&](std::span<const ReadLine> lines) {
        const std::vector<std::string> scores = score(texts);
        texts.clear();
        std::string text;
        size_t next = 0;
        for (const ReadLine& line : lines)
          text += (line.problem.empty() ? scores[next++] : json_of_problem(line)) + "\n";
        file.write(text);
      });
  file.publish();
  return bad;
}

void print_warnings(const std::vector<std::string>& warnings, const CommonOptions& common,
                    std::ostream& err) {
  if (common.quiet) return;
  for (const auto& warning : warnings) err << "albert: warning: " << warning << "\n";
}

SentenceScorerOptions options_of(const ScoreFlags& flags, const Command& command) {
  SentenceScorerOptions options{.batch_tokens = flags.batch_tokens,
                                .metric = pll_metric_named(flags.metric)};
  if (command.is_set("max_seq_length")) options.max_seq_length = flags.max_seq_length;
  return options;
}

// The pieces of a text and their log-probabilities.
ordered_json tokens_of(const Tokenizer& tokenizer, const TokenIds& text,
                       const PseudoLikelihood& score) {
  ordered_json list = ordered_json::array();
  for (size_t i = 0; i < score.log_probs.size(); ++i)
    list.push_back({{"token", tokenizer.piece(text.input_ids[i + 1])},
                    {"log_prob", seven_digits(score.log_probs[i])}});
  return list;
}

int score_words(const ScoreFlags& flags, const Command& command, std::ostream& out,
                std::ostream& err) {
  auto scorer = PseudoLikelihoodScorer::from_pretrained(flags.model, flags.common.model(err),
                                                        options_of(flags, command));
  print_warnings(scorer.warnings(), flags.common, err);
  const auto reader = open_input(flags.input);
  RecordReader records(*reader, format_of_texts(flags.input), BlankLines::kRefused);
  records.require_column(flags.columns.first, "text_column");
  double sum = 0;
  size_t tokens = 0;
  const int64_t bad = score_lines(
      flags, records, *reader,
      [&](const Record& record) {
        return scorer.encode(record.is_text() ? record.line() : record.at(flags.columns.first));
      },
      [&](std::span<const TokenIds> texts) {
        const auto scores = scorer.score(texts);
        std::vector<std::string> lines;
        for (size_t i = 0; i < texts.size(); ++i) {
          ordered_json line{{"pll", seven_digits(scores[i].pll)},
                            {"tokens", scores[i].log_probs.size()}};
          if (flags.tokens)
            line["log_probs"] = tokens_of(scorer.encoder().tokenizer(), texts[i], scores[i]);
          lines.push_back(line.dump());
          sum += scores[i].pll;
          tokens += scores[i].log_probs.size();
        }
        return lines;
      },
      out);
  if (!flags.common.quiet && tokens > 0)
    err << "albert: note: pseudo-perplexity " << std::exp(-sum / static_cast<double>(tokens))
        << " over " << tokens << " tokens\n";
  return exit_code_of(bad, err);
}

int score_order(const ScoreFlags& flags, const Command& command, std::ostream& out,
                std::ostream& err) {
  auto scorer = SentenceOrderScorer::from_pretrained(flags.model, flags.common.model(err),
                                                     options_of(flags, command));
  print_warnings(scorer.warnings(), flags.common, err);
  const auto reader = open_input(flags.input);
  RecordReader records(*reader, format_of_texts(flags.input), BlankLines::kRefused);
  for (const auto& column : {flags.columns.first, flags.columns.second})
    records.require_column(column);
  const int64_t bad = score_lines(
      flags, records, *reader,
      [&](const Record& record) {
        const auto [first, second] = pair_of(record, flags.columns);
        return scorer.encode(first, second);
      },
      [&](std::span<const TokenIds> pairs) {
        std::vector<std::string> lines;
        for (const double score : scorer.score(pairs))
          lines.push_back(ordered_json{{"in_order", seven_digits(score)}}.dump());
        return lines;
      },
      out);
  return exit_code_of(bad, err);
}

int run(const ScoreFlags& flags, const Command& command, std::ostream& out, std::ostream& err) {
  if (flags.batch_size < 1)
    fail(ErrorCode::kUsage, "--batch_size ", flags.batch_size, ": wanted 1 or more");
  const bool words = flags.kind == "pll";
  for (const char* option : {"metric", "tokens"})
    if (!words && command.is_set(option))
      fail(ErrorCode::kUsage, "--", option, ": is no option of --kind ", flags.kind);
  return (words ? score_words : score_order)(flags, command, out, err);
}

}  // namespace

Runner declare_score(Command& command) {
  const auto flags = std::make_shared<ScoreFlags>();
  command.required("model", flags->model, "pre-trained folder");
  command.choice("kind", flags->kind, {"pll", "sop"},
                 "pll: the pseudo-log-likelihood of each text, its tokens masked in turn; sop: how "
                 "likely the second text of each pair follows the first");
  command.choice("metric", flags->metric, {"original", "within_word_l2r"},
                 "of pll: each token masked alone, or with the later pieces of its word");
  command.boolean("tokens", flags->tokens,
                  "of pll: the logarithm of each token's probability, too");
  command.option("input", flags->input,
                 "a text a line, of sop two with a tab between them; JSONL, or a .tsv or .csv "
                 "whose header names its columns; without it, or as -, the standard input");
  command.option("output", flags->output, "JSONL file; without it the standard output");
  add_pair_columns(command, flags->columns);
  command.option("max_seq_length", flags->max_seq_length,
                 "longer texts are truncated; without it the model's positions");
  command.omit_unless_set("max_seq_length");
  command.hide_default("max_seq_length");
  command.option("batch_size", flags->batch_size, "texts that are read before they are answered");
  command.option("batch_tokens", flags->batch_tokens, "tokens at once; a longer text goes alone");
  command.alias("model", {"model_name_or_path"});
  add_weights(command, flags->common.weights);
  add_prefix(command, flags->common.prefix);
  add_common(command, flags->common);
  return [flags, &command](std::ostream& out, std::ostream& err) {
    return run(*flags, command, out, err);
  };
}

}  // namespace albert::apps
