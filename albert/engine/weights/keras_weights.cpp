#include "albert/engine/weights/keras_weights.h"

#include <array>
#include <string_view>

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/engine/weights/renamed_weights.h"

namespace albert {
namespace {

constexpr std::string_view kModel = "tf_albert";  // begins the name of every TFAlbert* model
constexpr std::string_view kEnding = ":0";

using Names = std::pair<std::string_view, std::string_view>;  // Keras's, PyTorch's
constexpr std::array kWeights{Names{"kernel", "weight"},     Names{"gamma", "weight"},
                              Names{"beta", "bias"},         Names{"bias", "bias"},
                              Names{"embeddings", "weight"}, Names{"weight", "weight"}};

// "GROUP/MODEL/NAME:0" in its parts; an empty name for other paths.
struct KerasPath {
  std::string group, name;
};
KerasPath parts_of(const std::string& path) {
  const size_t model = path.find('/');
  const size_t name = model == std::string::npos ? model : path.find('/', model + 1);
  if (name == std::string::npos || !path.ends_with(kEnding)) return {};
  if (!std::string_view(path).substr(model + 1).starts_with(kModel)) return {};
  return {path.substr(0, model), path.substr(name + 1, path.size() - name - 1 - kEnding.size())};
}

// Whether the group is that of the layer itself, and not of one that shares the weight.
bool is_own(const KerasPath& path) { return path.name.starts_with(path.group + '/'); }

std::string with_dots(const std::string& name) {
  std::string result;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name.compare(i, 3, "_._") == 0) {  // the number of a layer in a list
      result += '.';
      i += 2;
    } else {
      result += name[i] == '/' ? '.' : name[i];
    }
  }
  return result;
}

class Hdf5Weights final : public WeightSource {
 public:
  explicit Hdf5Weights(PlacedBytes file) : file_(std::move(file)), datasets_(read_hdf5(file_)) {
    for (const auto& [path, dataset] : datasets_) tensors_.emplace(path, dataset.info);
  }
  std::string name() const override { return file_.name; }
  const std::map<std::string, TensorInfo>& tensors() const override { return tensors_; }
  void read(const std::string& tensor, std::span<std::byte> to) const override {
    if (!to.empty()) file_.read_at(datasets_.at(tensor).offset, to);
  }
  void check_unchanged() const override { file_.check_unchanged(); }

 private:
  PlacedBytes file_;
  std::map<std::string, Hdf5Dataset> datasets_;
  std::map<std::string, TensorInfo> tensors_;
};

TensorSources sources_of(const WeightSource& weights) {
  TensorSources sources;
  for (const auto& [path, info] : weights.tensors()) {
    const bool is_kernel = path.ends_with("/kernel:0") && info.shape.size() == 2;
    const std::string name = keras_weight_name(path);
    const auto [at, is_new] = sources.emplace(name, TensorOrigin{path, is_kernel});
    if (is_new) continue;
    const bool own = is_own(parts_of(path));
    if (own == is_own(parts_of(at->second.name)))
      fail(ErrorCode::kBadData, weights.name(), ": found ", in_quotes(at->second.name), " and ",
           in_quotes(path), ", wanted one weight for ", in_quotes(name));
    if (own) at->second.name = path;
  }
  return sources;
}

// TFAlbert* computes with the bias of the decoder; predictions.bias is a copy that it never trains.
void take_decoder_bias(TensorSources& sources) {
  auto decoder = sources.extract("predictions.decoder.bias");
  if (decoder.empty()) return;
  sources.erase("predictions.bias");
  decoder.key() = "predictions.bias";
  sources.insert(std::move(decoder));
}

}  // namespace

std::string keras_weight_name(const std::string& path) {
  const std::string name = parts_of(path).name;
  const size_t slash = name.rfind('/');
  if (slash == std::string::npos) return path;
  for (const auto& [keras, torch] : kWeights)
    if (name.substr(slash + 1) == keras)
      return with_dots(name.substr(0, slash + 1)) + std::string(torch);
  return path;
}

std::unique_ptr<const WeightSource> keras_weights(PlacedBytes file) {
  auto weights = std::make_unique<const Hdf5Weights>(std::move(file));
  TensorSources sources = sources_of(*weights);
  take_decoder_bias(sources);
  return renamed(std::move(weights), std::move(sources));
}

std::unique_ptr<const WeightSource> open_keras_weights(const std::filesystem::path& path) {
  return keras_weights(open_bytes(path));
}

}  // namespace albert
