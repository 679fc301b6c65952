#pragma once
#include "albert/engine/model/layer.h"

namespace albert {

// tanh(h W + b) of each sequence's first token (docs/albert.md, "The network").
class Pooler {
 public:
  Pooler(ParameterStore& store, const std::string& prefix, const AlbertConfig& config)
      : weight_(add_weight(store, prefix + "pooler.weight",
                           {config.hidden_size, config.hidden_size}, true)),
        bias_(add_bias(store, prefix + "pooler.bias", config.hidden_size)) {}

  // first_tokens [B, H] -> [B, H]
  Var operator()(Tape& t, Var first_tokens) const {
    return ops::linear_activation(t, first_tokens, {weight_, bias_}, kernels::Activation::kTanh);
  }

 private:
  Parameter &weight_, &bias_;
};

}  // namespace albert
