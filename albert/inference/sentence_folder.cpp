// Reads what sentence-transformers writes beside a model.
#include <algorithm>

#include "albert/base/error.h"
#include "albert/base/input_file.h"
#include "albert/base/json.h"
#include "albert/base/printable.h"
#include "albert/engine/weights/weight_source.h"
#include "albert/inference/sentence_modules.h"

namespace albert {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxConfigBytes = 1 << 24;

// A document and a view of it.
struct JsonFile {
  explicit JsonFile(const fs::path& path)
      : name(path.string()), json(parse_json(name, read_text_file(path, kMaxConfigBytes))) {}
  JsonView view() const { return {name, json}; }

  std::string name;
  nlohmann::json json;
};

std::optional<JsonFile> read_if_there(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return std::nullopt;
  return std::optional<JsonFile>(std::in_place, path);
}

// Refuses by name what a file says and this program does not do.
[[noreturn]] void refuse(const JsonView& value, const std::string& wanted) {
  fail(ErrorCode::kMismatch, value.place(), ": found ", describe(value.raw()), ", wanted ", wanted);
}

void check_keys(const JsonView& file, std::initializer_list<const char*> known) {
  for (const auto& [key, value] : file.object().raw().items())
    if (std::none_of(known.begin(), known.end(),
                     [&key = key](const char* name) { return key == name; }))
      fail(ErrorCode::kMismatch, file.place(), ": found the option ", in_quotes(key), ", wanted ",
           one_of(std::vector<std::string>(known.begin(), known.end())));
}

// "sentence_transformers.models.Pooling" and what later releases call it.
std::string class_of(const JsonView& module) {
  const JsonView type = module.at("type");
  const std::string& name = type.string();
  constexpr std::string_view kPackage = "sentence_transformers.";
  if (!name.starts_with(kPackage)) refuse(type, "a module of sentence_transformers");
  return name.substr(name.rfind('.') + 1);
}

// A folder of a module; its path may not lead out of the model's.
fs::path folder_of(const fs::path& model, const JsonView& module) {
  const JsonView path = module.at("path");
  const fs::path relative = fs::path(path.string()).lexically_normal();
  const bool leaves = relative.is_absolute() || (!relative.empty() && *relative.begin() == "..");
  if (leaves) path.fail_wanted("a folder in the model's");
  return relative.empty() || relative == "." ? model : model / relative;
}

Pooling pooling_of(const JsonView& mode) {
  const auto names = pooling_names();
  const bool known = std::find(names.begin(), names.end(), mode.string()) != names.end();
  if (!known || mode.string() == name_of(Pooling::kPooler))
    refuse(mode, one_of(std::vector<std::string>(names.begin(), names.end() - 1)));
  return pooling_named(mode.string());
}

// A flag for each mode, as releases before 6 write it, in the order in which they lay them side by
// side.
std::vector<Pooling> flagged_poolings(const JsonView& file) {
  constexpr std::pair<const char*, Pooling> kFlags[] = {
      {"pooling_mode_cls_token", Pooling::kCls},
      {"pooling_mode_max_tokens", Pooling::kMax},
      {"pooling_mode_mean_tokens", Pooling::kMean},
      {"pooling_mode_mean_sqrt_len_tokens", Pooling::kMeanSqrtLen},
      {"pooling_mode_weightedmean_tokens", Pooling::kWeightedMean},
      {"pooling_mode_lasttoken", Pooling::kLastToken}};
  std::vector<Pooling> poolings;
  for (const auto& [key, pooling] : kFlags)
    if (file.boolean_or(key, false)) poolings.push_back(pooling);
  if (poolings.empty()) poolings.push_back(Pooling::kMean);
  return poolings;
}

void read_pooling(const fs::path& folder, SentenceModules& to) {
  const JsonFile json(folder / "config.json");
  const JsonView file = json.view();
  check_keys(file, {"embedding_dimension", "word_embedding_dimension", "pooling_mode",
                    "include_prompt", "pooling_mode_cls_token", "pooling_mode_max_tokens",
                    "pooling_mode_mean_tokens", "pooling_mode_mean_sqrt_len_tokens",
                    "pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken"});
  to.include_prompt = file.boolean_or("include_prompt", true);
  const auto mode = file.find("pooling_mode");
  if (!mode) {
    to.pooling = flagged_poolings(file);
    return;
  }
  to.pooling.clear();
  if (mode->raw().is_string()) return to.pooling.push_back(pooling_of(*mode));
  for (size_t i = 0; i < mode->size(); ++i) to.pooling.push_back(pooling_of(mode->item(i)));
  if (to.pooling.empty()) mode->fail_wanted("a mode or more");
}

DenseActivation activation_of(const JsonView& file) {
  constexpr std::pair<const char*, DenseActivation> kFunctions[] = {
      {"Identity", DenseActivation::kIdentity}, {"Tanh", DenseActivation::kTanh},
      {"ReLU", DenseActivation::kRelu},         {"GELU", DenseActivation::kGelu},
      {"Sigmoid", DenseActivation::kSigmoid},   {"SiLU", DenseActivation::kSilu}};
  const auto name = file.find("activation_function");
  if (!name) return DenseActivation::kTanh;
  const std::string& path = name->string();
  const std::string function = path.substr(path.rfind('.') + 1);
  std::vector<std::string> known;
  for (const auto& [its_name, activation] : kFunctions) {
    if (path.starts_with("torch.nn.") && function == its_name) return activation;
    known.push_back(std::string("torch.nn.") + its_name);
  }
  refuse(*name, one_of(known));
}

// Refuses another input or output than the text's embedding.
void check_names(const JsonView& file) {
  for (const char* key : {"module_input_name", "module_output_name"})
    if (const auto name = file.find(key); name && name->string() != "sentence_embedding")
      refuse(*name, "\"sentence_embedding\"");
}

HostTensor tensor_of(const WeightSource& weights, const std::string& name,
                     const std::vector<int64_t>& shape) {
  const auto found = weights.tensors().find(name);
  if (found == weights.tensors().end())
    fail(ErrorCode::kMismatch, weights.name(), ": found no tensor ", name, ", wanted it");
  if (found->second.shape != shape)
    fail(ErrorCode::kMismatch, weights.name(), ": ", name, ": found ",
         shape_string(found->second.shape), ", wanted ", shape_string(shape));
  return weights.tensor(name).to(DType::kF32);
}

DenseModule read_dense(const fs::path& folder) {
  const JsonFile json(folder / "config.json");
  const JsonView file = json.view();
  check_keys(file, {"in_features", "out_features", "bias", "activation_function",
                    "module_input_name", "module_output_name", "use_residual"});
  check_names(file);
  const int64_t in = file.at("in_features").integer(), out = file.at("out_features").integer();
  if (in < 1) file.at("in_features").fail_wanted("1 or more");
  if (out < 1) file.at("out_features").fail_wanted("1 or more");
  DenseModule dense;
  dense.activation = activation_of(file);
  dense.use_residual = file.boolean_or("use_residual", false);
  const auto weights = open_weights(folder);
  dense.weight = tensor_of(*weights, "linear.weight", {out, in});
  if (file.boolean_or("bias", true)) dense.bias = tensor_of(*weights, "linear.bias", {out});
  if (dense.use_residual && in != out)
    dense.residual = tensor_of(*weights, "residual.weight", {out, in});
  return dense;
}

NormalizeModule read_normalize(const fs::path& folder) {
  if (const auto json = read_if_there(folder / "config.json")) check_names(json->view());
  return {};
}

// The settings of the transformer: of a name for each kind of model that there was once.
void read_transformer(const fs::path& folder, SentenceModules& to) {
  to.transformer = folder;
  const auto json = read_if_there(folder / "sentence_bert_config.json");
  if (!json) return;
  const JsonView file = json->view();
  if (const auto length = file.find("max_seq_length")) to.max_seq_length = length->integer();
  to.do_lower_case = file.boolean_or("do_lower_case", false);
  if (const auto task = file.find("transformer_task");
      task && task->string() != "feature-extraction")
    refuse(*task, "\"feature-extraction\"");
  if (const auto name = file.find("module_output_name");
      name && name->string() != "token_embeddings")
    refuse(*name, "\"token_embeddings\"");
  for (const char* key :
       {"processing_kwargs", "query_length", "document_length", "query_expansion"})
    if (const auto value = file.find(key); value && !value->raw().empty()) refuse(*value, "none");
}

// tokenizer_config.json's model_max_length, where it is a length and not the number for "none".
std::optional<int64_t> tokenizer_length(const fs::path& folder) {
  const auto json = read_if_there(folder / "tokenizer_config.json");
  if (!json) return std::nullopt;
  const auto length = json->view().find("model_max_length");
  constexpr double kNone = 1e9;
  if (!length || length->number() > kNone) return std::nullopt;
  return length->integer();
}

void read_settings(const fs::path& folder, SentenceModules& to) {
  const auto json = read_if_there(folder / "config_sentence_transformers.json");
  if (!json) return;
  const JsonView file = json->view();
  if (const auto kind = file.find("model_type"); kind && kind->string() != "SentenceTransformer")
    refuse(*kind, "\"SentenceTransformer\"");
  if (const auto prompts = file.find("prompts"))
    for (const auto& [name, text] : prompts->object().raw().items())
      if (!text.is_null()) to.prompts[name] = prompts->at(name).string();
  if (const auto name = file.find("default_prompt_name")) {
    if (!to.prompts.contains(name->string())) name->fail_wanted("the name of one of the prompts");
    to.default_prompt_name = name->string();
  }
  const auto similarity = file.find("similarity_fn_name");
  if (!similarity) return;
  const auto names = similarity_names();
  if (std::find(names.begin(), names.end(), similarity->string()) == names.end())
    refuse(*similarity, one_of(names));
  to.similarity = similarity_named(similarity->string());
}

void read_module(const fs::path& folder, const JsonView& module, size_t place,
                 SentenceModules& to) {
  const std::string name = class_of(module);
  const fs::path path = folder_of(folder, module);
  if ((place == 0) != (name == "Transformer") || (place == 1) != (name == "Pooling"))
    refuse(module.at("type"), "a Transformer, a Pooling, then others, one of Dense, Normalize");
  if (name == "Transformer") return read_transformer(path, to);
  if (name == "Pooling") return read_pooling(path, to);
  if (name == "Dense") return to.modules.emplace_back(read_dense(path)), void();
  if (name == "Normalize") return to.modules.emplace_back(read_normalize(path)), void();
  if (name != "Dropout") refuse(module.at("type"), "one of Dense, Normalize, Dropout");
}

}  // namespace

SentenceModules SentenceModules::from_folder(const fs::path& folder) {
  SentenceModules modules;
  if (const auto json = read_if_there(folder / "modules.json")) {
    const JsonView list = json->view();
    for (size_t i = 0; i < list.size(); ++i) read_module(folder, list.item(i), i, modules);
    if (list.size() < 2) list.fail_wanted("a Transformer and a Pooling");
  } else {
    read_transformer(folder, modules);
  }
  if (!modules.max_seq_length) modules.max_seq_length = tokenizer_length(modules.transformer);
  read_settings(folder, modules);
  return modules;
}

}  // namespace albert
