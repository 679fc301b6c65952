#pragma once
#include <string>

#include "albert/engine/model/config.h"
#include "albert/engine/ops/ops.h"
#include "albert/engine/packed_batch.h"

namespace albert {

// Dropout of one step; inactive in evaluation. Sites are numbered by where they stand in the
// network.
struct DropoutState {
  bool active = false;
  uint64_t seed = 0;
  uint64_t step = 0;

  kernels::Dropout at(uint32_t site, double probability, Tensor row_ids) const {
    return {active ? probability : 0, seed, step, site, row_ids, {}};
  }
};

// The rows a layer works on, as views: captured by value, for a recomputed segment runs after its
// caller.
struct RowViews {
  Tensor rows;  // [R] into the packed batch; empty: all of them
  Tensor cu_seqlens, in_sequence, row_ids;

  static RowViews all(const PackedBatch& batch) {
    return {{}, batch.cu_seqlens(), batch.index_in_sequence(), batch.row_ids()};
  }
  static RowViews of(const RowSelection& selection);
};

// What the weight gradients of a layer are made of: the inputs of its matmuls and the gradients of
// their outputs. With several applications of the layer one after another in memory, each gradient
// is one matmul over all of them.
struct LayerOperands {
  Tensor hidden, context,
      attention_output;  // [rows, H]: inputs of the projections, of dense and of ffn
  Tensor wide;           // [rows, I]: input of ffn_output
  Tensor dquery, dkey_value, ddense, dwide,
      dnarrow;  // [rows, H], [rows, 2H], [rows, H], [rows, I], [rows, H]

  static LayerOperands allocate(Tape& t, const AlbertConfig& config, int64_t rows, DType dtype);
  // Bytes that `rows` take beyond what backward needs anyway.
  static int64_t extra_bytes(const AlbertConfig& config, int64_t rows, DType dtype);
  LayerOperands rows(int64_t begin, int64_t count) const;
  explicit operator bool() const { return static_cast<bool>(hidden); }
};

// Everything but x that one application of a layer depends on.
struct LayerCall {
  RowViews keys;              // every token
  RowViews queries;           // the tokens wanted out; fewer in a pruned last layer
  Tensor probabilities = {};  // attention probabilities go here when asked for
  DropoutState dropout;
  uint32_t site = 0;            // first of its kLayerSites
  LayerOperands operands = {};  // where they go; empty: backward adds the gradients itself
  Tensor output = {};           // where the hidden states go; empty: on the arena
};
constexpr uint32_t kLayerSites = 2;

// One post-LN block (albert.md 2.3): attention, residual, LayerNorm, feed-forward, residual,
// LayerNorm. As in transformers, the feed-forward output has no dropout.
class Layer {
 public:
  Layer(ParameterStore& store, const std::string& prefix, const AlbertConfig& config);

  // [T, H] -> [R, H], R = T unless call.queries selects rows
  Var operator()(Tape& t, Var x, const LayerCall& call) const;

  // The gradients that backward left to its caller: all weights', and of the biases all but ffn's.
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

// Shorthands of the modules: a decayed weight with the usual start, a bias, LayerNorm's two.
Parameter& add_weight(ParameterStore& store, const std::string& name, Shape shape, bool packed);
Parameter& add_bias(ParameterStore& store, const std::string& name, int64_t size);
Parameter& add_gamma(ParameterStore& store, const std::string& name, int64_t size);

}  // namespace albert
