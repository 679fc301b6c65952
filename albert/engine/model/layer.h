#pragma once
#include <string>

#include "albert/engine/model/config.h"
#include "albert/engine/ops/ops.h"
#include "albert/engine/packed_batch.h"

namespace albert {

// The dropout of one step; inactive in evaluation. Sites are numbered by their place in the
// network.
struct DropoutState {
  bool active = false;
  uint64_t seed = 0;
  uint64_t step = 0;

  ops::Dropout at(uint32_t site, double probability, HostView row_ids) const {
    return {active ? probability : 0, seed, step, site, row_ids};
  }
};

// The rows that a layer computes, as views of the host's arrays. A layer captures them by value,
// since a recomputed segment runs after its caller has returned.
struct RowViews {
  HostView rows;                              // [R] i32 into the packed batch; empty: all of them
  HostView cu_seqlens, in_sequence, row_ids;  // as in RowSelection

  static RowViews all(const PackedBatch& batch) {
    return {{}, batch.cu_seqlens(), batch.index_in_sequence(), batch.row_ids()};
  }
  static RowViews of(const RowSelection& selection);
};

// The operands of a layer's weight gradients: the inputs of its matmuls and the gradients of their
// outputs. Where the applications of a layer lie one after another in memory, each weight gradient
// is one matmul over all of them.
struct LayerOperands {
  Tensor hidden, context, attention_output;  // [rows, H]: inputs of the projections, dense and ffn
  Tensor wide;                               // [rows, I]: input of ffn_output
  Tensor dquery, dkey_value, ddense;         // [rows, H], [rows, 2H], [rows, H]
  Tensor dwide, dnarrow;                     // [rows, I], [rows, H]

  static LayerOperands allocate(Tape& t, const AlbertConfig& config, int64_t rows, DType dtype);
  // The bytes that `rows` take beyond those that backward needs anyway.
  static int64_t extra_bytes(const AlbertConfig& config, int64_t rows, DType dtype);
  LayerOperands rows(int64_t begin, int64_t count) const;
  explicit operator bool() const { return static_cast<bool>(hidden); }
};

// All that one application of a layer depends on besides x.
struct LayerCall {
  RowViews keys;              // every token
  RowViews queries;           // the tokens that are computed; fewer in a pruned last layer
  Tensor probabilities = {};  // [B, heads, S, S], gets the attention probabilities; or empty
  DropoutState dropout;
  uint32_t site = 0;            // the first of its kLayerSites
  LayerOperands operands = {};  // storage for them; empty: backward adds the gradients itself
  Tensor output = {};           // storage for the hidden states; empty: the arena
};
constexpr uint32_t kLayerSites = 2;

// One post-LN block (docs/albert.md, "The network"): attention, residual, LayerNorm, feed-forward,
// residual, LayerNorm. As in transformers, the feed-forward output has no dropout.
class Layer {
 public:
  Layer(ParameterStore& store, const std::string& prefix, const AlbertConfig& config);

  // [T, H] -> [R, H], R = T unless call.queries selects rows
  Var operator()(Tape& t, Var x, const LayerCall& call) const;

  // Adds the gradients that backward leaves to its caller when it has call.operands: those of all
  // weights and of all biases but ffn's.
  void add_gradients(Tape& t, const LayerOperands& operands) const;

 private:
  struct Projections {
    Parameter &query_weight, &query_bias, &key_value_weight, &key_value_bias;
  };
  static Projections add_projections(ParameterStore& store, const std::string& prefix,
                                     int64_t hidden);
  Var attention(Tape& t, Var x, Var x_queries, const LayerCall& call) const;
  ops::LayerNorm norm(const Parameter& gamma, const Parameter& beta) const {
    return {gamma, beta, config_.layer_norm_eps};
  }

  AlbertConfig config_;
  Projections projections_;
  Parameter &dense_weight_, &dense_bias_, &attention_gamma_, &attention_beta_;
  Parameter &ffn_weight_, &ffn_bias_, &ffn_output_weight_, &ffn_output_bias_, &full_gamma_,
      &full_beta_;
};

// Declare a weight with decay and a normal start, `packed` for linear layers; one of the encoder's
// linear layers, which may be int8; a bias, or LayerNorm's beta; LayerNorm's gamma.
Parameter& add_weight(ParameterStore& store, const std::string& name, Shape shape, bool packed);
Parameter& add_encoder_weight(ParameterStore& store, const std::string& name, Shape shape);
Parameter& add_bias(ParameterStore& store, const std::string& name, int64_t size);
Parameter& add_gamma(ParameterStore& store, const std::string& name, int64_t size);

}  // namespace albert
