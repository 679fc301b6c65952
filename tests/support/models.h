#pragma once
// Small models and batches for tests.
#include <random>

#include "albert/albert.h"

namespace albert::testing {

// Odd sizes everywhere; two groups of two inner layers over three applications.
inline AlbertConfig tiny_config() {
  AlbertConfig c;
  c.vocab_size = 29;
  c.embedding_size = 6;
  c.hidden_size = 15;
  c.num_hidden_layers = 3;
  c.num_hidden_groups = 2;
  c.inner_group_num = 2;
  c.num_attention_heads = 3;
  c.intermediate_size = 11;
  c.max_position_embeddings = 24;
  c.type_vocab_size = 3;
  c.initializer_range = 0.3;  // larger than in training: no gradient is near zero
  return c;
}

// The tiny config for a head with `n` labels.
inline AlbertConfig with_labels(int64_t n, const std::string& problem = "") {
  AlbertConfig config = tiny_config();
  config.problem_type = problem;
  config.id2label.clear();
  for (int64_t i = 0; i < n; ++i) config.id2label[i] = "LABEL_" + std::to_string(i);
  return config;
}

// Ragged sequences of 1..length tokens, the longest one full; with labels for every head.
struct RandomBatch {
  RandomBatch(const AlbertConfig& config, int64_t batch, int64_t length, uint32_t seed)
      : batch_size(batch), padded_length(length) {
    std::mt19937 random(seed);
    const auto draw = [&](int64_t n) {
      return static_cast<int64_t>(random() % static_cast<uint32_t>(n));
    };
    std::vector<int64_t> ids, mask, types, labels, orders;
    for (int64_t b = 0; b < batch; ++b) {
      const int64_t tokens = b == 0 ? length : 1 + draw(length);
      for (int64_t i = 0; i < length; ++i) {
        const bool real = i < tokens;
        ids.push_back(real ? draw(config.vocab_size) : 0);
        mask.push_back(real);
        types.push_back(real ? draw(config.type_vocab_size) : 0);
        labels.push_back(real && (i == 0 || draw(3) == 0) ? draw(config.vocab_size) : -100);
      }
      orders.push_back(draw(2));
    }
    inputs.input_ids = HostTensor::of<int64_t>({batch, length}, ids);
    inputs.attention_mask = HostTensor::of<int64_t>({batch, length}, mask);
    inputs.token_type_ids = HostTensor::of<int64_t>({batch, length}, types);
    pretraining = {HostTensor::of<int64_t>({batch, length}, labels),
                   HostTensor::of<int64_t>({batch}, orders)};
  }
  // One sequence of it, cut to its own length.
  RandomBatch single(int64_t b) const {
    RandomBatch one = *this;
    int64_t tokens = 0;
    while (tokens < padded_length &&
           inputs.attention_mask.at<int64_t>(b * padded_length + tokens) == 1)
      ++tokens;
    const auto cut = [&](const HostTensor& t) {
      const auto* from = t.data<int64_t>() + b * padded_length;
      return HostTensor::of<int64_t>({1, tokens}, std::vector<int64_t>(from, from + tokens));
    };
    one.batch_size = 1;
    one.padded_length = tokens;
    one.inputs = {
        cut(inputs.input_ids), cut(inputs.attention_mask), cut(inputs.token_type_ids), {}, {}};
    one.pretraining.labels = cut(pretraining.labels);
    one.pretraining.sentence_order_label =
        HostTensor::of<int64_t>({1}, {pretraining.sentence_order_label.at<int64_t>(b)});
    return one;
  }

  int64_t batch_size, padded_length;
  ModelInputs inputs;
  PreTrainingLabels pretraining;
};

// Moves every parameter, LayerNorm and biases too, off its starting value.
inline void randomize(AlbertPreTrainedModel& model, uint32_t seed, double scale = 0.3) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(0, scale);
  for (const Parameter& p : model.parameters().all()) {
    std::vector<float> values(static_cast<size_t>(p.shape.size()));
    for (float& value : values)
      value = static_cast<float>(normal(random) + (p.init == Init::kOnes ? 1 : 0));
    model.parameters().write(p, HostTensor::of<float>({p.shape.size()}, values));
  }
  model.sync_compute_copies();
}

inline std::vector<double> doubles(const HostTensor& t) {
  const HostTensor wide = t.to(DType::kF64);
  return {wide.data<double>(), wide.data<double>() + wide.size()};
}

inline bool same_bits(const TensorFile& a, const TensorFile& b) {
  if (a.tensors.size() != b.tensors.size()) return false;
  for (const auto& [name, tensor] : a.tensors) {
    const auto other = b.tensors.find(name);
    if (other == b.tensors.end() || tensor.bytes() != other->second.bytes() ||
        std::memcmp(tensor.raw(), other->second.raw(), tensor.bytes()) != 0)
      return false;
  }
  return true;
}

}  // namespace albert::testing
