#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "albert/engine/host_tensor.h"

namespace albert {

// A tensor of a file, without its data.
struct TensorInfo {
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
};

// Named tensors in files of any format, read one at a time into memory of the caller, so that no
// format needs the memory of a second model. A format whose names or layouts differ (TensorFlow's
// kernels are [in, out]) translates them: whoever reads sees the names of transformers' PyTorch
// models and weights [out, in].
class WeightSource {
 public:
  virtual ~WeightSource() = default;

  // Where the tensors are, for messages: the path of a file or folder.
  virtual std::string name() const = 0;

  virtual const std::map<std::string, TensorInfo>& tensors() const = 0;

  // Writes the values of a tensor of tensors(), row-major and of its dtype, to `to`, which has
  // their size. Error(kIo) when reading fails, kBadData for data that are not what was announced.
  virtual void read(const std::string& tensor, std::span<std::byte> to) const = 0;

  // Error(kIo) when a file was changed since it was opened: what was read may be half old, half
  // new.
  virtual void check_unchanged() const = 0;

  // What a user is told of how the tensors were found; most often nothing.
  virtual std::vector<std::string> notes() const { return {}; }

  // One tensor in memory of its own.
  HostTensor tensor(const std::string& name) const;
};

// The weights of a model folder, in the first format that is there: model.safetensors,
// pytorch_model.bin, or the shards that FILE.index.json names (open_weights.cpp has the list); else
// a TensorFlow checkpoint; else the only .pt, .pth or .t7 file. A model under a prefix is found, or
// chosen with `prefix` (model_prefix.h). Every header and the index are checked, no data are read.
// Error(kMissingInput) when a file is not there; weights in other formats are refused by name, with
// what would work. Error(kBadData) for a broken file or index, and where several files or models
// could be meant.
std::unique_ptr<const WeightSource> open_weights(const std::filesystem::path& folder,
                                                 const std::string& prefix = "");

// The file that holds (or, an index, lists) a folder's weights, and whether open_weights() reads
// its format. Empty when the folder has none.
struct FoundWeights {
  std::filesystem::path file;
  bool is_read = false;
};
FoundWeights find_weights(const std::filesystem::path& folder);

}  // namespace albert
