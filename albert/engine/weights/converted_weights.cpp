#include "albert/engine/weights/converted_weights.h"

#include <cstring>

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/engine/not_finite.h"

namespace albert {
namespace {

class ConvertedWeights final : public WeightSource {
 public:
  ConvertedWeights(std::shared_ptr<const WeightSource> weights, DType dtype)
      : weights_(std::move(weights)), dtype_(dtype), tensors_(weights_->tensors()) {
    for (auto& [name, info] : tensors_)
      if (is_float(info.dtype)) info.dtype = dtype;
  }
  std::string name() const override { return weights_->name(); }
  const std::map<std::string, TensorInfo>& tensors() const override { return tensors_; }
  void read(const std::string& tensor, std::span<std::byte> to) const override {
    const DType from = weights_->tensors().at(tensor).dtype;
    if (from == tensors_.at(tensor).dtype) return weights_->read(tensor, to);
    const HostTensor values = weights_->tensor(tensor), converted = values.to(dtype_);
    if (const int64_t lost = count_not_finite(converted) - count_not_finite(values); lost > 0)
      fail(ErrorCode::kBadData, name(), ": tensor ", in_quotes(tensor), ": found ", lost,
           " values that are too large for ", dtype_, ", wanted a type of more range: bf16 or f32");
    if (!to.empty()) std::memcpy(to.data(), converted.raw(), to.size());
  }
  void check_unchanged() const override { weights_->check_unchanged(); }
  std::vector<std::string> notes() const override { return weights_->notes(); }

 private:
  std::shared_ptr<const WeightSource> weights_;
  DType dtype_;
  std::map<std::string, TensorInfo> tensors_;
};

}  // namespace

std::unique_ptr<const WeightSource> converted(std::shared_ptr<const WeightSource> weights,
                                              DType dtype) {
  return std::make_unique<const ConvertedWeights>(std::move(weights), dtype);
}

}  // namespace albert
