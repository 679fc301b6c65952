// Google's checkpoints: variables under its names, albert_config.json.
#include "albert/base/atomic_file.h"
#include "albert/base/json.h"
#include "albert/base/printable.h"
#include "albert/engine/weights/google_names.h"
#include "albert/engine/weights/renamed_weights.h"
#include "albert/engine/weights/tf_writer.h"
#include "albert/heads/formats/writers.h"

namespace albert {
namespace {

constexpr double kGoogleLayerNormEps = 1e-12;  // its code has no other

// Google's name of an activation; empty for those that its code lacks.
std::string google_activation(kernels::Activation activation) {
  switch (activation) {
    case kernels::Activation::kGeluNew: return "gelu";
    case kernels::Activation::kRelu: return "relu";
    case kernels::Activation::kTanh: return "tanh";
    case kernels::Activation::kIdentity: return "linear";
    default: return "";
  }
}

// albert_config.json, as Google's AlbertConfig reads it.
std::string google_config(const AlbertConfig& c) {
  const nlohmann::ordered_json config{
      {"attention_probs_dropout_prob", c.attention_probs_dropout_prob},
      {"hidden_act", google_activation(c.activation())},
      {"hidden_dropout_prob", c.hidden_dropout_prob},
      {"embedding_size", c.embedding_size},
      {"hidden_size", c.hidden_size},
      {"initializer_range", c.initializer_range},
      {"intermediate_size", c.intermediate_size},
      {"max_position_embeddings", c.max_position_embeddings},
      {"num_attention_heads", c.num_attention_heads},
      {"num_hidden_layers", c.num_hidden_layers},
      {"num_hidden_groups", c.num_hidden_groups},
      {"net_structure_type", 0},
      {"gap_size", 0},
      {"num_memory_blocks", 0},
      {"inner_group_num", c.inner_group_num},
      {"down_scale_factor", 1},
      {"type_vocab_size", c.type_vocab_size},
      {"vocab_size", c.vocab_size}};
  return config.dump(2) + "\n";
}

// Where each of Google's variables comes from; they are those of a model with heads.
TensorSources variables_of(const ModelToWrite& model) {
  TensorSources sources;
  const bool is_bare = model.architecture() == "AlbertModel";
  for (const auto& [name, info] : model.weights->tensors()) {
    const auto variable = google_name(is_bare ? "albert." + name : name);
    if (!variable)
      fail(ErrorCode::kMismatch, model.weights->name(), ": tensor ", in_quotes(name),
           ": found no name of Google's for it, wanted another format");
    sources.emplace(*variable, TensorOrigin{name, is_google_kernel(*variable, info)});
  }
  return sources;
}

}  // namespace

void write_tensorflow(const ModelToWrite& model, const std::filesystem::path& folder,
                      std::vector<std::string>& notes) {
  write_tf_bundle(folder, "model.ckpt-best", *renamed(model.weights, variables_of(model)));
  write_config(model, folder);
  const AlbertConfig& config = model.config;
  if (google_activation(config.activation()).empty())
    notes.push_back("albert_config.json is left out: Google's code has no hidden_act " +
                    config.hidden_act);
  else if (config.layer_norm_eps != kGoogleLayerNormEps)
    notes.emplace_back(
        "albert_config.json is left out: Google's code computes with layer_norm_eps "
        "1e-12");
  else
    write_file_atomically(folder / "albert_config.json", google_config(config));
}

}  // namespace albert
