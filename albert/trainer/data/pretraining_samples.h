#pragma once
#include <memory>
#include <mutex>

#include "albert/trainer/data/corpus.h"
#include "albert/trainer/data/masking.h"

namespace albert {

// Sentence pairs as create_pretraining_data.py makes them (albert.md 4, steps 3 to 6).
struct PairOptions {
  int64_t max_seq_length = 512;
  double short_seq_prob = 0.1;
};

struct PretrainingExample {
  std::vector<int32_t> input_ids, token_type_ids;
  std::vector<int32_t> masked_positions, masked_labels;
  int32_t sentence_order_label = 0;  // 0 in order; 1 swapped, or the second from another document
  std::vector<int32_t> ngrams;       // words of each masked n-gram
  bool random_document = false;
};

// Example number p of an endless, shuffled stream: a pure function of (seed, p), whoever asks, in
// whatever order. Each pass over the corpus cuts, pairs and masks it anew (Google's dupe_factor).
class PretrainingSamples {
 public:
  // `corpus` must outlive this. Error(kBadData) for a corpus without documents.
  PretrainingSamples(const Corpus& corpus, const Tokenizer& tokenizer, const PairOptions& pairs,
                     const MaskingOptions& masking, uint64_t seed);
  ~PretrainingSamples();

  PretrainingExample example(int64_t position) const;
  int64_t size_of_pass(int64_t pass) const;

 private:
  // Sentences [first, end) of a document, of which [first, middle) are the one text.
  struct Chunk {
    uint32_t document, first, middle, end;
    bool random_document;
  };
  struct Pass;
  std::shared_ptr<const Pass> pass(int64_t number) const;
  std::shared_ptr<const Pass> make_pass(int64_t number) const;
  int64_t target_length(int64_t pass, int64_t document) const;
  Chunk next_chunk(int64_t pass, int64_t document, int64_t first, int64_t target,
                   Random& random) const;
  std::vector<int32_t> random_document_text(int64_t document, int64_t length, Random& random) const;

  const Corpus& corpus_;
  MaskingVocabulary vocabulary_;
  PairOptions pairs_;
  MaskingOptions masking_;
  uint64_t seed_;
  mutable std::mutex mutex_;
  mutable std::vector<int64_t> first_of_pass_{0};  // positions
  mutable std::shared_ptr<const Pass> current_;
};

}  // namespace albert
