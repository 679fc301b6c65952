#pragma once
#include <optional>

#include "albert/engine/model/embeddings.h"
#include "albert/engine/model/encoder.h"
#include "albert/engine/model/pooler.h"

namespace albert {

struct BackboneOutput {
  EncoderOutput encoder;
  std::optional<Var> pooled;         // [B, H]
  std::optional<Var> inputs_embeds;  // [T, E], when the batch came with them
};

// transformers' AlbertModel: embeddings, encoder and, for heads that use it, the pooler.
class Backbone {
 public:
  enum class Pooling : uint8_t { kNone, kFirstToken };

  // `prefix` is "albert." in a head and "" in an AlbertModel.
  Backbone(ParameterStore& store, const std::string& prefix, const AlbertConfig& config,
           Pooling pooling);

  // `first_rows` [B] i32 are the places of the first tokens among the rows that the call asks for;
  // only the pooler reads them.
  BackboneOutput operator()(Tape& t, const PackedBatch& batch, const EncoderCall& call,
                            HostView first_rows) const;

  bool has_pooler() const { return pooler_.has_value(); }
  const Parameter& word_embeddings() const { return embeddings_.word(); }

 private:
  Embeddings embeddings_;
  Encoder encoder_;
  std::optional<Pooler> pooler_;
};

}  // namespace albert
