#include "albert/engine/model/backbone.h"

#include "albert/kernels/row_ops.h"

namespace albert {

Backbone::Backbone(ParameterStore& store, const std::string& prefix, const AlbertConfig& config,
                   Pooling pooling)
    : embeddings_(store, prefix, config), encoder_(store, prefix, config) {
  if (pooling == Pooling::kFirstToken) pooler_.emplace(store, prefix, config);
}

BackboneOutput Backbone::operator()(Tape& t, const PackedBatch& batch, const EncoderCall& call,
                                    HostView first_rows) const {
  std::optional<Var> embeds;
  if (batch.has_embeds()) {
    const HostTensor& given = batch.inputs_embeds();  // already in the compute type
    embeds = t.input(t.on_device(given.view({given.dim(0), given.dim(1)})));
  }
  const Var x =
      embeds ? embeddings_(t, *embeds, batch, call.dropout) : embeddings_(t, batch, call.dropout);
  BackboneOutput out{encoder_(t, x, batch, call), std::nullopt, embeds};
  for (Tensor& state : out.encoder.hidden_states) state = ops::unpack_rows(t, state, batch);
  for (Tensor& attention : out.encoder.attentions) attention = ops::widen(t, attention);
  if (pooler_)
    out.pooled = (*pooler_)(t, ops::gather_rows(t, out.encoder.last_hidden_state, first_rows));
  return out;
}

}  // namespace albert
