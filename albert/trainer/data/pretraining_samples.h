#pragma once
#include <memory>
#include <mutex>

#include "albert/trainer/data/corpus.h"
#include "albert/trainer/data/example_source.h"
#include "albert/trainer/data/masking.h"

namespace albert {

// The options of Google's create_pretraining_data.py that sentence pairs have (docs/albert.md,
// section 4, steps 3 to 6).
struct PairOptions {
  int64_t max_seq_length = 512;
  double short_seq_prob = 0.1;
};

// Examples made of a corpus: each pass over it cuts, pairs and masks it anew, as Google's
// dupe_factor does.
class PretrainingSamples final : public ExampleSource {
 public:
  // `corpus` must outlive this. Error(kBadData) for a corpus without documents; kUsage for a length
  // below 8.
  PretrainingSamples(const Corpus& corpus, const Tokenizer& tokenizer, const PairOptions& pairs,
                     const MaskingOptions& masking, uint64_t seed);
  ~PretrainingSamples() override;

  PretrainingExample example(int64_t position) const override;
  int64_t size_of_pass(int64_t pass) const override;

 private:
  // Sentences [first, end) of a document, of which [first, middle) are the first text.
  struct Chunk {
    uint32_t document, first, middle, end;
    bool random_document;
  };
  struct Pass;
  struct Place;
  Place place_of(int64_t position) const;
  std::shared_ptr<const Pass> pass(int64_t number) const;
  std::shared_ptr<const Pass> make_pass(int64_t number) const;
  int64_t target_length(int64_t pass, int64_t document) const;
  Chunk next_chunk(int64_t pass, int64_t document, int64_t first, int64_t target,
                   Random& random) const;
  std::vector<int32_t> random_document_text(int64_t document, int64_t length, Random& random) const;
  void fill(PretrainingExample& made, const std::vector<int32_t>& a, const std::vector<int32_t>& b,
            Random& random) const;
  std::vector<int32_t> sentences(uint32_t document, uint32_t first, uint32_t end) const;

  const Corpus& corpus_;
  MaskingVocabulary vocabulary_;
  PairOptions pairs_;
  MaskingOptions masking_;
  uint64_t seed_;
  mutable std::mutex mutex_;
  mutable std::vector<int64_t> first_of_pass_{0};  // the position of each pass's first example
  mutable std::shared_ptr<const Pass> current_;
};

}  // namespace albert
