#pragma once
#include <memory>

#include "albert/tokenizer/pipeline/points.h"

namespace albert {

class JsonView;

// One step of tokenizer.json's "normalizer": text to text. Any number of threads may use one.
class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual Points run(const Points& text) const = 0;
};

// How BERT cleans text. `google`: as Google's tokenization.py, which drops of Unicode's category C
// only controls and formats.
struct BertRules {
  bool clean_text = true, chinese_characters = true, strip_accents = true, lower_case = true;
  bool google = false;
};
std::unique_ptr<const Normalizer> make_bert_normalizer(const BertRules& rules);

// Error(kBadData) "place: .." for a step that is not known or does not say what it must.
std::unique_ptr<const Normalizer> read_normalizer(const JsonView& step);

}  // namespace albert
