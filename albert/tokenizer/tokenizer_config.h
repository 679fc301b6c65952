#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "albert/tokenizer/added_tokens.h"
#include "albert/tokenizer/preprocess.h"

namespace albert {

// What a folder says about its tokenizer beside the vocabulary: tokenizer_config.json,
// special_tokens_map.json and added_tokens.json, under transformers' names.
struct TokenizerConfig {
  TokenizerOptions options;

  // Of BertTokenizer alone.
  std::optional<bool> strip_accents;  // nothing: as do_lower_case says
  bool tokenize_chinese_chars = true, do_basic_tokenize = true;
  std::vector<std::string> never_split;

  // "cls_token" and the like that a file names, with their settings; ids are not known yet.
  std::map<std::string, AddedToken> special;
  // Without names: additional_special_tokens.
  std::vector<AddedToken> additional;
  // With their ids, in order of them: added_tokens_decoder, or added_tokens.json.
  std::vector<AddedToken> added;

  // The files as they are, by name.
  std::map<std::string, std::string> files;

  // The token under `key`, or `otherwise` with the settings of a special token.
  AddedToken special_or(const std::string& key, const std::string& otherwise) const;
};

// Of a folder; what is not there keeps its default. Error(kBadData) "path: key: found F, wanted W",
// Error(kMismatch) for a tokenizer_class that is neither ALBERT's nor BERT's.
TokenizerConfig read_tokenizer_config(const std::filesystem::path& folder);

}  // namespace albert
