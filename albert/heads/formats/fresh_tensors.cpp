#include "albert/heads/formats/fresh_tensors.h"

#include <cstring>

#include "albert/engine/transfer.h"

namespace albert {
namespace {

constexpr uint64_t kSeed = 42;

std::map<std::string, HostTensor> drawn(const std::vector<const Parameter*>& parameters,
                                        double initializer_range, DType dtype) {
  const auto backend = kernels::make_backend({.threads = 1});
  ParameterStore store;
  for (const Parameter* p : parameters) store.add(p->name, p->shape, p->init, p->decay);
  store.materialize(*backend, Precision::kF32, false);
  store.initialize(kSeed, initializer_range);
  std::map<std::string, HostTensor> values;
  for (const Parameter& p : store.all())
    values.emplace(p.name, download(*backend, p.value).to(dtype));
  return values;
}

class FreshTensors final : public WeightSource {
 public:
  FreshTensors(std::shared_ptr<const WeightSource> weights, std::map<std::string, HostTensor> fresh)
      : weights_(std::move(weights)), fresh_(std::move(fresh)), tensors_(weights_->tensors()) {
    for (const auto& [name, values] : fresh_) tensors_[name] = {values.dtype(), values.shape()};
  }
  std::string name() const override { return weights_->name(); }
  const std::map<std::string, TensorInfo>& tensors() const override { return tensors_; }
  void read(const std::string& tensor, std::span<std::byte> to) const override {
    const auto fresh = fresh_.find(tensor);
    if (fresh == fresh_.end()) return weights_->read(tensor, to);
    std::memcpy(to.data(), fresh->second.raw(), to.size());
  }
  void check_unchanged() const override { weights_->check_unchanged(); }
  std::vector<std::string> notes() const override { return weights_->notes(); }

 private:
  std::shared_ptr<const WeightSource> weights_;
  std::map<std::string, HostTensor> fresh_;
  std::map<std::string, TensorInfo> tensors_;
};

}  // namespace

std::shared_ptr<const WeightSource> with_fresh_tensors(std::shared_ptr<const WeightSource> weights,
                                                       const std::vector<const Parameter*>& fresh,
                                                       double initializer_range, DType dtype) {
  return std::make_shared<const FreshTensors>(std::move(weights),
                                              drawn(fresh, initializer_range, dtype));
}

}  // namespace albert
