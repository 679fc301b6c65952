#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "albert/base/error.h"
#include "albert/tokenizer/preprocess.h"

namespace albert {

// kLongestFirst drops one id after the other, as slow tokenizers and Google's scripts do;
// kLongestFirstFast shares the room out as the tokenizers library does. They differ by an id where
// the room is odd and both texts are cut.
enum class Truncation : uint8_t {
  kNone,
  kLongestFirst,
  kLongestFirstFast,
  kOnlyFirst,
  kOnlySecond
};

// transformers' arguments of the same names.
struct EncodeOptions {
  bool add_special_tokens = true;
  Truncation truncation = Truncation::kNone;
  int64_t max_length = 512;  // with special tokens; used where truncation is not kNone
  int64_t stride = 0;        // ids that overflowing parts share with the part before
  int64_t pad_to = 0;        // fill up to this length; 0: no padding
  // Of a pair, at most so many ids of the first text stay, its first ones; 0: all. Nothing else
  // truncates them under kOnlySecond.
  int64_t max_first_length = 0;
};

// One sequence or pair, under transformers' names.
struct Encoding {
  std::vector<std::string> tokens;
  std::vector<int32_t> input_ids, token_type_ids, attention_mask, special_tokens_mask;
  std::vector<std::pair<int64_t, int64_t>>
      offset_mapping;                 // code points [begin, end) of the text it comes from
  std::vector<int32_t> sequence_ids;  // 0: of the text, 1: of its pair, -1: special or padding
};

// What a caller changes of what a folder says; the rest stays.
struct TokenizerOverrides {
  std::optional<Preprocessing> preprocessing = {};
  std::optional<bool> do_lower_case = {}, keep_accents = {};
  bool any() const { return preprocessing || do_lower_case || keep_accents; }
};

// Text to ids and back as ALBERT's releases do it: SentencePiece under transformers' or Google's
// preprocessing, WordPiece where the folder has a vocab.txt, or the steps of a tokenizer.json. Any
// number of threads may use one.
class Tokenizer {
 public:
  struct State;  // tokenizer_state.h

  // A folder with spiece.model (or 30k-clean.model), vocab.txt or tokenizer.json, the first of them
  // that is there, and what tokenizer_config.json, special_tokens_map.json and added_tokens.json
  // say; or one such file. Error(kMissingInput), Error(kBadData) for what is damaged or cannot be
  // honoured, Error(kMismatch) for a tokenizer_class that is not known and for overrides of a
  // tokenizer.json, which says itself how text is normalised.
  static std::shared_ptr<const Tokenizer> from_pretrained(const std::filesystem::path& path,
                                                          const TokenizerOverrides& overrides = {});
  // The same with every option given.
  static std::shared_ptr<const Tokenizer> from_pretrained(const std::filesystem::path& path,
                                                          const TokenizerOptions& options);
  // From the bytes of a spiece.model.
  static std::shared_ptr<const Tokenizer> from_sentence_model(const std::string& name,
                                                              const std::string& bytes,
                                                              const TokenizerOptions& options = {});
  ~Tokenizer();
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  // Without special tokens, except that "[MASK]" and the like in the text become themselves (not
  // under Google's preprocessing). Error(kBadData) "byte 17 is not UTF-8".
  std::vector<int32_t> ids(std::string_view text) const;

  Encoding encode(std::string_view text, const EncodeOptions& options = {}) const;
  Encoding encode(std::string_view text, std::string_view text_pair,
                  const EncodeOptions& options = {}) const;
  // Of a pair that is ids already, what encode() gives of its texts: ids with special tokens,
  // truncated, and their token types.
  std::pair<std::vector<int32_t>, std::vector<int32_t>> prepare_for_model(
      std::span<const int32_t> ids, std::span<const int32_t> pair_ids,
      const EncodeOptions& options = {}) const;
  int64_t num_special_tokens_to_add(bool pair) const;  // how many ids those are
  // All parts of a text that is too long, each at most max_length: return_overflowing_tokens.
  std::vector<Encoding> encode_overflowing(std::string_view text,
                                           std::optional<std::string_view> text_pair,
                                           const EncodeOptions& options) const;

  // `clean_up`: transformers' clean_up_tokenization_spaces
  std::string decode(std::span<const int32_t> ids, bool skip_special_tokens = true,
                     bool clean_up = true) const;

  int64_t vocab_size() const;  // with the tokens that were added: len(tokenizer) of transformers
  const std::string& piece(int32_t id) const;
  std::optional<int32_t> id_of(std::string_view piece) const;
  // A note where this many rows of a model's embeddings are more than there are ids, empty where
  // they are as many. Error(kMismatch) where they are fewer: some ids would have none.
  std::string check_vocab_size(int64_t rows) const;
  // Whether whole-word masking begins a word at this id (docs/albert.md 4, step 7).
  bool starts_word(int32_t id) const;
  int32_t cls_id() const;
  int32_t sep_id() const;
  int32_t mask_id() const;
  int32_t pad_id() const;
  int32_t unk_id() const;
  bool is_special(int32_t id) const;
  const TokenizerOptions& options() const;

  // The files of a model folder by name, which transformers 4 and 5 load to the same ids. What came
  // from a tokenizer.json is kept as it was read.
  std::map<std::string, std::string> files() const;
  // Writes files() into a folder that is there. Error(kIo).
  void save_pretrained(const std::filesystem::path& folder) const;
  // Of vocabulary and options: ids made by one tokenizer are not for a model of another.
  uint64_t fingerprint() const;

 private:
  explicit Tokenizer(std::unique_ptr<State> state);
  Encoding encode_pair(std::string_view text, const std::string_view* pair,
                       const EncodeOptions& options) const;

  std::unique_ptr<State> state_;
};

}  // namespace albert
