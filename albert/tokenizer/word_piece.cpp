#include "albert/tokenizer/word_piece.h"

#include "albert/base/error.h"
#include "albert/tokenizer/pipeline/unicode.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

std::string without_space_at_end(const std::string& line) {
  Points points = points_of(line);
  while (!points.empty() && is_white_space(points.back().code)) points.pop_back();
  return utf8_of(points);
}

}  // namespace

std::vector<std::string> read_vocabulary_lines(const std::string& name, const std::string& bytes) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < bytes.size();) {
    const size_t end = std::min(bytes.find('\n', at), bytes.size());
    const std::string line = bytes.substr(at, end - at);
    if (invalid_utf8(line) != std::string::npos)
      fail(ErrorCode::kBadData, name, ":", lines.size() + 1, ": the piece is not UTF-8");
    lines.push_back(without_space_at_end(line));
    at = end + 1;
  }
  if (lines.empty()) fail(ErrorCode::kBadData, name, ": found no piece, wanted one a line");
  return lines;
}

BertRules bert_rules(const TokenizerConfig& config) {
  const bool lower = config.options.do_lower_case;
  return {.clean_text = true,
          .chinese_characters = config.tokenize_chinese_chars,
          .strip_accents = config.strip_accents.value_or(lower && !config.options.keep_accents),
          .lower_case = lower,
          .google = config.options.preprocessing == Preprocessing::kGoogle};
}

size_t max_chars_per_word(const TokenizerConfig& config) {
  return config.options.preprocessing == Preprocessing::kGoogle ? 200 : 100;
}

std::unique_ptr<const Pipeline> make_word_piece(const std::string& name,
                                                std::vector<std::string> pieces,
                                                const TokenizerConfig& config,
                                                const ResolvedTokens& tokens) {
  PipelineSteps steps;
  const bool basic = config.do_basic_tokenize;
  if (basic) steps.normalizer = make_bert_normalizer(bert_rules(config));
  steps.pre_tokenizer = make_bert_pre_tokenizer(basic);
  steps.decoder = make_word_piece_decoder("##", true);
  steps.added = tokens.tokens;
  // Google's tokenizer does not look for its own special tokens in text.
  steps.matches_special = config.options.preprocessing == Preprocessing::kHuggingFace;
  steps.never_split = {config.never_split.begin(), config.never_split.end()};
  WordPieceRules rules{.max_chars_per_word = max_chars_per_word(config)};
  for (const AddedToken& token : tokens.tokens)
    if (token.id == tokens.special.unk) rules.unknown = token.content;
  steps.model = make_word_piece_model(name, PieceTable(std::move(pieces)), rules);
  return std::make_unique<const Pipeline>(std::move(steps));
}

}  // namespace albert
