// Ten pre-training steps against transformers and PyTorch's or Google's optimizer: losses, norms,
// rates, final weights.
#include <numeric>

#include "tests/support/compare.h"
#include "tests/support/models.h"

namespace albert::testing {
namespace {

struct Recipe {
  const char* file;
  OptimizerOptions optimizer;
  Schedule::Shape schedule;
};

class Trajectory : public ::testing::TestWithParam<std::tuple<Recipe, Precision>> {};

constexpr int kSteps = 10;
constexpr int64_t kWarmup = 3;
constexpr double kPeak = 2e-3;

HostTensor input(const TensorFile& file, int step, const char* name) {
  return file.tensors.at("in." + std::to_string(step) + "." + name);
}

TEST_P(Trajectory, EqualsTheReference) {
  const auto& [recipe, precision] = GetParam();
  const std::string folder = std::string(ALBERT_GOLDEN_DIR) + "/shared/";
  const TensorFile golden = read_safetensors(folder + recipe.file);
  auto model = AlbertForPreTraining::from_pretrained(
      folder + std::string(recipe.file).substr(0, std::string(recipe.file).find('.')),
      {.precision = precision, .trainable = true, .backend = {.threads = 2}});
  Optimizer optimizer(model, recipe.optimizer);
  const Schedule schedule{
      .shape = recipe.schedule, .peak = kPeak, .warmup_steps = kWarmup, .total_steps = kSteps};

  std::vector<double> losses, norms, rates;
  for (int step = 0; step < kSteps; ++step) {
    const ModelInputs inputs{input(golden, step, "input_ids"),
                             input(golden, step, "attention_mask"),
                             input(golden, step, "token_type_ids"),
                             {},
                             {}};
    const PreTrainingLabels labels{input(golden, step, "labels"),
                                   input(golden, step, "sentence_order_label")};
    model.zero_grads();
    losses.push_back(*model.forward(inputs, labels, {.logits = false, .backward = true}).loss);
    rates.push_back(schedule.at(step));
    const auto result = optimizer.step(rates.back()).get();
    ASSERT_TRUE(result.applied);
    norms.push_back(result.gradient_norm);
  }

  const bool f64 = precision == Precision::kF64;
  EXPECT_TRUE(close(rates, doubles(golden.tensors.at("out.learning_rate")), 1e-6));
  EXPECT_TRUE(close(losses, doubles(golden.tensors.at("out.loss")), f64 ? 1e-5 : 1e-4));
  EXPECT_TRUE(close(norms, doubles(golden.tensors.at("out.gradient_norm")), f64 ? 1e-4 : 1e-3));
  const TensorFile final_state = model.state_dict();
  size_t compared = 0;
  for (const auto& [name, want] : golden.tensors) {
    if (name.rfind("out.final.", 0) != 0) continue;
    // Soft-max does not see a key's bias: its gradient is rounding alone, which in f32 Adam blows
    // up to steps of the learning rate, in whichever direction.
    const bool unseen = !f64 && name.find("attention.key.bias") != std::string::npos;
    const double tolerance = unseen ? std::accumulate(rates.begin(), rates.end(), 0.0)
                             : f64  ? 1e-4
                                    : 1e-3;
    EXPECT_TRUE(close(doubles(final_state.tensors.at(name.substr(10))), doubles(want), tolerance,
                      unseen ? 1 : 0))
        << name;
    ++compared;
  }
  EXPECT_EQ(compared, final_state.tensors.size());
}

const Recipe kRecipes[] = {
    {"train-adamw.safetensors", {}, Schedule::Shape::kLinear},
    {"train-adamw-google.safetensors", OptimizerOptions::google(OptimizerOptions::Kind::kAdamW),
     Schedule::Shape::kGooglePoly},
    {"train-lamb-google.safetensors", OptimizerOptions::google(OptimizerOptions::Kind::kLamb),
     Schedule::Shape::kGooglePoly}};

INSTANTIATE_TEST_SUITE_P(Recipes, Trajectory,
                         ::testing::Combine(::testing::ValuesIn(kRecipes),
                                            ::testing::Values(Precision::kF32, Precision::kF64)));

TEST(Optimizer, LeavesEverythingWhenTheGradientIsNotFinite) {
  AlbertConfig config = tiny_config();
  auto model = AlbertForPreTraining::from_config(config, {.trainable = true});
  Optimizer optimizer(model, {});
  const TensorFile before = model.state_dict();
  model.parameters().all().back().grad.as<float>()[0] = std::nanf("");
  EXPECT_EQ(optimizer.step(1e-3).get().applied, 0);
  EXPECT_EQ(optimizer.state().updates, 0);
  EXPECT_TRUE(same_bits(before, model.state_dict()));
}

TEST(Optimizer, ClipsToTheGlobalNorm) {
  auto model = AlbertForPreTraining::from_config(tiny_config(),
                                                 {.precision = Precision::kF64, .trainable = true});
  Parameter& p = model.parameters().all().front();
  const double before = p.value.as<double>()[0];
  p.grad.as<double>()[0] = 30;
  p.grad.as<double>()[1] = 40;
  Optimizer optimizer(
      model, {.eps = 1, .weight_decay = 0, .bias_correction = true, .max_gradient_norm = 5});
  optimizer.set_state({.loss_scale = {2}});
  EXPECT_NEAR(optimizer.step(0.5).get().gradient_norm, 25, 1e-12);
  // g = 30 * 0.5 * 5 / 25 = 3 after scale and clip; first corrected step: g / (|g| + eps)
  EXPECT_NEAR(p.value.as<double>()[0], before - 0.5 * 3 / (3 + 1.0), 1e-12);
}

TEST(Optimizer, PartsLearnAtTheirRatesAndFrozenOnesHaveNoShareInTheNorm) {
  auto model = AlbertForPreTraining::from_config(tiny_config(),
                                                 {.precision = Precision::kF64, .trainable = true});
  const auto first = [&](const char* name) {
    return model.parameters().find(name)->value.as<double>();
  };
  const char *const words = "albert.embeddings.word_embeddings.weight",
                    *const mapping = "albert.encoder.embedding_hidden_mapping_in.bias",
                    *const pooler = "albert.pooler.bias", *const head = "predictions.bias";
  for (const char* name : {words, mapping, pooler, head}) {
    first(name)[0] = 1;
    model.parameters().find(name)->grad.as<double>()[0] = 3;
  }
  Optimizer optimizer(model, {.eps = 1,
                              .weight_decay = 0,
                              .bias_correction = true,
                              .max_gradient_norm = 0,
                              .rates = {.embeddings = 0, .encoder = 0.5, .head = 4}});
  EXPECT_NEAR(optimizer.step(0.1).get().gradient_norm, 3 * std::sqrt(2.0), 1e-12);
  // The first corrected step moves by rate * g / (|g| + eps).
  EXPECT_EQ(first(words)[0], 1);
  EXPECT_EQ(first(mapping)[0], 1);
  EXPECT_NEAR(first(pooler)[0], 1 - 0.05 * 0.75, 1e-12);
  EXPECT_NEAR(first(head)[0], 1 - 0.4 * 0.75, 1e-12);
}

}  // namespace
}  // namespace albert::testing
