#include "albert/tokenizer/config_files.h"

#include <nlohmann/json.hpp>

#include "albert/base/error.h"

namespace albert {
namespace {

using nlohmann::ordered_json;

ordered_json token_json(const AddedToken& token) {
  return {{"content", token.content},
          {"lstrip", token.lstrip},
          {"normalized", token.normalized},
          {"rstrip", token.rstrip},
          {"single_word", token.single_word}};
}

const AddedToken& token_of(const ResolvedTokens& tokens, int32_t id) {
  for (const AddedToken& token : tokens.tokens)
    if (token.id == id) return token;
  fail(ErrorCode::kInternal, "no token has the id ", id);
}

// Every role and its token; bos and eos are ALBERT's names for two of them.
std::vector<std::pair<const char*, AddedToken>> roles(const ResolvedTokens& tokens, bool albert) {
  const SpecialIds& s = tokens.special;
  std::vector<std::pair<const char*, AddedToken>> found;
  if (albert) {
    found.emplace_back("bos_token", token_of(tokens, s.cls));
    found.emplace_back("eos_token", token_of(tokens, s.sep));
  }
  found.emplace_back("cls_token", token_of(tokens, s.cls));
  found.emplace_back("sep_token", token_of(tokens, s.sep));
  found.emplace_back("unk_token", token_of(tokens, s.unk));
  found.emplace_back("pad_token", token_of(tokens, s.pad));
  found.emplace_back("mask_token", token_of(tokens, s.mask));
  return found;
}

ordered_json additional_json(const TokenizerConfig& config) {
  ordered_json list = ordered_json::array();
  for (const AddedToken& token : config.additional) list.push_back(token_json(token));
  return list;
}

ordered_json added_json(const ResolvedTokens& tokens) {
  std::map<int32_t, AddedToken> by_id;
  for (const AddedToken& token : tokens.tokens) by_id.emplace(token.id, token);
  ordered_json decoder;
  for (const auto& [id, token] : by_id) {
    decoder[std::to_string(id)] = token_json(token);
    decoder[std::to_string(id)]["special"] = token.special;
  }
  return decoder;
}

void add_bert_settings(const TokenizerConfig& config, ordered_json& json) {
  if (config.strip_accents) json["strip_accents"] = *config.strip_accents;
  if (!config.tokenize_chinese_chars) json["tokenize_chinese_chars"] = false;
  if (!config.do_basic_tokenize) json["do_basic_tokenize"] = false;
  if (!config.never_split.empty()) json["never_split"] = config.never_split;
}

std::string config_json(const std::string& tokenizer_class, const TokenizerConfig& config,
                        const ResolvedTokens& tokens, bool with_added) {
  const bool albert = tokenizer_class == "AlbertTokenizer",
             bert = tokenizer_class == "BertTokenizer";
  ordered_json json;
  json["tokenizer_class"] = tokenizer_class;
  if (albert || bert) json["do_lower_case"] = config.options.do_lower_case;
  if (albert) {
    json["keep_accents"] = config.options.keep_accents;
    json["remove_space"] = true;
  }
  if (bert) add_bert_settings(config, json);
  for (const auto& [name, token] : roles(tokens, albert)) json[name] = token.content;
  if (with_added) json["added_tokens_decoder"] = added_json(tokens);
  if (!config.additional.empty()) json["additional_special_tokens"] = additional_json(config);
  json["model_max_length"] = 512;
  json["model_input_names"] = {"input_ids", "token_type_ids", "attention_mask"};
  if (config.options.preprocessing == Preprocessing::kGoogle) json["preprocessing"] = "google";
  return json.dump(2) + "\n";
}

std::string special_tokens_json(const TokenizerConfig& config, const ResolvedTokens& tokens,
                                bool albert) {
  ordered_json json;
  for (const auto& [name, token] : roles(tokens, albert)) {
    if (token.id == tokens.special.mask)
      json[name] = token_json(token);
    else
      json[name] = token.content;
  }
  if (!config.additional.empty()) json["additional_special_tokens"] = additional_json(config);
  return json.dump(2) + "\n";
}

}  // namespace

std::map<std::string, std::string> config_files(const std::string& tokenizer_class,
                                                const TokenizerConfig& config,
                                                const ResolvedTokens& tokens, int64_t base) {
  ordered_json behind = ordered_json::object();
  for (const AddedToken& token : tokens.tokens)
    if (token.id >= base) behind[token.content] = token.id;
  const bool with_added = !behind.empty() || !config.added.empty();
  std::map<std::string, std::string> files{
      {"tokenizer_config.json", config_json(tokenizer_class, config, tokens, with_added)},
      {"special_tokens_map.json",
       special_tokens_json(config, tokens, tokenizer_class == "AlbertTokenizer")}};
  if (!behind.empty()) files["added_tokens.json"] = behind.dump(2) + "\n";
  return files;
}

std::string bert_settings(const TokenizerConfig& config) {
  ordered_json json;
  add_bert_settings(config, json);
  return json.is_null() ? "" : json.dump();
}

}  // namespace albert
