#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "albert/base/error.h"
#include "albert/base/text_reader.h"
#include "albert/inference/text_encoder.h"
#include "albert/tokenizer/tokenizer.h"
#include "apps/commands.h"

namespace albert::apps {
namespace {

using nlohmann::ordered_json;

struct TokenizeFlags {
  std::string model, input, preprocessing = "huggingface", truncation = "slow";
  bool json = false, special_tokens = true, do_lower_case = true, keep_accents = false,
       pairs = false;
  int64_t max_length = 0;
};

// A flag that is given changes what it names; the rest stays as the folder says.
std::shared_ptr<const Tokenizer> open(const TokenizeFlags& flags, const Command& command) {
  TokenizerOverrides overrides;
  if (command.is_set("preprocessing"))
    overrides.preprocessing =
        flags.preprocessing == "google" ? Preprocessing::kGoogle : Preprocessing::kHuggingFace;
  if (command.is_set("do_lower_case")) overrides.do_lower_case = flags.do_lower_case;
  if (command.is_set("keep_accents")) overrides.keep_accents = flags.keep_accents;
  return Tokenizer::from_pretrained(flags.model, overrides);
}

Encoding encode(const Tokenizer& tokenizer, const std::string& line, const TokenizeFlags& flags) {
  EncodeOptions options{.add_special_tokens = flags.special_tokens};
  if (flags.max_length > 0) {
    options.truncation =
        flags.truncation == "fast" ? Truncation::kLongestFirstFast : Truncation::kLongestFirst;
    options.max_length = flags.max_length;
  }
  const size_t tab = flags.pairs ? line.find('\t') : std::string::npos;
  if (flags.max_length > 0 && flags.special_tokens)
    check_room("--max_length", flags.max_length, tab != std::string::npos);
  if (tab == std::string::npos) return tokenizer.encode(line, options);
  return tokenizer.encode(line.substr(0, tab), line.substr(tab + 1), options);
}

void print_json(std::ostream& out, const Encoding& e) {
  const ordered_json json{{"tokens", e.tokens},
                          {"input_ids", e.input_ids},
                          {"token_type_ids", e.token_type_ids},
                          {"attention_mask", e.attention_mask},
                          {"offset_mapping", e.offset_mapping},
                          {"special_tokens_mask", e.special_tokens_mask}};
  out << json.dump() << "\n";
}

void print_plain(std::ostream& out, const Encoding& e) {
  for (size_t i = 0; i < e.tokens.size(); ++i) out << (i > 0 ? " " : "") << e.tokens[i];
  out << "\n";
}

void tokenize_line(const Tokenizer& tokenizer, const std::string& name, int64_t number,
                   const std::string& line, const TokenizeFlags& flags, std::ostream& out) {
  try {
    (flags.json ? print_json : print_plain)(out, encode(tokenizer, line, flags));
  } catch (const Error& e) {
    fail(e.code(), name, ":", number, ": ", e.what());
  }
}

int run(const TokenizeFlags& flags, const Command& command, std::ostream& out) {
  const auto tokenizer = open(flags, command);
  const auto reader = flags.input.empty() ? TextReader::standard_input()
                                          : std::make_unique<TextReader>(flags.input);
  std::string line;
  while (reader->next(line))
    tokenize_line(*tokenizer, reader->name(), reader->line(), line, flags, out);
  return 0;
}

}  // namespace

Runner declare_tokenize(Command& command) {
  const auto flags = std::make_shared<TokenizeFlags>();
  command.required("model", flags->model,
                   "model folder, or a spiece.model, tokenizer.json or vocab.txt");
  command.option("input", flags->input,
                 "text file, plain or compressed; without it lines come from the standard input");
  command.boolean("json", flags->json,
                  "one JSON object a line, with ids, types, masks and offsets");
  command.boolean("pairs", flags->pairs, "a tab in a line separates a text from its pair");
  command.boolean("special_tokens", flags->special_tokens, "add [CLS] and [SEP]");
  command.option("max_length", flags->max_length,
                 "truncate to this many ids, the longer text first; 0: never");
  command.limit("max_length", 0);
  command.choice("truncation", flags->truncation, {"slow", "fast"},
                 "of pairs: as slow tokenizers and Google's scripts, or as the tokenizers library");
  command.choice("preprocessing", flags->preprocessing, {"huggingface", "google"},
                 "whose rules for the text (else as tokenizer_config.json says)");
  command.boolean("do_lower_case", flags->do_lower_case,
                  "lower the text (else as tokenizer_config.json says)");
  command.boolean("keep_accents", flags->keep_accents,
                  "keep accents (else as tokenizer_config.json says)");
  return [flags, &command](std::ostream& out, std::ostream&) { return run(*flags, command, out); };
}

}  // namespace albert::apps
