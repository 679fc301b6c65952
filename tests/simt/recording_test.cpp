// Steps that come again are recorded and replayed: the same bits as if each had been queued anew.
#include <gtest/gtest.h>

#include "albert/kernels/emulator/backend.h"
#include "albert/kernels/profile.h"
#include "albert/trainer/optim/optimizer.h"
#include "tests/support/compare.h"
#include "tests/support/models.h"

namespace albert::testing {
namespace {

AlbertConfig dropping_config() {
  AlbertConfig c = tiny_config();
  c.hidden_dropout_prob = 0.1;
  c.attention_probs_dropout_prob = 0.2;
  c.classifier_dropout_prob = 0.3;
  return c;
}

AlbertForPreTraining model_on_gpu() {
  auto model = AlbertForPreTraining::from_config(
      dropping_config(), {.trainable = true, .backend = {.device = Device::kCuda}});
  randomize(model, 3);
  return model;
}

// The same rows are masked in every batch, so that shapes repeat; all else differs.
RandomBatch batch_number(int n) {
  const AlbertConfig config = dropping_config();
  RandomBatch batch(config, 4, 20, 1);
  std::mt19937 random(static_cast<uint32_t>(n));
  auto* ids = batch.inputs.input_ids.data<int64_t>();
  auto* labels = batch.pretraining.labels.data<int64_t>();
  for (int64_t i = 0; i < batch.inputs.input_ids.size(); ++i) {
    ids[i] = static_cast<int64_t>(random() % static_cast<uint32_t>(config.vocab_size));
    if (labels[i] >= 0)
      labels[i] = static_cast<int64_t>(random() % static_cast<uint32_t>(config.vocab_size));
  }
  return batch;
}

struct Outcome {
  double loss;
  TensorFile gradients;
};

Outcome step(AlbertForPreTraining& model, int n) {
  const RandomBatch batch = batch_number(n);
  model.zero_grads();
  const auto out = model.forward(batch.inputs, batch.pretraining,
                                 {.logits = false,
                                  .backward = true,
                                  .dropout = {true, 5, static_cast<uint64_t>(n)},
                                  .loss = {.counts = {30.0 + n, 4}}});
  return {*out.loss, model.gradients()};
}

int64_t submitted(AlbertPreTrainedModel& model) {
  return dynamic_cast<kernels::simt::EmulatedBackend&>(model.backend()).submitted();
}

TEST(CapturedStep, GivesTheSameBitsAsQueueingAnew) {
  auto model = model_on_gpu();
  for (int n = 0; n < 6; ++n) {
    auto fresh = model_on_gpu();
    const Outcome recorded = step(model, n), queued = step(fresh, n);
    EXPECT_EQ(recorded.loss, queued.loss) << "step " << n;
    EXPECT_TRUE(same_bits(recorded.gradients, queued.gradients)) << "step " << n;
  }
}

TEST(CapturedStep, IsUsedWhenAStepComesTheThirdTime) {
  auto model = model_on_gpu();
  step(model, 0);  // makes room
  for (int n = 1; n < 3; ++n) {
    const int64_t before = submitted(model);
    step(model, n);
    EXPECT_GT(submitted(model), before) << n;
  }
  const int64_t before = submitted(model);
  for (int n = 3; n < 6; ++n) step(model, n);
  EXPECT_EQ(submitted(model), before);
}

// Sequences of every length that texts have come round again and again: all of them are captured,
// and none makes another be captured anew.
TEST(CapturedStep, ManyLengthsAreAllKeptCaptured) {
  constexpr int kKinds = 60;
  auto model = model_on_gpu();
  const auto forward = [&](int sequences) {
    model.forward(RandomBatch(dropping_config(), sequences, 2, 1).inputs);
  };
  forward(kKinds);  // makes room
  for (int round = 0; round < 4; ++round) {
    const int64_t before = submitted(model);
    for (int kind = 1; kind <= kKinds; ++kind) forward(kind);
    EXPECT_EQ(submitted(model) > before, round < 2) << round;
  }
}

TEST(CapturedStep, IsNotUsedForOtherShapesOrOptions) {
  auto model = model_on_gpu();
  for (int n = 0; n < 4; ++n) step(model, n);
  const int64_t before = submitted(model);
  const RandomBatch other(dropping_config(), 3, 11, 9);
  const auto on_gpu = model.forward(other.inputs);
  EXPECT_GT(submitted(model), before);
  auto on_cpu = AlbertForPreTraining::from_config(dropping_config(), {.trainable = true});
  randomize(on_cpu, 3);
  const auto expected = on_cpu.forward(other.inputs);
  const auto near = [](const HostTensor& a, const HostTensor& b) {
    return relative_error(doubles(a), doubles(b)) < 1e-5;
  };
  EXPECT_TRUE(near(on_gpu.prediction_logits, expected.prediction_logits));
  EXPECT_TRUE(near(on_gpu.sop_logits, expected.sop_logits));
}

// Batches of 62 to 64 tokens and of 9 or 10 masked ones are rounded to the same shapes.
TEST(CapturedStep, ServesBatchesOfAboutTheSameSize) {
  auto model = model_on_gpu();
  auto on_cpu = AlbertForPreTraining::from_config(dropping_config(), {.trainable = true});
  randomize(on_cpu, 3);
  const auto batch_of = [](int n) {
    RandomBatch batch(dropping_config(), 4, 16, static_cast<uint32_t>(n));
    auto* mask = batch.inputs.attention_mask.data<int64_t>();
    auto* labels = batch.pretraining.labels.data<int64_t>();
    for (int i = 0; i < 64; ++i) {
      mask[i] = i % 16 < 15 || i / 16 >= n % 3;
      labels[i] = mask[i] && i % 7 == 2 * (n % 2) ? i % 29 : -100;
    }
    return batch;
  };
  int64_t before = 0;
  for (int n = 0; n < 7; ++n) {
    if (n == 4) before = submitted(model);
    const RandomBatch batch = batch_of(n);
    const ForwardOptions options{
        .logits = false, .backward = true, .dropout = {true, 5, static_cast<uint64_t>(n)}};
    model.zero_grads();
    on_cpu.zero_grads();
    const auto gpu = model.forward(batch.inputs, batch.pretraining, options);
    const auto cpu = on_cpu.forward(batch.inputs, batch.pretraining, options);
    EXPECT_NEAR(*gpu.loss, *cpu.loss, 1e-5 * *cpu.loss);
    EXPECT_EQ(gpu.mlm_count, cpu.mlm_count);
    EXPECT_EQ(gpu.mlm_correct, cpu.mlm_correct);
    for (const auto& [name, gradient] : model.gradients().tensors)
      EXPECT_LE(
          relative_error(doubles(gradient), doubles(on_cpu.gradients().tensors.at(name)), 0.05),
          1e-4)
          << name;
  }
  EXPECT_EQ(submitted(model), before);
}

TEST(CapturedStep, OfInferenceFollowsTheWeights) {
  auto model = model_on_gpu();
  const RandomBatch batch = batch_number(0);
  HostTensor first, last;
  for (int n = 0; n < 4; ++n) first = model.forward(batch.inputs).sop_logits;
  const int64_t before = submitted(model);
  randomize(model, 4);
  const int64_t after = submitted(model);
  last = model.forward(batch.inputs).sop_logits;
  EXPECT_EQ(submitted(model) - after, 0) << before;
  EXPECT_GT(relative_error(doubles(first), doubles(last)), 1e-3);
}

// A whole training step is replayed, with the learning rate of its own update; what is timed is
// never recorded.
TEST(CapturedStep, OfAnUpdateFollowsTheLearningRate) {
  for (const auto kind : {OptimizerOptions::Kind::kAdamW, OptimizerOptions::Kind::kLamb}) {
    auto model = model_on_gpu(), timed = model_on_gpu();
    kernels::Profile profile;
    timed.backend().profile_into(&profile);
    Optimizer optimizer(model, {.kind = kind}), timed_optimizer(timed, {.kind = kind});
    int64_t before = 0;
    for (int n = 0; n < 6; ++n) {
      if (n == 4) before = submitted(model);
      const double learning_rate = 0.01 / (n + 1);
      step(model, n);
      step(timed, n);
      EXPECT_EQ(optimizer.step(learning_rate).get().updates, n + 1);
      EXPECT_EQ(timed_optimizer.step(learning_rate).get().updates, n + 1);
      EXPECT_TRUE(same_bits(model.state_dict(), timed.state_dict())) << "step " << n;
    }
    EXPECT_EQ(submitted(model), before);
  }
}

}  // namespace
}  // namespace albert::testing
