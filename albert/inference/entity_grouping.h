#pragma once
#include <string>
#include <vector>

#include "albert/inference/token_windows.h"

namespace albert {

// How labels of tokens become entities: the aggregation strategies of transformers'
// token-classification pipeline. kNone: each token alone; kSimple: tokens in a row; the others give
// a word one label first, that of its first token, of the mean of its tokens' probabilities, or of
// its surest token.
enum class Aggregation : uint8_t { kNone, kSimple, kFirst, kAverage, kMax };
// Error(kUsage) for other names than none, simple, first, average and max.
Aggregation aggregation_named(const std::string& name);

struct Entity {
  std::string label;           // its type, "PER"; under kNone the label as it is, "B-PER"
  double score = 0;            // mean probability of its tokens or words
  std::string text;            // as it stands, without white space around it
  int64_t begin = 0, end = 0;  // its code points in the text
};

// What a text's tokens, or words, are.
struct TokenClassification {
  std::vector<Entity> entities;
  // Of each word, where words were given. One without a token has "O", or the first label where
  // the model has no "O".
  std::vector<std::string> labels;
};

// Outputs of a model for the tokens of a text, [tokens][labels].
struct TokenLogits {
  size_t labels = 0;
  std::vector<float> values;

  std::span<const float> of(size_t token) const {
    return std::span(values).subspan(token * labels, labels);
  }
};

// Labels other than "O" in a row are one entity where they have one type: B- and I- as the pipeline
// reads them, and where the model knows a B- label also S- and U-, which stand alone, and E- and
// L-, which end one. `labels` are the model's. Error(kMismatch) for an output that is not finite.
TokenClassification group_entities(const WindowedText& text, const TokenLogits& logits,
                                   const std::vector<std::string>& labels, Aggregation aggregation);

}  // namespace albert
