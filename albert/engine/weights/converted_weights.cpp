#include "albert/engine/weights/converted_weights.h"

#include <algorithm>
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
    const HostTensor values = weights_->tensor(tensor);
    constexpr int64_t kAtOnce = 1 << 20;  // elements, so that little is in memory twice
    int64_t lost = 0;
    for (int64_t begin = 0; begin < values.size(); begin += kAtOnce)
      lost += convert_part(values, begin, std::min(kAtOnce, values.size() - begin), to);
    if (lost > 0)
      fail(ErrorCode::kBadData, name(), ": tensor ", in_quotes(tensor), ": found ", lost,
           " values that are too large for ", dtype_, ", wanted a type of more range: bf16 or f32");
  }
  void check_unchanged() const override { weights_->check_unchanged(); }
  std::vector<std::string> notes() const override { return weights_->notes(); }

 private:
  // Converts n elements to their place; how many are no longer finite.
  int64_t convert_part(const HostTensor& values, int64_t begin, int64_t n,
                       std::span<std::byte> to) const {
    HostTensor part = HostTensor::uninitialized(values.dtype(), {n});
    const auto* from = static_cast<const std::byte*>(values.raw());
    std::memcpy(part.raw(), from + static_cast<size_t>(begin) * size_of(values.dtype()),
                part.bytes());
    const HostTensor converted = part.to(dtype_);
    std::memcpy(to.data() + static_cast<size_t>(begin) * size_of(dtype_), converted.raw(),
                converted.bytes());
    return count_not_finite(converted) - count_not_finite(part);
  }

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
