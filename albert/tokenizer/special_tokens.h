#pragma once
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "albert/tokenizer/added_tokens.h"
#include "albert/tokenizer/tokenizer_config.h"

namespace albert {

// A vocabulary as it is before tokens are added to it.
struct BaseVocabulary {
  std::string name;  // of its file, for messages
  int64_t size = 0;
  std::function<std::optional<int32_t>(std::string_view)> id_of;
};

// The tokens a tokenizer has a role for.
struct SpecialIds {
  int32_t cls = 0, sep = 0, mask = 0, pad = 0, unk = 0;
  std::array<int32_t, 5> all() const { return {pad, unk, cls, sep, mask}; }
};

// Names that a role has by default, best first: the first that the vocabulary has is taken.
struct DefaultNames {
  std::vector<std::string> cls{"[CLS]"}, sep{"[SEP]"}, mask{"[MASK]"}, pad{"<pad>", "[PAD]"},
      unk{"<unk>", "[UNK]"};
  bool mask_lstrip = true;  // as AlbertTokenizer has it
};

struct ResolvedTokens {
  SpecialIds special;
  std::vector<AddedToken> tokens;  // all that stand for themselves, with their ids
};

// Gives every token that `config` names its id: that of the piece with its text, or the next behind
// the vocabulary, in the order in which transformers adds them. `may_add`: a default name that the
// vocabulary lacks is added, too. Error(kBadData) where a role has no token, or where the ids that
// a file gives are not these.
ResolvedTokens resolve_tokens(const BaseVocabulary& vocabulary, const TokenizerConfig& config,
                              const DefaultNames& names, bool may_add);

}  // namespace albert
