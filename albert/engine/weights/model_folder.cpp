#include "albert/engine/weights/model_folder.h"

#include <optional>

#include "albert/base/input_file.h"
#include "albert/base/json.h"
#include "albert/engine/weights/safetensors_layout.h"

namespace albert {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kConfig = "config.json";
constexpr const char* kWeights = "model.safetensors";

const char* torch_name(DType dtype) {
  switch (dtype) {
    case DType::kF64: return "float64";
    case DType::kBF16: return "bfloat16";
    case DType::kF16: return "float16";
    default: return "float32";
  }
}

// Of the first floats; f32 where there are none.
DType float_type(const TensorFile& file) {
  for (const auto& [name, tensor] : file.tensors)
    if (is_float(tensor.dtype())) return tensor.dtype();
  return DType::kF32;
}

bool holds(const fs::path& path, const std::string& text) {
  std::error_code error;
  return fs::is_regular_file(path, error) && fs::file_size(path, error) == text.size() &&
         read_text_file(path, text.size()) == text;
}

}  // namespace

std::string with_dtype(const std::string& config_json, DType dtype) {
  json config = parse_json(kConfig, config_json);
  if (!config.is_object())
    fail(ErrorCode::kBadData, kConfig, ": found ", describe(config), ", wanted an object");
  if (config.contains("torch_dtype")) config["torch_dtype"] = torch_name(dtype);
  if (config.contains("dtype") || !config.contains("torch_dtype"))
    config["dtype"] = torch_name(dtype);
  return config.dump(2) + "\n";
}

void save_model_folder(const fs::path& folder, const std::string& config_json,
                       const TensorFile& file) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail(ErrorCode::kIo, folder.string(), ": cannot make the folder: ", error.message());
  const std::string text = with_dtype(config_json, float_type(file));
  auto metadata = file.metadata;
  metadata["format"] = "pt";
  const SafetensorsPlan plan =
      plan_safetensors((folder / kWeights).string(), infos_of(file.tensors), metadata);

  const uint64_t total = plan.file_size + text.size();
  std::optional<AtomicFile> config;
  if (!holds(folder / kConfig, text)) {
    config.emplace(folder / kConfig, total);
    config->write(text);
    config->stage();
  }
  AtomicFile weights(folder / kWeights, total);
  write_safetensors_to(weights, plan, file.tensors);
  weights.publish();
  if (config) config->publish();
}

}  // namespace albert
