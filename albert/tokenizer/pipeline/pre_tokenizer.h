#pragma once
#include <memory>
#include <vector>

#include "albert/tokenizer/pipeline/points.h"

namespace albert {

class JsonView;

// One step of tokenizer.json's "pre_tokenizer": a part of a text to the parts that the model
// encodes one by one. Any number of threads may use one.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  // Appends the parts of `text`; it and they are not empty.
  virtual void run(Points text, std::vector<Points>& parts) const = 0;
};

// BERT's: apart at white space, and punctuation alone. `basic` false: at white space only.
std::unique_ptr<const PreTokenizer> make_bert_pre_tokenizer(bool basic = true);

// Error(kBadData) "place: .." for a step that is not known or does not say what it must.
std::unique_ptr<const PreTokenizer> read_pre_tokenizer(const JsonView& step);

}  // namespace albert
