// Steps whose attention is cuDNN's (a fake, on the emulated GPU) against steps of our own kernels.
#include <gtest/gtest.h>

#include "albert/kernels/emulator/backend.h"
#include "tests/support/compare.h"
#include "tests/support/models.h"

namespace albert::testing {
namespace {

using kernels::AttentionBackend;

AlbertConfig config_of(double attention_dropout) {
  AlbertConfig c = tiny_config();
  c.hidden_size = 48;
  c.num_attention_heads = 3;  // of 16
  c.num_hidden_groups = 1;
  c.inner_group_num = 1;
  c.num_hidden_layers = 3;
  c.hidden_dropout_prob = 0.1;
  c.attention_probs_dropout_prob = attention_dropout;
  return c;
}

struct Outcome {
  double loss;
  TensorFile gradients;
};

class CudnnStep {
 public:
  CudnnStep(const AlbertConfig& config, Precision precision, AttentionBackend attention)
      : config_(config),
        model_(AlbertForPreTraining::from_config(
            config, {.precision = precision,
                     .trainable = true,
                     .backend = {.device = Device::kCuda, .attention = attention}})) {
    randomize(model_, 3);
  }
  Outcome run(int n, Keep keep = Keep::kActivations, int64_t sequences = 4, int64_t length = 21) {
    const RandomBatch batch(config_, sequences, length, static_cast<uint32_t>(n));
    model_.zero_grads();
    const auto out = model_.forward(batch.inputs, batch.pretraining,
                                    {.logits = false,
                                     .backward = true,
                                     .keep = keep,
                                     .dropout = {true, 5, static_cast<uint64_t>(n)}});
    return {*out.loss, model_.gradients()};
  }
  kernels::simt::EmulatedBackend& gpu() {
    return dynamic_cast<kernels::simt::EmulatedBackend&>(model_.backend());
  }
  int runs() { return gpu().cudnn()->runs(); }
  AlbertForPreTraining& model() { return model_; }

 private:
  AlbertConfig config_;
  AlbertForPreTraining model_;
};

double distance(const Outcome& a, const Outcome& b) {
  double worst = std::fabs(a.loss - b.loss) / b.loss;
  for (const auto& [name, tensor] : a.gradients.tensors) {
    const double error =
        relative_error(doubles(tensor), doubles(b.gradients.tensors.at(name)), 0.05);
    worst = error > worst || std::isnan(error) ? error : worst;
  }
  return worst;
}

TEST(CudnnStep, IsAsExactAsOurOwn) {
  const AlbertConfig config = config_of(0);
  const Outcome exact = CudnnStep(config, Precision::kF32, AttentionBackend::kOwn).run(1);
  for (const Precision precision : {Precision::kBF16, Precision::kF16})
    for (const Keep keep : {Keep::kActivations, Keep::kRecompute}) {
      CudnnStep own(config, precision, AttentionBackend::kOwn),
          cudnn(config, precision, AttentionBackend::kCudnn);
      const double own_error = distance(own.run(1, keep), exact),
                   error = distance(cudnn.run(1, keep), exact);
      EXPECT_LE(error, 1.5 * own_error);
      EXPECT_GT(own_error, 0);
      // Two full layers, forward and backward, and forward again to recompute; the last layer is
      // pruned, and ours.
      EXPECT_EQ(cudnn.runs(), keep == Keep::kRecompute ? 6 : 4);
      EXPECT_EQ(cudnn.gpu().cudnn()->built(), 2);
    }
}

TEST(CudnnStep, IsReplayedWithTheSameBits) {
  CudnnStep recorded(config_of(0), Precision::kBF16, AttentionBackend::kCudnn);
  for (int n = 0; n < 4; ++n) {
    CudnnStep fresh(config_of(0), Precision::kBF16, AttentionBackend::kCudnn);
    const Outcome a = recorded.run(1), b = fresh.run(1);
    EXPECT_EQ(a.loss, b.loss) << n;
    EXPECT_TRUE(same_bits(a.gradients, b.gradients)) << n;
  }
  const int before = recorded.runs();
  recorded.run(1);
  EXPECT_EQ(recorded.runs(), before);
}

TEST(CudnnStep, LeavesTheRestToOurOwn) {
  CudnnStep dropping(config_of(0.1), Precision::kBF16, AttentionBackend::kCudnn);
  dropping.run(1);
  EXPECT_EQ(dropping.runs(), 0);
  CudnnStep wide(config_of(0), Precision::kF32, AttentionBackend::kCudnn);
  wide.run(1);
  EXPECT_EQ(wide.runs(), 0);
}

// cuDNN's scratch is part of the planned memory, and there is a limit to it.
TEST(CudnnStep, PlansForTheWorkspaceAndLeavesBatchesThatWantTooMuchToOurOwn) {
  const auto peak_with = [](size_t workspace, int runs) {
    CudnnStep step(config_of(0), Precision::kBF16, AttentionBackend::kCudnn);
    step.gpu().cudnn()->set_workspace(workspace);
    step.run(1);
    EXPECT_EQ(step.runs(), runs);
    return step.model().session().last_peak();
  };
  const size_t small = peak_with(1024, 4);
  EXPECT_GT(peak_with(size_t{8} << 20, 4), small + (size_t{7} << 20));
  EXPECT_LT(peak_with((size_t{1} << 30) + 1, 0), small + (size_t{1} << 20));
}

// Only the last used graphs are kept, and those that captured steps run.
TEST(CudnnStep, ForgetsGraphsThatNoStepUses) {
  using Cache = kernels::GraphCache<int>;
  CudnnStep cudnn(config_of(0), Precision::kBF16, AttentionBackend::kCudnn);
  cudnn.run(1, Keep::kActivations, 60, 3);  // makes room
  Outcome expected = cudnn.run(1);
  for (int n = 0; n < 2; ++n) cudnn.run(1);
  const int captured = cudnn.runs();
  for (int64_t sequences = 5; sequences <= 40; ++sequences) {
    cudnn.run(2, Keep::kActivations, sequences, 3);
    if (sequences % 5 == 0) cudnn.run(1);  // stays among the steps that are known
  }
  EXPECT_GT(cudnn.gpu().cudnn()->built(), static_cast<int>(Cache::kMost));
  EXPECT_LE(cudnn.gpu().cudnn()->kept(), Cache::kMost);
  const int before = cudnn.runs();
  EXPECT_GT(before, captured);
  const Outcome replayed = cudnn.run(1);
  EXPECT_EQ(cudnn.runs(), before);
  EXPECT_EQ(replayed.loss, expected.loss);
  EXPECT_TRUE(same_bits(replayed.gradients, expected.gradients));
}

// Who asks for probabilities gets ours, and hidden states beside them.
TEST(CudnnStep, ProbabilitiesAreOurs) {
  CudnnStep cudnn(config_of(0), Precision::kBF16, AttentionBackend::kCudnn);
  const RandomBatch batch(config_of(0), 3, 9, 2);
  const auto out = cudnn.model().forward(batch.inputs, {}, {.output_attentions = true});
  EXPECT_EQ(out.attentions.size(), 3U);
  EXPECT_EQ(cudnn.runs(), 0);
}

}  // namespace
}  // namespace albert::testing
