// The memory that `albert plan` and `albert info` promise, against what the system says: base at
// batch 8 x 512.
#include <sys/resource.h>

#include <cmath>

#include <gtest/gtest.h>

#include "albert/albert.h"

namespace albert {
namespace {

constexpr int64_t kBatch = 8, kLength = 512;

double peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

AlbertConfig base() {
  AlbertConfig config;
  config.hidden_size = 768;
  config.num_attention_heads = 12;
  config.intermediate_size = 3072;
  return config;
}

// Every seventh token is predicted, as 15 % of them are in pre-training.
void expect_predicted_memory(bool training) {
  auto model =
      AlbertForPreTraining::from_config(base(), {.trainable = training, .backend = {.threads = 2}});
  std::vector<int64_t> labels(kBatch * kLength, -100);
  for (size_t i = 0; i < labels.size(); i += 7) labels[i] = 9;
  ModelInputs inputs;
  inputs.input_ids =
      HostTensor::of<int64_t>({kBatch, kLength}, std::vector<int64_t>(labels.size(), 5));
  const PreTrainingLabels targets{
      HostTensor::of<int64_t>({kBatch, kLength}, labels),
      HostTensor::of<int64_t>({kBatch}, std::vector<int64_t>(kBatch, 1))};
  const auto out = model.forward(inputs, targets, {.logits = false, .backward = training});
  EXPECT_TRUE(std::isfinite(*out.loss));
  const auto parameters =
      model.parameters().bytes(model.session().stream(), Precision::kF32, training);
  const auto predicted = static_cast<double>(parameters.total() + model.session().last_peak());
  EXPECT_NEAR(peak_resident_bytes() / predicted, 1, 0.1) << predicted << " bytes predicted";
}

// One process each (ctest starts one per test): a peak never comes down again.
TEST(ResidentMemory, InferenceIsAsPredicted) { expect_predicted_memory(false); }
TEST(ResidentMemory, TrainingIsAsPredicted) { expect_predicted_memory(true); }

}  // namespace
}  // namespace albert
