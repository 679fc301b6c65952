#pragma once
#include <cstdint>
#include <vector>

#include "albert/tokenizer/tokenizer.h"
#include "albert/trainer/data/random.h"

namespace albert {

// The options of Google's create_pretraining_data.py that masking has, with its names and defaults.
struct MaskingOptions {
  double masked_lm_prob = 0.15;
  int64_t max_predictions_per_seq = 20;
  int ngram = 3;
  bool favor_shorter_ngram = true;
  bool do_whole_word_mask = true;
};

// The parts of a vocabulary that masking needs, looked up once.
struct MaskingVocabulary {
  explicit MaskingVocabulary(const Tokenizer& tokenizer);
  int64_t size;
  int32_t cls, sep, mask;
  std::vector<bool> starts_word;  // by id
};

struct Masked {
  std::vector<int32_t> input_ids;  // with [MASK] and random pieces put in
  std::vector<int32_t> positions;  // ascending
  std::vector<int32_t> labels;     // the pieces that stood there
  std::vector<int32_t> ngrams;     // words of each n-gram, in the order they were drawn
};

// Chooses n-grams of words and replaces most of them, as docs/albert.md says in section 4, step 7.
// `ids`: [CLS] A [SEP] B [SEP].
Masked mask_tokens(std::vector<int32_t> ids, const MaskingVocabulary& vocabulary,
                   const MaskingOptions& options, Random& random);

}  // namespace albert
