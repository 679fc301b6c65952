#include "albert/engine/weights/model_folder.h"

#include <algorithm>
#include <array>
#include <optional>

#include "albert/base/input_file.h"
#include "albert/base/json.h"
#include "albert/base/printable.h"
#include "albert/engine/weights/safetensors_layout.h"

namespace albert {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kConfig = "config.json";
constexpr const char* kWeights = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";
constexpr uint64_t kMaxJsonBytes = 64 << 20;

using WeightMap = std::map<std::string, std::string>;  // tensor -> shard

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

[[noreturn]] void fail_without_weights(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error))
    fail(ErrorCode::kMissingInput, folder.string(), ": no such folder");
  for (const char* other : {"pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5",
                            "flax_model.msgpack", "model.ckpt-best.index", "model.ckpt.index"})
    if (is_there(folder / other))
      fail(ErrorCode::kMissingInput, folder.string(), ": has its weights in ", other,
           ", which this version does not read; wanted ", kWeights,
           ": load the model in transformers and save it with save_pretrained(folder, "
           "safe_serialization=True)");
  fail(ErrorCode::kMissingInput, folder.string(), ": has neither ", kWeights, " nor ", kIndex);
}

void check_shard_name(const std::string& index, const std::string& shard) {
  const bool plain = std::all_of(shard.begin(), shard.end(), [](unsigned char c) {
    return c > 0x20 && c != 0x7f && c != '/' && c != '\\' && c != ':';
  });
  if (!plain || shard.starts_with('.') || !shard.ends_with(".safetensors"))
    fail(ErrorCode::kBadData, index, ": shard ", in_quotes(shard),
         ": wanted the plain name of a .safetensors file beside it");
}

WeightMap read_index(const fs::path& path) {
  const std::string name = path.string();
  const json index = parse_json(name, read_text_file(path, kMaxJsonBytes));
  const auto map = index.is_object() ? index.find("weight_map") : index.end();
  if (map == index.end() || !map->is_object() || map->empty())
    fail(ErrorCode::kBadData, name,
         ": wanted an object with a non-empty \"weight_map\" of tensor names to file names");
  WeightMap weights;
  for (const auto& [tensor, shard] : map->items()) {
    if (!shard.is_string())
      fail(ErrorCode::kBadData, name, ": weight_map: ", in_quotes(tensor), ": found ",
           describe(shard), ", wanted a file name");
    check_shard_name(name, shard.get_ref<const std::string&>());
    weights.emplace(tensor, shard.get<std::string>());
  }
  return weights;
}

// A folder's files, and of shards which tensor is where.
struct WeightFiles {
  std::vector<std::string> names;
  std::optional<WeightMap> map;
};

WeightFiles find_weights(const fs::path& folder) {
  if (is_there(folder / kWeights)) return {{kWeights}, std::nullopt};
  if (!is_there(folder / kIndex)) fail_without_weights(folder);
  WeightFiles files{{}, read_index(folder / kIndex)};
  for (const auto& [tensor, shard] : *files.map) files.names.push_back(shard);
  std::sort(files.names.begin(), files.names.end());
  files.names.erase(std::unique(files.names.begin(), files.names.end()), files.names.end());
  for (const auto& name : files.names)
    if (!is_there(folder / name))
      fail(ErrorCode::kMissingInput, (folder / name).string(), ": is not there, but ", kIndex,
           " names it");
  return files;
}

// Reads every file with `read` and joins the results; the index must be right about each tensor.
template <class File>
File read_all(const fs::path& folder, File (*read)(const fs::path&)) {
  const WeightFiles files = find_weights(folder);
  File all;
  for (const auto& name : files.names) {
    File shard = read(folder / name);
    for (const auto& [tensor, value] : shard.tensors) {
      if (!files.map) break;
      const auto entry = files.map->find(tensor);
      if (entry == files.map->end() || entry->second != name)
        fail(ErrorCode::kBadData, (folder / name).string(), ": holds tensor ", in_quotes(tensor),
             ", which ", kIndex,
             entry == files.map->end() ? " does not name"
                                       : " places in " + in_quotes(entry->second));
    }
    all.tensors.merge(shard.tensors);
    all.metadata.merge(shard.metadata);
  }
  if (files.map)
    for (const auto& [tensor, name] : *files.map)
      if (!all.tensors.contains(tensor))
        fail(ErrorCode::kBadData, (folder / name).string(), ": has no tensor ", in_quotes(tensor),
             ", which ", kIndex, " places there");
  return all;
}

const char* torch_name(DType dtype) {
  switch (dtype) {
    case DType::kF64: return "float64";
    case DType::kBF16: return "bfloat16";
    case DType::kF16: return "float16";
    default: return "float32";
  }
}

// transformers loads weights as the dtype that config.json states, whatever the file holds.
std::string with_dtype(const std::string& config_json, const TensorFile& file) {
  json config = parse_json(kConfig, config_json);
  if (!config.is_object())
    fail(ErrorCode::kBadData, kConfig, ": found ", describe(config), ", wanted an object");
  const auto first = std::find_if(file.tensors.begin(), file.tensors.end(),
                                  [](const auto& item) { return is_float(item.second.dtype()); });
  if (first != file.tensors.end()) {
    const char* dtype = torch_name(first->second.dtype());
    if (config.contains("torch_dtype")) config["torch_dtype"] = dtype;
    if (config.contains("dtype") || !config.contains("torch_dtype")) config["dtype"] = dtype;
  }
  return config.dump(2) + "\n";
}

bool holds(const fs::path& path, const std::string& text) {
  std::error_code error;
  return fs::is_regular_file(path, error) && fs::file_size(path, error) == text.size() &&
         read_text_file(path, text.size()) == text;
}

}  // namespace

std::vector<fs::path> model_weight_files(const fs::path& folder) {
  std::vector<fs::path> paths;
  for (const auto& name : find_weights(folder).names) paths.push_back(folder / name);
  return paths;
}

TensorFile read_model_tensors(const fs::path& folder) {
  return read_all<TensorFile>(folder, read_safetensors);
}

TensorFileHeader read_model_tensors_header(const fs::path& folder) {
  return read_all<TensorFileHeader>(folder, read_safetensors_header);
}

void save_model_folder(const fs::path& folder, const std::string& config_json,
                       const TensorFile& file) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail(ErrorCode::kIo, folder.string(), ": cannot make the folder: ", error.message());
  const std::string text = with_dtype(config_json, file);
  auto metadata = file.metadata;
  metadata["format"] = "pt";
  const SafetensorsPlan plan =
      plan_safetensors((folder / kWeights).string(), file.tensors, metadata);

  const uint64_t total = plan.file_size + text.size();
  std::optional<AtomicFile> config;
  if (!holds(folder / kConfig, text)) {
    config.emplace(folder / kConfig, total);
    config->write(text);
    config->stage();
  }
  AtomicFile weights(folder / kWeights, total);
  write_safetensors_to(weights, plan);
  weights.publish();
  if (config) config->publish();
}

}  // namespace albert
