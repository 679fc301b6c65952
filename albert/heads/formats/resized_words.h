#pragma once
// Not installed.
#include "albert/engine/weights/weight_source.h"

namespace albert {

// A source whose word embeddings have `rows` rows, and so the output layer and its bias where they
// are there. Those behind the old ones are the mean of the old ones: a new word begins as none in
// particular (transformers' resize_token_embeddings draws around the same mean). Error(kMismatch)
// where the source has more rows.
std::shared_ptr<const WeightSource> with_resized_words(std::shared_ptr<const WeightSource> weights,
                                                       int64_t rows);

}  // namespace albert
