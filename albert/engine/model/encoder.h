#pragma once
#include <deque>
#include <vector>

#include "albert/engine/model/layer.h"

namespace albert {

// The options of one pass through the encoder.
struct EncoderCall {
  RowViews rows;  // the rows that the last layer computes; rows.rows empty: all
  DropoutState dropout;
  Keep keep = Keep::kActivations;
  bool hidden_states = false;  // needs all rows
  bool attentions = false;     // needs all rows
};

struct EncoderOutput {
  Var last_hidden_state;  // [T or R, H]
  // L * K + 1 of [T, H]: the mapped embeddings, then the output of each inner layer. A Backbone
  // gives them as [B, S, H], and these and the attentions in accumulator(F).
  std::vector<Tensor> hidden_states;
  // L * K of [B, heads, S, S], S being the longest sequence; keys lie in packed order.
  std::vector<Tensor> attentions;
};

// Groups of inner layers, applied num_hidden_layers times (docs/albert.md, "The network"). Sharing
// needs no code: the same Layer runs again and its kernels add to the same gradients.
class Encoder {
 public:
  Encoder(ParameterStore& store, const std::string& prefix, const AlbertConfig& config);

  EncoderOutput operator()(Tape& t, Var x, const PackedBatch& batch, const EncoderCall& call) const;

  // The bytes that a step over `tokens` takes more with Keep::kBatchedWeightGradients.
  static int64_t operand_bytes(const AlbertConfig& config, int64_t tokens, DType dtype);

 private:
  struct Application {
    const Layer* layer;
    LayerCall call;
    bool every_row() const { return !call.queries.rows; }
  };
  std::vector<Application> applications(const RowViews& all, const EncoderCall& call) const;
  Var keep_operands(Tape& t, Var x, std::vector<Application>& applications) const;

  AlbertConfig config_;
  std::deque<Layer> layers_;  // inner layer k of group g has the index g * inner_group_num + k
};

}  // namespace albert
