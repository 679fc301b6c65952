#pragma once
#include <map>
#include <string>
#include <vector>

#include "albert/engine/host_tensor.h"
#include "albert/engine/model/config.h"
#include "albert/engine/parameter.h"

namespace albert {

// A folder's tensors under the names of a model's parameters, and what did not fit ("name
// [shape]").
struct StateDict {
  std::map<std::string, HostTensor> tensors;
  std::vector<std::string> missing, unexpected, wrong;
};

// Understands what transformers wrote over the years (albert.md 6.2): with or without "albert.",
// gamma/beta for a LayerNorm's weight/bias, position_ids buffers, the tied decoder present or
// absent. Error(kMismatch) when two tensors claim one parameter.
StateDict match_state_dict(ParameterStore& store, const AlbertConfig& config,
                           std::map<std::string, HostTensor> tensors);

Parameter* word_embeddings_of(ParameterStore& store);  // null where the model has none

// The word table's row for padding starts at zero, as torch.nn.Embedding(padding_idx).
void zero_padding_row(kernels::Backend& backend, Parameter& words, int64_t padding_idx);

}  // namespace albert
