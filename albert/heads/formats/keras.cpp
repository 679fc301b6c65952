// tf_model.h5 as transformers' TFAlbert* classes wrote it. The copies of the embeddings that they
// kept in the group of predictions are left out: the classes do not miss them.
#include <cctype>

#include "albert/base/printable.h"
#include "albert/engine/weights/hdf5_writer.h"
#include "albert/engine/weights/renamed_weights.h"
#include "albert/heads/formats/writers.h"

namespace albert {
namespace {

constexpr const char* kEncoder = "albert";  // the layer of embeddings, encoder and pooler

// Keras's name of the model: TFAlbertForMaskedLM is tf_albert_for_masked_lm.
std::string model_name(const std::string& architecture) {
  std::string name = "tf_";
  for (size_t i = 0; i < architecture.size(); ++i) {
    const auto c = static_cast<unsigned char>(architecture[i]);
    if (i > 0 && std::isupper(c) && std::islower(static_cast<unsigned char>(architecture[i - 1])))
      name += '_';
    name += static_cast<char>(std::tolower(c));
  }
  return name;
}

// "a.layers.0.b" as "a/layers_._0/b".
std::string with_slashes(const std::string& name) {
  std::string result;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool is_number = name[i] == '.' && i + 1 < name.size() &&
                           std::isdigit(static_cast<unsigned char>(name[i + 1]));
    result += name[i] != '.' ? std::string(1, name[i]) : is_number ? "_._" : "/";
  }
  return result;
}

// Keras's name of a weight or bias in a layer.
std::string keras_ending(const std::string& layer, bool is_weight) {
  const bool is_norm = layer.ends_with("LayerNorm") || layer.ends_with("layer_norm");
  if (is_norm) return is_weight ? "gamma" : "beta";
  if (!is_weight) return "bias";
  if (layer.ends_with("word_embeddings")) return "weight";
  return layer.ends_with("_embeddings") ? "embeddings" : "kernel";
}

// A dataset's path "GROUP/MODEL/NAME:0" of a parameter "albert.x.y" or "head.x.y".
std::string keras_path(const std::string& model, const std::string& parameter) {
  const size_t dot = parameter.rfind('.');
  const std::string layer = parameter.substr(0, dot),
                    group = parameter.substr(0, parameter.find('.'));
  return group + "/" + model + "/" + with_slashes(layer) + "/" +
         keras_ending(layer, parameter.substr(dot) == ".weight") + ":0";
}

TensorSources datasets_of(const ModelToWrite& model) {
  const std::string name = model_name(model.architecture());
  TensorSources sources;
  for (const auto& [parameter, info] : model.weights->tensors()) {
    const bool is_bare = model.architecture() == "AlbertModel";
    const std::string path =
        keras_path(name, is_bare ? std::string(kEncoder) + "." + parameter : parameter);
    const bool is_kernel = path.ends_with("/kernel:0") && info.shape.size() == 2;
    sources.emplace(path, TensorOrigin{parameter, is_kernel});
  }
  if (model.weights->tensors().contains("predictions.bias"))
    sources.emplace(keras_path(name, "predictions.decoder.bias"), TensorOrigin{"predictions.bias"});
  return sources;
}

// What Keras looks up: the layers of the model, and the weights of each.
std::vector<Hdf5Attribute> attributes_of(const TensorSources& datasets) {
  std::map<std::string, std::vector<std::string>> weights;  // by layer
  for (const auto& [path, origin] : datasets) {
    const size_t slash = path.find('/');
    weights[path.substr(0, slash)].push_back(path.substr(slash + 1));
  }
  Hdf5Attribute layers{"", "layer_names", {}};
  std::vector<Hdf5Attribute> attributes{{"", "backend", {"tensorflow"}, false},
                                        {"", "keras_version", {"2.15.0"}, false},
                                        {"top_level_model_weights", "weight_names", {}}};
  for (const auto& [layer, names] : weights) {
    layers.texts.push_back(layer);
    attributes.push_back({layer, "weight_names", names});
  }
  attributes.push_back(layers);
  return attributes;
}

void check_expressible(const ModelToWrite& model) {
  if (model.weights->tensors().contains("predictions.decoder.weight"))
    fail(ErrorCode::kMismatch, model.weights->name(),
         ": found tie_word_embeddings false, wanted true: TFAlbert* has no other output layer");
  for (const auto& [name, info] : model.weights->tensors())
    if (info.dtype == DType::kBF16)
      fail(ErrorCode::kMismatch, model.weights->name(), ": tensor ", in_quotes(name),
           ": found bf16, which HDF5 does not have, wanted one of f32, f16: add --dtype f32");
}

}  // namespace

void write_keras(const ModelToWrite& model, const std::filesystem::path& folder,
                 std::vector<std::string>& /*notes*/) {
  check_expressible(model);
  const TensorSources datasets = datasets_of(model);
  write_hdf5(folder / "tf_model.h5", *renamed(model.weights, datasets), attributes_of(datasets));
  write_config(model, folder);
}

}  // namespace albert
