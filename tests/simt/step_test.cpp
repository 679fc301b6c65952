// Whole training steps on the emulated GPU against the CPU: loss, every gradient, weights after the
// update.
#include <type_traits>

#include "tests/support/kernel_cases.h"
#include "tests/support/models.h"

namespace albert::testing {
namespace {

AlbertConfig small_config() {
  AlbertConfig c;
  c.vocab_size = 101;
  c.embedding_size = 32;
  c.hidden_size = 64;
  c.num_hidden_layers = 2;
  c.num_attention_heads = 4;
  c.intermediate_size = 128;
  c.max_position_embeddings = 40;
  c.hidden_dropout_prob = 0.1;
  c.attention_probs_dropout_prob = 0.2;
  c.classifier_dropout_prob = 0.3;
  c.initializer_range = 0.3;
  return c;
}

// What an update of a model gave, and how far it is from another's.
struct Outcome {
  double loss;
  TensorFile gradients, weights;
};

struct Distance {
  double loss, gradients, weights;
};

double worst(const TensorFile& actual, const TensorFile& expected, double floor) {
  double most = actual.tensors.size() == expected.tensors.size() ? 0 : std::nan("");
  for (const auto& [name, tensor] : actual.tensors) {
    const double error = relative_error(doubles(tensor), doubles(expected.tensors.at(name)), floor);
    most = error > most || std::isnan(error) ? error : most;
  }
  return most;
}

Distance distance(const Outcome& actual, const Outcome& expected) {
  return {std::fabs(actual.loss - expected.loss) / expected.loss,
          worst(actual.gradients, expected.gradients, 0.05),
          worst(actual.weights, expected.weights, 1)};
}

void unscale(HostTensor& t, double scale) {
  if (t.dtype() != DType::kF32) return;
  for (int64_t i = 0; i < t.size(); ++i) t.data<float>()[i] /= static_cast<float>(scale);
}

class Step : public ::testing::TestWithParam<std::tuple<Precision, Keep>> {
 protected:
  // One update of a new model; `labels` as the head takes them.
  template <class Model, class Labels>
  static Outcome update(const AlbertConfig& config, Device device, Precision precision,
                        const ModelInputs& inputs, const Labels& labels,
                        OptimizerOptions::Kind kind) {
    auto model =
        Model::from_config(config, ModelOptions{.precision = precision,
                                                .trainable = true,
                                                .backend = {.device = device, .threads = 2}});
    randomize(model, 7, 0.1);
    ForwardOptions options;
    options.logits = false;
    options.backward = true;
    // eps 1: with the usual one, a gradient of rounding alone moves its weight a whole step in
    // either direction.
    Optimizer optimizer(model, {.kind = kind, .eps = 1});
    const double scale = precision == Precision::kF16 ? 1024 : 1;
    optimizer.set_state({.loss_scale = {scale}});
    options.loss_scale = optimizer.loss_scale();
    options.dropout = {true, 11, 3};
    options.keep = std::get<Keep>(GetParam());
    const double loss = *model.forward(inputs, labels, options).loss;
    TensorFile gradients = model.gradients();
    for (auto& [name, tensor] : gradients.tensors) unscale(tensor, scale);
    EXPECT_EQ(optimizer.step(1e-2).get().applied, 1);
    return {loss, gradients, model.state_dict()};
  }

  // f64: equal but for the order of sums. f32 and bf16: of the largest error against f64, three
  // times what the CPU has, and of the one number that is the loss, ten roundings. f16, which the
  // CPU has not: its bf16's error.
  template <class Model, class Labels>
  static void expect_equal(const AlbertConfig& config, const ModelInputs& inputs,
                           const Labels& labels) {
    const Precision precision = std::get<Precision>(GetParam());
    for (const auto kind : {OptimizerOptions::Kind::kAdamW, OptimizerOptions::Kind::kLamb}) {
      const auto on = [&](Device device, Precision p) {
        return update<Model>(config, device, p, inputs, labels, kind);
      };
      const Outcome exact = on(Device::kCpu, Precision::kF64);
      const Distance cuda = distance(on(Device::kCuda, precision), exact);
      const bool f16 = precision == Precision::kF16;
      const Distance cpu = distance(on(Device::kCpu, f16 ? Precision::kBF16 : precision), exact);
      constexpr double kOrderOfSums = 1e-12;
      const double most = f16 ? 1 : 3;
      EXPECT_LE(cuda.loss, 10 * unit_roundoff(compute_dtype(precision)) + kOrderOfSums);
      EXPECT_LE(cuda.gradients, most * cpu.gradients + kOrderOfSums);
      EXPECT_LE(cuda.weights, most * cpu.weights + kOrderOfSums);
    }
  }
};

TEST_P(Step, OfPreTrainingEqualsTheCpus) {
  const AlbertConfig config = small_config();
  const RandomBatch batch(config, 5, 37, 5);
  expect_equal<AlbertForPreTraining>(config, batch.inputs, batch.pretraining);
}

TEST_P(Step, OfFineTuningEqualsTheCpus) {
  AlbertConfig config = small_config();
  config.id2label = {{0, "a"}, {1, "b"}, {2, "c"}};
  const RandomBatch batch(config, 4, 33, 6);
  expect_equal<AlbertForSequenceClassification>(
      config, batch.inputs, HostTensor::of<int64_t>({4}, std::vector<int64_t>{0, 2, 1, 2}));
}

INSTANTIATE_TEST_SUITE_P(Precisions, Step,
                         ::testing::Combine(::testing::Values(Precision::kF64, Precision::kF32,
                                                              Precision::kBF16, Precision::kF16),
                                            ::testing::Values(Keep::kActivations,
                                                              Keep::kRecompute)));

}  // namespace
}  // namespace albert::testing
