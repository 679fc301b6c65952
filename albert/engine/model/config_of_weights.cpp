#include "albert/engine/model/config_of_weights.h"

#include <array>

#include "albert/base/error.h"
#include "albert/engine/weights/tf_checkpoint.h"

namespace albert {
namespace {

// Of the released models; their intermediate size is four times the hidden size.
struct Released {
  const char* name;
  int64_t hidden_size, layers, heads;
};
constexpr std::array kReleased{Released{"base", 768, 12, 12}, Released{"large", 1024, 24, 16},
                               Released{"xlarge", 2048, 24, 16}, Released{"xxlarge", 4096, 12, 64}};

constexpr const char* kLayers = "albert.encoder.albert_layer_groups.";
constexpr const char* kWords = "albert.embeddings.word_embeddings.weight";

// A dimension of a matrix; 0 where the weights have no such matrix.
int64_t dim_of(const WeightSource& weights, const std::string& matrix, size_t dim) {
  const auto tensor = weights.tensors().find(matrix);
  if (tensor == weights.tensors().end() || tensor->second.shape.size() != 2) return 0;
  return tensor->second.shape[dim];
}

bool has_layer(const WeightSource& weights, const char* layer) {
  return weights.tensors().contains(std::string(kLayers) + layer + "ffn.weight");
}

}  // namespace

AlbertConfig config_of_released(const WeightSource& weights, std::vector<std::string>* warnings) {
  const std::string layer = std::string(kLayers) + "0.albert_layers.0.";
  const int64_t hidden = dim_of(weights, layer + "attention.query.weight", 0),
                inner = dim_of(weights, layer + "ffn.weight", 0);
  const bool has_others =
      has_layer(weights, "1.albert_layers.0.") || has_layer(weights, "0.albert_layers.1.");
  for (const Released& model : kReleased) {
    if (model.hidden_size != hidden || inner != 4 * hidden || has_others) continue;
    AlbertConfig config;
    config.vocab_size = dim_of(weights, kWords, 0);
    config.embedding_size = dim_of(weights, kWords, 1);
    config.max_position_embeddings =
        dim_of(weights, "albert.embeddings.position_embeddings.weight", 0);
    config.type_vocab_size = dim_of(weights, "albert.embeddings.token_type_embeddings.weight", 0);
    config.hidden_size = hidden;
    config.intermediate_size = inner;
    config.num_hidden_layers = model.layers;
    config.num_attention_heads = model.heads;
    config.validate(weights.name());
    if (warnings)
      warnings->push_back(weights.name() +
                          ": found no config.json; the sizes are those of ALBERT " + model.name +
                          ", taken without dropout");
    return config;
  }
  fail(ErrorCode::kMissingInput, weights.name(), ": found no config beside it, and hidden size ",
       hidden, " and intermediate size ", inner,
       " of no released model, wanted albert_config.json or config.json");
}

void fit_to_checkpoint(AlbertConfig& config, const std::filesystem::path& file,
                       const std::filesystem::path& checkpoint,
                       std::vector<std::string>* warnings) {
  if (config.embedding_size == config.hidden_size || !is_albert_zh(checkpoint)) return;
  config.embedding_size = config.hidden_size;
  if (warnings)
    warnings->push_back(file.string() + ": embedding_size is taken as " +
                        std::to_string(config.hidden_size) +
                        ": brightmart's albert_zh projects words before positions are added");
}

}  // namespace albert
