#include "albert/tokenizer/tokenizer_json.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "albert/tokenizer/pipeline/precompiled.h"
#include "albert/tokenizer/sentence_piece.h"
#include "albert/tokenizer/word_piece.h"

namespace albert {
namespace {

using nlohmann::ordered_json;

constexpr double kDigitCommaPenalty = -100;  // transformers' AlbertConverter

ordered_json added_tokens(const ResolvedTokens& tokens) {
  std::vector<AddedToken> sorted = tokens.tokens;
  std::sort(sorted.begin(), sorted.end(),
            [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  ordered_json list = ordered_json::array();
  for (const AddedToken& token : sorted)
    list.push_back({{"id", token.id},
                    {"content", token.content},
                    {"single_word", token.single_word},
                    {"lstrip", token.lstrip},
                    {"rstrip", token.rstrip},
                    {"normalized", token.normalized},
                    {"special", token.special}});
  return list;
}

std::string text_of(const ResolvedTokens& tokens, int32_t id) {
  for (const AddedToken& token : tokens.tokens)
    if (token.id == id) return token.content;
  return "";
}

ordered_json template_json(const ResolvedTokens& tokens) {
  const std::string cls = text_of(tokens, tokens.special.cls),
                    sep = text_of(tokens, tokens.special.sep);
  const auto special = [](const std::string& id, int type) {
    return ordered_json{{"SpecialToken", {{"id", id}, {"type_id", type}}}};
  };
  const auto sequence = [](const char* id, int type) {
    return ordered_json{{"Sequence", {{"id", id}, {"type_id", type}}}};
  };
  const auto known = [](const std::string& text, int32_t id) {
    return ordered_json{{"id", text}, {"ids", {id}}, {"tokens", {text}}};
  };
  return {{"type", "TemplateProcessing"},
          {"single", {special(cls, 0), sequence("A", 0), special(sep, 0)}},
          {"pair",
           {special(cls, 0), sequence("A", 0), special(sep, 0), sequence("B", 1), special(sep, 1)}},
          {"special_tokens",
           {{cls, known(cls, tokens.special.cls)}, {sep, known(sep, tokens.special.sep)}}}};
}

ordered_json albert_normalizer(const SentenceModel& model, const TokenizerOptions& options) {
  ordered_json steps = ordered_json::array();
  if (options.preprocessing == Preprocessing::kHuggingFace)
    for (const char* quotes : {"``", "''"})
      steps.push_back({{"type", "Replace"}, {"pattern", {{"String", quotes}}}, {"content", "\""}});
  if (!options.keep_accents) {
    steps.push_back({{"type", "NFKD"}});
    steps.push_back({{"type", "StripAccents"}});
  }
  if (options.do_lower_case) steps.push_back({{"type", "Lowercase"}});
  if (!model.charsmap.empty())
    steps.push_back({{"type", "Precompiled"}, {"precompiled_charsmap", base64(model.charsmap)}});
  return {{"type", "Sequence"}, {"normalizers", steps}};
}

ordered_json unigram(const SentenceModel& model) {
  ordered_json vocab = ordered_json::array();
  size_t unknown = 0;
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    const auto& piece = model.pieces[id];
    if (piece.type == SentenceModel::Type::kUnknown) unknown = id;
    const double penalty = ends_in_digit_comma(piece.text) ? kDigitCommaPenalty : 0;
    vocab.push_back({piece.text, static_cast<double>(piece.score) + penalty});
  }
  return {{"type", "Unigram"}, {"unk_id", unknown}, {"vocab", vocab}, {"byte_fallback", false}};
}

ordered_json word_piece(const std::vector<std::string>& pieces, const TokenizerConfig& config,
                        const ResolvedTokens& tokens) {
  const PieceTable table(pieces);
  ordered_json::object_t vocab;  // grown from behind, for looking every key up takes quadratic time
  for (size_t id = 0; id < pieces.size(); ++id)
    if (table.id_of(pieces[id]) == static_cast<int32_t>(id)) vocab.push_back({pieces[id], id});
  return {{"type", "WordPiece"},
          {"unk_token", text_of(tokens, tokens.special.unk)},
          {"continuing_subword_prefix", "##"},
          {"max_input_chars_per_word", max_chars_per_word(config)},
          {"vocab", vocab}};
}

ordered_json bert_normalizer(const TokenizerConfig& config) {
  const BertRules rules = bert_rules(config);
  return {{"type", "BertNormalizer"},
          {"clean_text", rules.clean_text},
          {"handle_chinese_chars", rules.chinese_characters},
          {"strip_accents", rules.strip_accents},
          {"lowercase", rules.lower_case}};
}

std::string file_of(const ResolvedTokens& tokens, const ordered_json& normalizer,
                    const ordered_json& pre_tokenizer, const ordered_json& decoder,
                    const ordered_json& model) {
  const ordered_json file{{"version", "1.0"},
                          {"truncation", nullptr},
                          {"padding", nullptr},
                          {"added_tokens", added_tokens(tokens)},
                          {"normalizer", normalizer},
                          {"pre_tokenizer", pre_tokenizer},
                          {"post_processor", template_json(tokens)},
                          {"decoder", decoder},
                          {"model", model}};
  return file.dump(1, ' ', false) + "\n";
}

}  // namespace

std::string write_tokenizer_json(const SentenceModel& model, const TokenizerOptions& options,
                                 const ResolvedTokens& tokens) {
  const ordered_json metaspace{{"type", "Metaspace"},
                               {"replacement", "\u2581"},
                               {"prepend_scheme", "always"},
                               {"split", true}};
  const ordered_json pre_tokenizer{
      {"type", "Sequence"},
      {"pretokenizers", ordered_json::array({{{"type", "WhitespaceSplit"}}, metaspace})}};
  return file_of(tokens, albert_normalizer(model, options), pre_tokenizer, metaspace,
                 unigram(model));
}

std::string write_tokenizer_json(const std::vector<std::string>& pieces,
                                 const TokenizerConfig& config, const ResolvedTokens& tokens) {
  const bool basic = config.do_basic_tokenize;
  return file_of(tokens, basic ? bert_normalizer(config) : ordered_json(nullptr),
                 {{"type", basic ? "BertPreTokenizer" : "WhitespaceSplit"}},
                 {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}},
                 word_piece(pieces, config, tokens));
}

}  // namespace albert
