// Finds the file that describes a model: config.json, or Google's albert_config.json.
#include "albert/base/error.h"
#include "albert/base/input_file.h"
#include "albert/engine/model/config.h"

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

}  // namespace

AlbertConfig AlbertConfig::from_file(const fs::path& path, std::vector<std::string>* warnings) {
  AlbertConfig config = from_json(path.string(), read_text_file(path, kMaxFile), warnings);
  // Google's "gelu" is the tanh form, and its files know no other name for it (docs/albert.md 1.3).
  if (path.filename() == kGoogleConfig && config.hidden_act == "gelu")
    config.hidden_act = "gelu_new";
  return config;
}

AlbertConfig AlbertConfig::from_folder(const fs::path& folder, std::vector<std::string>* warnings) {
  if (!is_folder(folder)) fail(ErrorCode::kMissingInput, folder.string(), ": no such folder");
  for (const char* name : {kConfig, kGoogleConfig})
    if (is_there(folder / name)) return from_file(folder / name, warnings);
  fail(ErrorCode::kMissingInput, folder.string(), ": found no model, wanted ", kConfig, " or ",
       kGoogleConfig);
}

AlbertConfig AlbertConfig::from_pretrained(const fs::path& path,
                                           std::vector<std::string>* warnings) {
  return is_folder(path) ? from_folder(path, warnings) : from_file(path, warnings);
}

}  // namespace albert
