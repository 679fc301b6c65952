#pragma once
#include <map>
#include <string>

#include "albert/tokenizer/special_tokens.h"

namespace albert {

// tokenizer_config.json, special_tokens_map.json and, where tokens were added behind the `base`
// pieces of the vocabulary, added_tokens.json: by name, as transformers 4 and 5 read them.
std::map<std::string, std::string> config_files(const std::string& tokenizer_class,
                                                const TokenizerConfig& config,
                                                const ResolvedTokens& tokens, int64_t base);

// What of `config` BertTokenizer alone has and differs from its defaults, as one text.
std::string bert_settings(const TokenizerConfig& config);

}  // namespace albert
