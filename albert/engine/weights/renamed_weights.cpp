#include "albert/engine/weights/renamed_weights.h"

#include "albert/engine/weights/transpose.h"

namespace albert {
namespace {

class RenamedWeights final : public WeightSource {
 public:
  RenamedWeights(std::shared_ptr<const WeightSource> weights, TensorSources sources)
      : weights_(std::move(weights)), sources_(std::move(sources)) {
    for (const auto& [name, origin] : sources_) {
      TensorInfo info = weights_->tensors().at(origin.name);
      if (origin.transposed) std::swap(info.shape.at(0), info.shape.at(1));
      tensors_.emplace(name, std::move(info));
    }
  }
  std::string name() const override { return weights_->name(); }
  const std::map<std::string, TensorInfo>& tensors() const override { return tensors_; }
  void read(const std::string& tensor, std::span<std::byte> to) const override {
    const TensorOrigin& origin = sources_.at(tensor);
    if (!origin.transposed || to.empty()) return weights_->read(origin.name, to);
    weights_->read(origin.name, to);
    const TensorInfo& kernel = weights_->tensors().at(origin.name);
    transpose_in_place(to, static_cast<size_t>(kernel.shape.at(0)),
                       static_cast<size_t>(kernel.shape.at(1)), size_of(kernel.dtype));
  }
  void check_unchanged() const override { weights_->check_unchanged(); }
  std::vector<std::string> notes() const override { return weights_->notes(); }

 private:
  std::shared_ptr<const WeightSource> weights_;
  TensorSources sources_;
  std::map<std::string, TensorInfo> tensors_;
};

}  // namespace

std::unique_ptr<const WeightSource> renamed(std::shared_ptr<const WeightSource> weights,
                                            TensorSources sources) {
  return std::make_unique<const RenamedWeights>(std::move(weights), std::move(sources));
}

}  // namespace albert
