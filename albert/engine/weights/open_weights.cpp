// Decides by what lies in a folder which format its weights are read from.
#include <fnmatch.h>

#include <algorithm>
#include <array>

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/engine/weights/keras_weights.h"
#include "albert/engine/weights/model_prefix.h"
#include "albert/engine/weights/safetensors.h"
#include "albert/engine/weights/sharded_weights.h"
#include "albert/engine/weights/tf_checkpoint.h"
#include "albert/engine/weights/tf_v1.h"
#include "albert/engine/weights/torch_weights.h"
#include "albert/engine/weights/weight_format.h"

namespace albert {
namespace {

namespace fs = std::filesystem;

// A format: the file that holds a model, and who opens one. Where `sharded`, FILE.index.json may
// stand for it and list several files with FILE's extension.
struct WeightFormat {
  const char* file;
  const char* about;
  OpenWeights open;
  bool sharded;
};
constexpr std::array kFormats{
    WeightFormat{"model.safetensors", "safetensors", open_safetensors, true},
    WeightFormat{"pytorch_model.bin", "PyTorch", open_torch, true},
    WeightFormat{"tf_model.h5", "HDF5 of Keras", open_keras_weights, true}};

// Files of torch.save have any name; the second list holds names of a trainer's own state.
constexpr std::array kTorchPatterns{"*.pt", "*.pth", "*.t7"};
constexpr std::array kStatePatterns{"optimizer*.pt", "scheduler*.pt", "scaler*.pt",
                                    "rng_state*.pth"};

// Files that hold weights which are not read, as patterns of fnmatch(3); the first one is told.
constexpr std::array kUnreadPatterns{"pytorch_model*.bin",
                                     "pytorch_model*.bin.index.json",
                                     "tf_model-*.h5",
                                     "*.ckpt",
                                     "*.ckpt-best",
                                     "*.ckpt-[0-9]*[0-9]",
                                     "flax_model*",
                                     "model.*.safetensors",
                                     "adapter_model*",
                                     "saved_model.pb",
                                     "rust_model.ot",
                                     "*.onnx",
                                     "*.gguf"};

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::string index_of(const WeightFormat& format) {
  return std::string(format.file) + ".index.json";
}

template <class Patterns>
bool matches(const std::string& name, const Patterns& patterns) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const char* pattern) { return fnmatch(pattern, name.c_str(), 0) == 0; });
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    names.push_back(at->path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

// The name of a file with weights in a format that is not read, empty when there is none.
std::string unread_file(const std::vector<std::string>& names) {
  for (const char* pattern : kUnreadPatterns)
    for (const std::string& name : names)
      if (fnmatch(pattern, name.c_str(), 0) == 0) return name;
  return "";
}

std::vector<std::string> torch_files(std::vector<std::string> names) {
  std::erase_if(names, [](const std::string& name) {
    return !matches(name, kTorchPatterns) || matches(name, kStatePatterns);
  });
  return names;
}

std::string wanted_files() {
  std::vector<std::string> files;
  for (const WeightFormat& format : kFormats) {
    files.emplace_back(format.file);
    if (format.sharded) files.push_back(index_of(format));
  }
  files.emplace_back("NAME.index");
  return one_of(files);
}

[[noreturn]] void fail_without_weights(const fs::path& folder, const fs::path& unread) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored))
    fail(ErrorCode::kMissingInput, folder.string(), ": no such folder");
  if (const auto several = torch_files(names_in(folder)); several.size() > 1)
    fail(ErrorCode::kBadData, folder.string(), ": found ", joined_first(several, 6),
         ", wanted one file of weights; name it pytorch_model.bin");
  if (unread.empty())
    fail(ErrorCode::kMissingInput, folder.string(), ": found no weights, wanted ", wanted_files());
  fail(ErrorCode::kMissingInput, folder.string(), ": found the weights in ",
       unread.filename().string(), ", which this version does not read; wanted ",
       kFormats.front().file,
       ": load the model in transformers and save it with "
       "save_pretrained(folder)");
}

// The format of a file that find_weights() gave; null when none of ours.
const WeightFormat* format_of(const fs::path& file) {
  const std::string name = file.filename().string();
  for (const WeightFormat& format : kFormats)
    if (name == format.file || (format.sharded && name == index_of(format))) return &format;
  return nullptr;
}

std::unique_ptr<const WeightSource> open_file(const fs::path& file) {
  if (is_tf_checkpoint(file)) return open_tf_checkpoint(file);
  const WeightFormat* format = format_of(file);
  if (!format) return open_torch(file);
  if (file.filename() == format->file) return format->open(file);
  return open_sharded_weights(file, fs::path(format->file).extension().string(), format->open);
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
  const auto names = names_in(folder);
  if (const auto files = torch_files(names); files.size() == 1) return {folder / files[0], true};
  const std::string unread = unread_file(names);
  return {unread.empty() ? fs::path() : folder / unread, false};
}

std::unique_ptr<const WeightSource> open_weights(const fs::path& folder,
                                                 const std::string& prefix) {
  const FoundWeights found = find_weights(folder);
  if (!found.is_read) fail_without_weights(folder, found.file);
  return without_model_prefix(open_file(found.file), prefix);
}

std::string weight_format(const fs::path& file) {
  if (is_tf_checkpoint(file))
    return std::string("TensorFlow checkpoint, format ") + (is_tf_v1(file) ? "V1" : "V2");
  const WeightFormat* format = format_of(file);
  if (!format) return "PyTorch";
  return std::string(format->about) + (file.filename() == format->file ? "" : ", sharded");
}

HostTensor WeightSource::tensor(const std::string& name) const {
  const TensorInfo& info = tensors().at(name);
  HostTensor values(info.dtype, info.shape);
  read(name, {static_cast<std::byte*>(values.raw()), values.bytes()});
  return values;
}

}  // namespace albert
