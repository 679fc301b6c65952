// Writes what sentence-transformers reads beside a model, in the form that all its releases know.
#include <algorithm>
#include <array>
#include <functional>

#include "albert/base/atomic_file.h"
#include "albert/base/atomic_folder.h"
#include "albert/base/error.h"
#include "albert/base/json.h"
#include "albert/engine/weights/safetensors.h"
#include "albert/inference/text_embedder.h"

namespace albert {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

void write_json(const fs::path& path, const ordered_json& json) {
  write_file_atomically(path, json.dump(2) + "\n");
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail(ErrorCode::kIo, folder.string(), ": cannot make the folder: ", error.message());
}

// Flags, which lay the modes side by side in an order of their own; another order is a list, which
// releases from 6 on read.
ordered_json json_of(const std::vector<Pooling>& pooling, bool include_prompt, int64_t hidden) {
  constexpr std::array<std::pair<Pooling, const char*>, 6> kFlags{
      {{Pooling::kCls, "pooling_mode_cls_token"},
       {Pooling::kMean, "pooling_mode_mean_tokens"},
       {Pooling::kMax, "pooling_mode_max_tokens"},
       {Pooling::kMeanSqrtLen, "pooling_mode_mean_sqrt_len_tokens"},
       {Pooling::kWeightedMean, "pooling_mode_weightedmean_tokens"},
       {Pooling::kLastToken, "pooling_mode_lasttoken"}}};
  ordered_json json;
  if (std::is_sorted(pooling.begin(), pooling.end(), std::less_equal<>())) {
    json["word_embedding_dimension"] = hidden;
    for (const auto& [mode, flag] : kFlags)
      json[flag] = std::find(pooling.begin(), pooling.end(), mode) != pooling.end();
  } else {
    json["embedding_dimension"] = hidden;
    for (const Pooling mode : pooling) json["pooling_mode"].push_back(name_of(mode));
  }
  json["include_prompt"] = include_prompt;
  return json;
}

void write_dense(const fs::path& folder, const DenseModule& dense) {
  constexpr std::array kFunctions{"linear.Identity", "activation.Tanh",    "activation.ReLU",
                                  "activation.GELU", "activation.Sigmoid", "activation.SiLU"};
  make_folder(folder);
  ordered_json json = {
      {"in_features", dense.in_features()},
      {"out_features", dense.out_features()},
      {"bias", !dense.bias.empty()},
      {"activation_function",
       std::string("torch.nn.modules.") + kFunctions.at(static_cast<size_t>(dense.activation))}};
  if (dense.use_residual) json["use_residual"] = true;
  write_json(folder / "config.json", json);
  TensorFile file;
  file.metadata["format"] = "pt";
  file.tensors["linear.weight"] = dense.weight;
  if (!dense.bias.empty()) file.tensors["linear.bias"] = dense.bias;
  if (!dense.residual.empty()) file.tensors["residual.weight"] = dense.residual;
  write_safetensors(folder / "model.safetensors", file);
}

ordered_json module_entry(size_t index, const std::string& path, const std::string& type) {
  return {{"idx", index},
          {"name", std::to_string(index)},
          {"path", path},
          {"type", "sentence_transformers.models." + type}};
}

std::string readme_of(const TextEmbedder& embedder) {
  std::vector<std::string> poolings;
  for (const Pooling pooling : embedder.modules().pooling) poolings.push_back(name_of(pooling));
  std::string text =
      "---\nlibrary_name: sentence-transformers\npipeline_tag: sentence-similarity\ntags:\n"
      "- sentence-transformers\n- feature-extraction\n- albert\n---\n# Sentence embeddings\n"
      "ALBERT as a function from texts to vectors of " +
      std::to_string(embedder.dimension()) + " numbers: pooling ";
  for (size_t i = 0; i < poolings.size(); ++i) text += (i > 0 ? ", " : "") + poolings[i];
  return text + ", texts of up to " + std::to_string(embedder.max_seq_length()) +
         " tokens, compared by " + name_of(embedder.modules().similarity) + ".\n";
}

}  // namespace

void SentenceModules::save(const fs::path& folder, int64_t hidden_size) const {
  ordered_json list = {module_entry(0, "", "Transformer"), module_entry(1, "1_Pooling", "Pooling")};
  make_folder(folder / "1_Pooling");
  write_json(folder / "1_Pooling" / "config.json", json_of(pooling, include_prompt, hidden_size));
  for (const SentenceModule& module : modules) {
    const auto* dense = std::get_if<DenseModule>(&module);
    const std::string type = dense ? "Dense" : "Normalize";
    const std::string path = std::to_string(list.size()) + "_" + type;
    list.push_back(module_entry(list.size(), path, type));
    make_folder(folder / path);
    if (dense) write_dense(folder / path, *dense);
  }
  write_json(folder / "modules.json", list);
  ordered_json encoding = {{"max_seq_length", nullptr}, {"do_lower_case", do_lower_case}};
  if (max_seq_length) encoding["max_seq_length"] = *max_seq_length;
  write_json(folder / "sentence_bert_config.json", encoding);
  ordered_json settings = {{"model_type", "SentenceTransformer"},
                           {"prompts", ordered_json::object()},
                           {"default_prompt_name", nullptr},
                           {"similarity_fn_name", name_of(similarity)}};
  for (const auto& [name, text] : prompts) settings["prompts"][name] = text;
  if (default_prompt_name) settings["default_prompt_name"] = *default_prompt_name;
  write_json(folder / "config_sentence_transformers.json", settings);
}

// The model's pooler is a Dense module over its first token.
SentenceModules TextEmbedder::modules_to_save() const {
  const auto refuse = [&](const std::string& found, const std::string& wanted) {
    fail(ErrorCode::kMismatch, "a folder of sentence-transformers: found ", found, ", wanted ",
         wanted);
  };
  if (dimension_ != whole_dimension_)
    refuse("dimensions " + std::to_string(dimension_), "all " + std::to_string(whole_dimension_));
  if (reads_hidden_states_)
    refuse("layer " + std::to_string(layer_), "the last of a layer that is shared");
  SentenceModules saved = modules_;
  saved.max_seq_length = max_seq_length_;
  if (normalizes_ &&
      (saved.modules.empty() || !std::holds_alternative<NormalizeModule>(saved.modules.back())))
    saved.modules.emplace_back(NormalizeModule{});
  const auto pooler = std::find(saved.pooling.begin(), saved.pooling.end(), Pooling::kPooler);
  if (pooler == saved.pooling.end()) return saved;
  if (saved.pooling.size() > 1) refuse("the pooler beside other poolings", "it alone");
  const TensorFile weights = model_.state_dict();
  saved.pooling = {Pooling::kCls};
  saved.modules.insert(saved.modules.begin(),
                       DenseModule{weights.tensors.at("pooler.weight").to(DType::kF32),
                                   weights.tensors.at("pooler.bias").to(DType::kF32)});
  return saved;
}

void TextEmbedder::save_pretrained(const fs::path& folder) const {
  std::error_code ignored;
  if (fs::exists(folder, ignored) &&
      !(fs::is_directory(folder, ignored) && fs::is_empty(folder, ignored)))
    fail(ErrorCode::kUsage, folder.string(),
         ": found it there and not empty, wanted a new or empty folder");
  const SentenceModules saved = modules_to_save();
  AtomicFolder whole(folder);
  model_.save_pretrained(whole.temporary());
  encoder().tokenizer().save_pretrained(whole.temporary());
  saved.save(whole.temporary(), model_.config().hidden_size);
  write_file_atomically(whole.temporary() / "README.md", readme_of(*this));
  whole.publish();
}

}  // namespace albert
