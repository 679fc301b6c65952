#pragma once
#include <cmath>
#include <csignal>

#include "albert/engine/transfer.h"
#include "albert/trainer/loop/training_loop.h"
#include "albert/trainer/parallel/self_communicator.h"
#include "tests/support/files.h"
#include "tests/support/models.h"

namespace albert::testing {

// Learns random batches, each a function of its step; may raise a signal or spoil a gradient on the
// way.
class RandomTask final : public TrainingTask {
 public:
  explicit RandomTask(Precision precision = Precision::kF32, Device device = Device::kCpu)
      : model_(AlbertForPreTraining::from_config(tiny_config(),
                                                 {.precision = precision,
                                                  .trainable = true,
                                                  .backend = {.device = device, .threads = 2}})) {}
  AlbertPreTrainedModel& model() override { return model_; }
  std::vector<double> counts(std::span<const MicroBatch>) override { return {}; }
  Deferred<Metrics> accumulate(const MicroBatch& part, std::span<const double>,
                               Tensor loss_scale) override {
    const int64_t step = part.step;
    events.push_back("queued " + std::to_string(step));
    const RandomBatch batch(model_.config(), 3, 9, static_cast<uint32_t>(step));
    const auto out = model_.start(batch.inputs, batch.pretraining,
                                  {.logits = false,
                                   .backward = true,
                                   .loss_scale = loss_scale,
                                   .dropout = {true, 1, static_cast<uint64_t>(step)}});
    if (step >= spoiled_from && step < spoiled_to) spoil();
    if (step == signal_at) std::raise(SIGTERM);
    return Deferred<Metrics>([this, step, out]() -> Metrics {
      events.push_back("read " + std::to_string(step));
      return {{"loss", *out.get().loss}, {"steps", 1}, {"tokens", 20}};
    });
  }
  Metrics averages(const Metrics& sums) const override {
    return {{"loss", sums.at("loss") / sums.at("steps")}};
  }
  Metrics evaluate() override {
    const RandomBatch batch(model_.config(), 3, 9, 999);
    return {{"loss", *model_.forward(batch.inputs, batch.pretraining, {.logits = false}).loss}};
  }
  void save_extras(const std::filesystem::path& folder) const override {
    write_bytes(folder / "extra.txt", "kept");
  }

  int64_t signal_at = -1, spoiled_from = -1, spoiled_to = -1;
  std::vector<std::string> events;  // "queued 3", "read 3", in their order

 private:
  void spoil() {
    const Tensor grads = model_.parameters().flat_grads();
    upload(model_.backend(), {grads.data, {1}, grads.dtype},
           HostTensor::of<float>({1}, {std::nanf("")}).to(grads.dtype));
  }

  AlbertForPreTraining model_;
};

}  // namespace albert::testing
