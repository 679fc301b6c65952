// Finds the file that describes a model: config.json, or Google's albert_config.json.
#include "albert/base/error.h"
#include "albert/base/input_file.h"
#include "albert/engine/model/config.h"
#include "albert/engine/model/config_of_weights.h"
#include "albert/engine/weights/tf_checkpoint.h"

namespace albert {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfig = "config.json";
constexpr const char* kGoogleConfig = "albert_config.json";
constexpr uint64_t kMaxFile = 16 << 20;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

// Whether a file is Google's: brightmart's albert_zh calls it albert_config_base.json.
bool is_google_config(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with("albert_config") && name.ends_with(".json");
}

// config.json, albert_config.json, or the only one that is Google's; empty where there is none.
fs::path find_config(const fs::path& folder) {
  for (const char* name : {kConfig, kGoogleConfig})
    if (is_there(folder / name)) return folder / name;
  std::vector<fs::path> others;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    if (is_google_config(at->path())) others.push_back(at->path());
  return others.size() == 1 ? others[0] : fs::path();
}

}  // namespace

AlbertConfig AlbertConfig::from_file(const fs::path& path, std::vector<std::string>* warnings) {
  AlbertConfig config = from_json(path.string(), read_text_file(path, kMaxFile), warnings);
  // Google's "gelu" is the tanh form, and its files know no other name for it (docs/albert.md 1.3).
  if (is_google_config(path) && config.hidden_act == "gelu") config.hidden_act = "gelu_new";
  return config;
}

AlbertConfig AlbertConfig::from_folder(const fs::path& folder, std::vector<std::string>* warnings) {
  if (!is_folder(folder)) fail(ErrorCode::kMissingInput, folder.string(), ": no such folder");
  const fs::path file = find_config(folder), weights = find_weights(folder).file;
  const bool is_checkpoint = !weights.empty() && is_tf_checkpoint(weights);
  if (file.empty() && is_checkpoint)
    return config_of_released(*open_tf_checkpoint(weights), warnings);
  if (file.empty())
    fail(ErrorCode::kMissingInput, folder.string(), ": found no model, wanted ", kConfig, " or ",
         kGoogleConfig);
  AlbertConfig config = from_file(file, warnings);
  if (is_checkpoint) fit_to_checkpoint(config, file, weights, warnings);
  return config;
}

AlbertConfig AlbertConfig::from_pretrained(const fs::path& path,
                                           std::vector<std::string>* warnings) {
  return is_folder(path) ? from_folder(path, warnings) : from_file(path, warnings);
}

}  // namespace albert
