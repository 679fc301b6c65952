// Decides by what lies in a folder which format its weights are read from.
#include <fnmatch.h>

#include <algorithm>
#include <array>

#include "albert/base/error.h"
#include "albert/engine/weights/safetensors.h"
#include "albert/engine/weights/sharded_weights.h"
#include "albert/engine/weights/tf_checkpoint.h"

namespace albert {
namespace {

namespace fs = std::filesystem;

// A format: the file that holds a model, and who opens one. Where `sharded`, FILE.index.json may
// stand for it and list several files with FILE's extension.
struct WeightFormat {
  const char* file;
  OpenWeights open;
  bool sharded;
};
constexpr std::array kFormats{WeightFormat{"model.safetensors", open_safetensors, true}};

// Files that hold weights which are not read, as patterns of fnmatch(3); the first one is told.
constexpr std::array kUnreadPatterns{"pytorch_model*.bin",
                                     "pytorch_model*.bin.index.json",
                                     "tf_model*.h5",
                                     "*.ckpt",
                                     "*.ckpt-best",
                                     "*.ckpt-[0-9]*[0-9]",
                                     "flax_model*",
                                     "model.*.safetensors",
                                     "adapter_model*",
                                     "saved_model.pb",
                                     "rust_model.ot",
                                     "*.onnx",
                                     "*.gguf",
                                     "*.pth"};

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::string index_of(const WeightFormat& format) {
  return std::string(format.file) + ".index.json";
}

// The name of a file with weights in a format that is not read, empty when there is none.
std::string unread_file(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    names.push_back(at->path().filename().string());
  std::sort(names.begin(), names.end());
  for (const char* pattern : kUnreadPatterns)
    for (const std::string& name : names)
      if (fnmatch(pattern, name.c_str(), 0) == 0) return name;
  return "";
}

[[noreturn]] void fail_without_weights(const fs::path& folder, const fs::path& unread) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored))
    fail(ErrorCode::kMissingInput, folder.string(), ": no such folder");
  const std::string wanted = kFormats.front().file;
  if (unread.empty())
    fail(ErrorCode::kMissingInput, folder.string(), ": found no weights, wanted ", wanted, " or ",
         index_of(kFormats.front()));
  fail(ErrorCode::kMissingInput, folder.string(), ": found the weights in ",
       unread.filename().string(), ", which this version does not read; wanted ", wanted,
       ": load the model in transformers and save it with save_pretrained(folder, "
       "safe_serialization=True)");
}

// The format of a file that find_weights() gave; null when none of ours.
const WeightFormat* format_of(const fs::path& file) {
  const std::string name = file.filename().string();
  for (const WeightFormat& format : kFormats)
    if (name == format.file || (format.sharded && name == index_of(format))) return &format;
  return nullptr;
}

}  // namespace

FoundWeights find_weights(const fs::path& folder) {
  for (const WeightFormat& format : kFormats) {
    if (is_there(folder / format.file)) return {folder / format.file, true};
    if (format.sharded && is_there(folder / index_of(format)))
      return {folder / index_of(format), true};
  }
  const fs::path checkpoint = find_tf_checkpoint(folder);
  if (!checkpoint.empty()) return {checkpoint, true};
  const std::string unread = unread_file(folder);
  return {unread.empty() ? fs::path() : folder / unread, false};
}

std::unique_ptr<const WeightSource> open_weights(const fs::path& folder) {
  const FoundWeights found = find_weights(folder);
  if (!found.is_read) fail_without_weights(folder, found.file);
  if (is_tf_checkpoint(found.file)) return open_tf_checkpoint(found.file);
  const WeightFormat* format = format_of(found.file);
  ALBERT_CHECK(format, found.file.string());
  if (found.file.filename() == format->file) return format->open(found.file);
  return open_sharded_weights(found.file, fs::path(format->file).extension().string(),
                              format->open);
}

HostTensor WeightSource::tensor(const std::string& name) const {
  const TensorInfo& info = tensors().at(name);
  HostTensor values(info.dtype, info.shape);
  read(name, {static_cast<std::byte*>(values.raw()), values.bytes()});
  return values;
}

}  // namespace albert
