#pragma once
// Folders with a classifier whose outputs are known: its weights are zero, so they are its biases.
#include <map>

#include "albert/heads/sequence_classification.h"
#include "albert/tokenizer/tokenizer.h"

namespace albert::testing {

struct ClassifierFolder {
  std::vector<float> outputs = {};       // one a label; empty: the weights stay random
  std::vector<std::string> labels = {};  // empty: LABEL_0, LABEL_1, ..
  std::string problem_type = "";
  int64_t vocab_size = 30000;
};

inline AlbertConfig small_config(int64_t vocab_size = 30000) {
  AlbertConfig c;
  c.vocab_size = vocab_size;
  c.embedding_size = 8;
  c.hidden_size = 16;
  c.num_hidden_layers = 2;
  c.num_attention_heads = 2;
  c.intermediate_size = 24;
  c.initializer_range = 0.3;
  return c;
}

// Writes the model and the vocabulary in `spiece` into the folder.
inline void write_classifier(const std::filesystem::path& folder, const ClassifierFolder& is,
                             const std::string& spiece) {
  AlbertConfig config = small_config(is.vocab_size);
  config.problem_type = is.problem_type;
  const size_t outputs = std::max(is.outputs.size(), is.labels.size());
  config.id2label.clear();
  for (size_t i = 0; i < outputs; ++i)
    config.id2label[static_cast<int64_t>(i)] =
        i < is.labels.size() ? is.labels[i] : "LABEL_" + std::to_string(i);
  auto model = AlbertForSequenceClassification::from_config(config, {.backend = {.threads = 1}});
  ParameterStore& store = model.parameters();
  if (!is.outputs.empty()) {
    const Parameter &weight = *store.find("classifier.weight"),
                    &bias = *store.find("classifier.bias");
    store.write(weight, HostTensor(DType::kF32, {weight.shape.size()}));
    store.write(bias, HostTensor::of<float>({static_cast<int64_t>(outputs)}, is.outputs));
    model.sync_compute_copies();
  }
  model.save_pretrained(folder);
  std::filesystem::copy_file(spiece, folder / "spiece.model",
                             std::filesystem::copy_options::overwrite_existing);
}

}  // namespace albert::testing
