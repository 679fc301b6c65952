#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "albert/tokenizer/added_tokens.h"
#include "albert/tokenizer/pipeline/decoder.h"
#include "albert/tokenizer/pipeline/normalizer.h"
#include "albert/tokenizer/pipeline/pre_tokenizer.h"
#include "albert/tokenizer/pipeline/word_model.h"
#include "albert/tokenizer/word_encoder.h"

namespace albert {

struct PipelineSteps {
  std::unique_ptr<const Normalizer> normalizer;       // null: text stays as it is
  std::unique_ptr<const PreTokenizer> pre_tokenizer;  // null: the text is one part
  std::unique_ptr<const WordModel> model;
  std::unique_ptr<const PieceDecoder> decoder;  // null: blanks between the pieces
  std::vector<AddedToken> added;                // those that are no pieces follow them in order
  bool matches_special = true;                  // whether special tokens are looked for in text
  // Words between white space that are left alone: a piece each, or unknown (BertTokenizer's
  // never_split).
  std::unordered_set<std::string> never_split;
};

// A tokenizer as tokenizer.json describes it: added tokens are cut out, the rest is normalised,
// divided into parts and cut by the model, each as its step says. Ids and offsets are those of the
// `tokenizers` library.
class Pipeline final : public WordEncoder {
 public:
  explicit Pipeline(PipelineSteps steps);

  bool by_word() const override { return false; }
  Pieces encode(std::string_view text) const override;

  int64_t size() const override { return static_cast<int64_t>(pieces_.size()); }
  const std::string& piece(int32_t id) const override {
    return pieces_.at(static_cast<size_t>(id));
  }
  std::optional<int32_t> id_of(std::string_view piece) const override;
  bool starts_word(int32_t id) const override;
  std::string join(const std::vector<std::string>& pieces) const override;

  const std::vector<AddedToken>& added_tokens() const { return added_.tokens(); }

 private:
  // Parts that the model has cut before.
  using Cache = std::unordered_map<std::string, std::vector<WordModel::Cut>>;
  struct Run;

  void encode_raw(const Points& text, Run& run) const;
  void encode_normalized(Points text, Run& run) const;
  void encode_part(const Points& part, Run& run) const;
  const std::vector<WordModel::Cut>& cuts_of(const std::string& part, Run& run) const;
  std::unique_ptr<Cache> take_cache() const;
  void give_back(std::unique_ptr<Cache> cache) const;

  PipelineSteps steps_;
  std::vector<std::string> pieces_;  // of the model, then what was added to them
  AddedTokens added_;
  std::unordered_map<std::string, int32_t> added_ids_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Cache>> free_caches_;
};

}  // namespace albert
