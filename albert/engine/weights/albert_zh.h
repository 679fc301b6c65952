#pragma once
// brightmart's first albert_zh (its modeling.py), which projects words to the hidden size before it
// adds positions and types. That is the ALBERT whose embedding_size is its hidden_size, whose words
// are the product and whose embedding_hidden_mapping_in is the identity. Not installed.
#include "albert/engine/weights/weight_source.h"

namespace albert {

// The name that the projection, [embedding, hidden], has among transformers' names.
constexpr const char* kAlbertZhProjection = "bert/embeddings/word_embeddings_2";

// Tensors under transformers' names, of which one is the projection: multiplies it with the words
// when these are read, and adds the identity. Error(kBadData) where the shapes do not fit.
std::unique_ptr<const WeightSource> with_projected_words(
    std::unique_ptr<const WeightSource> weights);

}  // namespace albert
