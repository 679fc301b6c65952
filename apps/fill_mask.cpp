#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "albert/base/split.h"
#include "albert/inference/mask_filler.h"
#include "albert/trainer/tasks/rounding.h"
#include "apps/cli/common.h"
#include "apps/cli/embedding_flags.h"
#include "apps/cli/line_file.h"
#include "apps/cli/record_windows.h"
#include "apps/commands.h"

namespace albert::apps {
namespace {

using nlohmann::ordered_json;

struct FillMaskFlags {
  std::string model, text, input, output, targets, text_column = "text";
  int64_t top_k = 5, batch_size = 32, batch_tokens = 4096, max_seq_length = 512;
  CommonOptions common;
};

ordered_json json_of(const MaskFiller::Candidates& candidates) {
  ordered_json list = ordered_json::array();
  for (const MaskCandidate& c : candidates)
    list.push_back({{"score", seven_digits(c.score)},
                    {"token", c.token},
                    {"token_str", c.token_str},
                    {"sequence", c.sequence}});
  return list;
}

// As transformers' pipeline: a list of words, or of several masks a list of lists.
ordered_json json_of(const std::vector<MaskFiller::Candidates>& masks) {
  if (masks.size() == 1) return json_of(masks.front());
  ordered_json lists = ordered_json::array();
  for (const auto& candidates : masks) lists.push_back(json_of(candidates));
  return lists;
}

std::vector<int32_t> targets_of(const FillMaskFlags& flags, const MaskFiller& filler,
                                std::ostream& err) {
  if (flags.targets.empty()) return {};
  std::vector<std::string> notes;
  const auto ids = filler.target_ids(split(flags.targets, ','), &notes);
  if (!flags.common.quiet)
    for (const auto& note : notes) err << "albert: warning: " << note << "\n";
  return ids;
}

int64_t fill_lines(const FillMaskFlags& flags, MaskFiller& filler,
                   const std::vector<int32_t>& targets, LineFile& file) {
  const auto reader = open_input(flags.input);
  RecordReader records(*reader, format_of_texts(flags.input), BlankLines::kRefused);
  records.require_column(flags.text_column, "text_column");
  std::vector<TokenIds> texts;
  return for_windows(
      *reader, records, static_cast<size_t>(flags.batch_size),
      [&](const Record& record) {
        texts.push_back(
            filler.encode(record.is_text() ? record.line() : record.at(flags.text_column)));
      },
      [&](std::span<const ReadLine> lines) {
        const auto filled = filler.fill(texts, flags.top_k, targets);
        texts.clear();
        std::string text;
        size_t next = 0;
        for (const ReadLine& line : lines)
          text += (line.problem.empty() ? json_of(filled[next++]).dump() : json_of_problem(line)) +
                  "\n";
        file.write(text);
      });
}

int run(const FillMaskFlags& flags, const Command& command, std::ostream& out, std::ostream& err) {
  if (flags.batch_size < 1)
    fail(ErrorCode::kUsage, "--batch_size ", flags.batch_size, ": wanted 1 or more");
  if (command.is_set("text") && !flags.input.empty())
    fail(ErrorCode::kUsage, "--text: found it beside --input, wanted one of both");
  MaskFillerOptions options{.batch_tokens = flags.batch_tokens};
  if (command.is_set("max_seq_length")) options.max_seq_length = flags.max_seq_length;
  MaskFiller filler = MaskFiller::from_pretrained(flags.model, flags.common.model(err), options);
  if (!flags.common.quiet)
    for (const auto& warning : filler.warnings()) err << "albert: warning: " << warning << "\n";
  const std::vector<int32_t> targets = targets_of(flags, filler, err);
  LineFile file(flags.output, out);
  int64_t bad = 0;
  if (command.is_set("text")) {
    const TokenIds one = filler.encode(flags.text);
    file.write(json_of(filler.fill(std::span(&one, 1), flags.top_k, targets).front()).dump() +
               "\n");
  } else {
    bad = fill_lines(flags, filler, targets, file);
  }
  file.publish();
  return exit_code_of(bad, err);
}

}  // namespace

Runner declare_fill_mask(Command& command) {
  const auto flags = std::make_shared<FillMaskFlags>();
  command.required("model", flags->model, "pre-trained folder");
  command.option("text", flags->text, "a text with [MASK], instead of a file of them");
  command.option("input", flags->input,
                 "one text with [MASK] a line, JSONL, or a .tsv or .csv whose header names its "
                 "columns; without it, or as -, the standard input");
  command.option("output", flags->output, "JSONL file; without it the standard output");
  command.option("top_k", flags->top_k, "words for each mask");
  command.limit("top_k", 1);
  command.option("targets", flags->targets, "the words to choose from, between commas");
  command.option("text_column", flags->text_column, "the text's column or field");
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
