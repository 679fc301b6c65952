#include "albert/tokenizer/special_tokens.h"

#include <unordered_map>

#include "albert/base/error.h"
#include "albert/base/printable.h"

namespace albert {
namespace {

class Resolver {
 public:
  Resolver(const BaseVocabulary& vocabulary, const TokenizerConfig& config)
      : vocabulary_(vocabulary), config_(config) {}

  void add_given() {
    for (const AddedToken& token : config_.added) {
      const int32_t id = add(token);
      if (id != token.id)
        fail(ErrorCode::kBadData, vocabulary_.name, ": the added token ", in_quotes(token.content),
             ": found the id ", token.id, ", wanted ", id,
             ", which follows from the vocabulary and the tokens before it");
    }
  }

  // The token of a role. Roles are resolved in transformers' order, for ids are given in it.
  int32_t role(const char* key, const std::vector<std::string>& names, bool may_add, bool lstrip) {
    const auto named = config_.special.find(key);
    if (named != config_.special.end()) return add(with_lstrip(named->second, lstrip));
    for (const auto& name : names)
      if (id_of(name)) return add({.content = name, .lstrip = lstrip, .special = true});
    if (may_add) return add({.content = names.front(), .lstrip = lstrip, .special = true});
    fail(ErrorCode::kBadData, vocabulary_.name, ": found no piece ", one_of(names),
         ", wanted one as ", key);
  }
  // bos_token and the like, which have no role here.
  void add_named(const char* key) {
    if (const auto named = config_.special.find(key); named != config_.special.end())
      add(named->second);
  }

  int32_t add(AddedToken token) {
    const auto id = id_of(token.content);
    token.id = id ? *id : static_cast<int32_t>(vocabulary_.size + appended_);
    if (!id) ++appended_;
    if (known_.emplace(token.content, token.id).second) tokens_.push_back(token);
    return token.id;
  }

  std::vector<AddedToken> tokens() && { return std::move(tokens_); }

 private:
  std::optional<int32_t> id_of(const std::string& text) const {
    const auto at = known_.find(text);
    return at != known_.end() ? std::optional(at->second) : vocabulary_.id_of(text);
  }
  static AddedToken with_lstrip(AddedToken token, bool lstrip) {
    token.lstrip = token.lstrip || lstrip;
    return token;
  }

  const BaseVocabulary& vocabulary_;
  const TokenizerConfig& config_;
  std::vector<AddedToken> tokens_;
  std::unordered_map<std::string, int32_t> known_;
  int64_t appended_ = 0;
};

}  // namespace

ResolvedTokens resolve_tokens(const BaseVocabulary& vocabulary, const TokenizerConfig& config,
                              const DefaultNames& names, bool may_add) {
  Resolver resolver(vocabulary, config);
  resolver.add_given();
  resolver.add_named("bos_token");
  resolver.add_named("eos_token");
  ResolvedTokens result;
  result.special.unk = resolver.role("unk_token", names.unk, may_add, false);
  result.special.sep = resolver.role("sep_token", names.sep, may_add, false);
  result.special.pad = resolver.role("pad_token", names.pad, may_add, false);
  result.special.cls = resolver.role("cls_token", names.cls, may_add, false);
  result.special.mask = resolver.role("mask_token", names.mask, may_add, names.mask_lstrip);
  for (const AddedToken& token : config.additional) resolver.add(token);
  result.tokens = std::move(resolver).tokens();
  return result;
}

}  // namespace albert
