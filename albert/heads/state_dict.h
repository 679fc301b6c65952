#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "albert/engine/model/config.h"
#include "albert/engine/parameter.h"
#include "albert/engine/weights/weight_source.h"

namespace albert {

// Which part of a model a tensor belongs to, by its name with or without "albert.". A head's own
// tensors and the pooler may be new; embeddings and encoder are what was pre-trained.
enum class ModelPart : uint8_t { kEmbeddings, kEncoder, kPooler, kHead };
ModelPart part_of(std::string_view name);

// Which tensor of a source gives each parameter of a model its values, and what does not fit.
struct StateDict {
  std::map<std::string, std::string> sources;  // by parameter, the source's name of the tensor
  std::vector<const Parameter*> missing;       // parameters without a tensor
  std::vector<std::string> unexpected;         // tensors without a parameter: "name [shape]"
  std::vector<std::string> wrong;              // "name: found [shape] dtype, wanted [shape]"
};

// Understands what transformers wrote over the years (docs/albert.md 6.2): with or without
// "albert.", gamma/beta for a LayerNorm's weight/bias, position_ids buffers, the tied decoder
// present, absent or in the place of the word embeddings. Reads no data. Error(kMismatch) when two
// tensors claim one parameter.
StateDict match_state_dict(const ParameterStore& store, const AlbertConfig& config,
                           const WeightSource& weights);

// Error(kMismatch) naming with shapes what is missing or does not fit, where `place` begins the
// message. What may be missing is a matter of the head: its own tensors and its pooler, where the
// caller means to train them. Embeddings and encoder are the model.
void check_complete(const StateDict& found, const std::string& place,
                    const std::string& architecture, bool allow_missing_head = false);

// "name [shape]", for messages.
std::string described(const Parameter& parameter);

Parameter* word_embeddings_of(ParameterStore& store);  // null where the model has none

// The word table's row for padding starts at zero, as torch.nn.Embedding(padding_idx).
void zero_padding_row(kernels::Backend& backend, Parameter& words, int64_t padding_idx);

}  // namespace albert
