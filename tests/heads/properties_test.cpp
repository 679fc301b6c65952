// What must hold of the whole model, whatever its weights: gradients, threads, recomputation,
// packing, pruning, memory.
#include "tests/support/compare.h"
#include "tests/support/gradcheck.h"
#include "tests/support/models.h"

namespace albert::testing {
namespace {

AlbertForPreTraining make(const AlbertConfig& config, ModelOptions options) {
  options.trainable = true;
  auto model = AlbertForPreTraining::from_config(config, options);
  randomize(model, 7);
  return model;
}

AlbertConfig with_dropout(AlbertConfig c) {
  c.hidden_dropout_prob = 0.2;
  c.attention_probs_dropout_prob = 0.3;
  c.classifier_dropout_prob = 0.4;
  return c;
}

ForwardOptions training_step(bool logits = false) {
  ForwardOptions options;
  options.backward = true;
  options.logits = logits;
  options.dropout = {true, 11, 3};
  return options;
}

TEST(PreTrainingGradient, EqualsCentralDifferencesInF64) {
  const AlbertConfig config = with_dropout(tiny_config());
  auto model = make(config, {.precision = Precision::kF64, .backend = {.threads = 1}});
  const RandomBatch batch(config, 3, 7, 5);
  ForwardOptions options = training_step();
  model.forward(batch.inputs, batch.pretraining, options);
  const TensorFile gradients = model.gradients();
  options.backward = false;  // dropout stays: a pure function of seed and step
  std::vector<double> actual, expected;
  for (Parameter& p : model.parameters().all()) {
    const HostTensor& gradient = gradients.tensors.at(p.name);
    for (int64_t i = 0; i < p.shape.size(); i += 1 + p.shape.size() / 23) {
      double& x = p.value.as<double>()[i];
      const double at = x, step = 1e-3;
      const auto loss = [&](double by) {
        x = at + by;
        return *model.forward(batch.inputs, batch.pretraining, options).loss;
      };
      expected.push_back((8 * (loss(step) - loss(-step)) - (loss(2 * step) - loss(-2 * step))) /
                         (12 * step));
      // The lookup gives the padding row nothing; differences see it, so leave that row out.
      if (p.name == "albert.embeddings.word_embeddings.weight" && i < config.embedding_size)
        expected.back() = gradient.at<double>(i);
      actual.push_back(gradient.at<double>(i));
      x = at;
    }
  }
  EXPECT_GT(actual.size(), 300U);
  EXPECT_TRUE(close(actual, expected, 1e-7));
}

class AllPrecisions : public ::testing::TestWithParam<Precision> {};
INSTANTIATE_TEST_SUITE_P(Precisions, AllPrecisions,
                         ::testing::Values(Precision::kF32, Precision::kF64, Precision::kBF16));

TEST_P(AllPrecisions, ThreadsAndRecomputationDoNotChangeABit) {
  const AlbertConfig config = with_dropout(tiny_config());
  const RandomBatch batch(config, 4, 19, 5);
  std::optional<TensorFile> first;
  std::optional<double> first_loss;
  for (const int threads : {1, 2, 5})
    for (const Keep keep : {Keep::kActivations, Keep::kRecompute})
      for (const kernels::Isa isa : {kernels::detect_isa()}) {
        auto model =
            make(config, {.precision = GetParam(), .backend = {.threads = threads, .isa = isa}});
        ForwardOptions options = training_step();
        options.keep = keep;
        const auto out = model.forward(batch.inputs, batch.pretraining, options);
        if (!first) first = model.gradients(), first_loss = out.loss;
        EXPECT_EQ(*first_loss, *out.loss) << threads << " threads";
        EXPECT_TRUE(same_bits(*first, model.gradients()))
            << threads << " threads, keep " << static_cast<int>(keep);
      }
}

TEST_P(AllPrecisions, PruningTheLastLayerChangesNothing) {
  const AlbertConfig config = with_dropout(tiny_config());
  const RandomBatch batch(config, 4, 9, 5);
  // bf16: sums of the same numbers in another order, each off by up to 2^-8, through six layers
  // there and back
  const double tolerance = GetParam() == Precision::kF64   ? 1e-13
                           : GetParam() == Precision::kF32 ? 2e-6
                                                           : 6.0 / 128;
  auto pruned = make(config, {.precision = GetParam()}),
       whole = make(config, {.precision = GetParam()});
  const auto a = pruned.forward(batch.inputs, batch.pretraining, training_step(false));
  const auto b = whole.forward(batch.inputs, batch.pretraining, training_step(true));
  EXPECT_TRUE(a.prediction_logits.empty());
  EXPECT_FALSE(b.prediction_logits.empty());
  EXPECT_NEAR(*a.loss, *b.loss, tolerance * *b.loss);
  const TensorFile expected = whole.gradients();
  for (const auto& [name, gradient] : pruned.gradients().tensors)
    EXPECT_TRUE(close(doubles(gradient), doubles(expected.tensors.at(name)), tolerance, 0.05))
        << name;
}

TEST_P(AllPrecisions, ABatchEqualsItsSequencesOneByOne) {
  const AlbertConfig config = tiny_config();
  const RandomBatch batch(config, 5, 13, 5);
  auto model = make(config, {.precision = GetParam(), .backend = {.threads = 2}});
  const auto together = model.forward(batch.inputs);
  const int64_t vocabulary = config.vocab_size;
  for (int64_t b = 0; b < batch.batch_size; ++b) {
    const RandomBatch one = batch.single(b);
    const auto alone = model.forward(one.inputs);
    const auto all = doubles(together.prediction_logits);
    const auto begin = all.begin() + b * batch.padded_length * vocabulary;
    const std::vector<double> mine(begin, begin + one.padded_length * vocabulary);
    EXPECT_TRUE(mine == doubles(alone.prediction_logits)) << "sequence " << b;
    for (auto at = begin + one.padded_length * vocabulary;
         at != begin + batch.padded_length * vocabulary; ++at)
      ASSERT_EQ(*at, 0.0) << "padding of sequence " << b;
  }
}

TEST_P(AllPrecisions, PlannedMemoryIsUsedMemoryToTheByte) {
  const AlbertConfig config = tiny_config();
  const RandomBatch batch(config, 3, 17, 5);
  for (const bool backward : {false, true})
    for (const Keep keep : {Keep::kActivations, Keep::kRecompute, Keep::kBatchedWeightGradients}) {
      ModelOptions options{.precision = GetParam(),
                           .trainable = true,
                           .backend = {.device = Device::kMeta, .threads = 2}};
      auto planned = AlbertForPreTraining::from_config(config, options);
      auto real = make(config, {.precision = GetParam(), .backend = {.threads = 2}});
      ForwardOptions step;
      step.backward = backward;
      step.keep = keep;
      planned.forward(batch.inputs, batch.pretraining, step);
      real.forward(batch.inputs, batch.pretraining, step);
      EXPECT_GT(planned.session().last_peak(), 0U);
      EXPECT_EQ(planned.session().last_peak(), real.session().last_peak());
      EXPECT_EQ(real.session().last_peak(), real.session().arena_bytes());
    }
}

// Weight gradients from all applications of a layer at once: the same sums in another order.
TEST_P(AllPrecisions, GradientsOverAllLayersAtOnceAreThoseOfOneByOne) {
  for (const bool every_row : {false, true})
    for (const auto& [groups, inner] :
         {std::pair{1, 1}, std::pair{2, 1}, std::pair{1, 2}, std::pair{3, 2}}) {
      AlbertConfig config = with_dropout(tiny_config());
      config.num_hidden_layers = 5, config.num_hidden_groups = groups,
      config.inner_group_num = inner;
      const RandomBatch batch(config, 4, 19, 5);
      auto one_by_one = make(config, {.precision = GetParam()});
      auto at_once = make(config, {.precision = GetParam(), .backend = {.threads = 1}});
      auto with_threads = make(config, {.precision = GetParam(), .backend = {.threads = 3}});
      ForwardOptions step = training_step(every_row);
      const auto a = one_by_one.forward(batch.inputs, batch.pretraining, step);
      step.keep = Keep::kBatchedWeightGradients;
      for (const double times : {1.0, 2.0}) {  // the second time it adds
        const auto b = at_once.forward(batch.inputs, batch.pretraining, step);
        with_threads.forward(batch.inputs, batch.pretraining, step);
        EXPECT_EQ(*a.loss, *b.loss);
        EXPECT_TRUE(same_bits(at_once.gradients(), with_threads.gradients()));
        const double tolerance = GetParam() == Precision::kF64 ? 1e-13 : 2e-6;
        const TensorFile gradients = at_once.gradients();
        for (const auto& [name, gradient] : one_by_one.gradients().tensors) {
          std::vector<double> expected = doubles(gradient);
          for (double& x : expected) x *= times;
          EXPECT_TRUE(close(doubles(gradients.tensors.at(name)), expected, tolerance, 0.05))
              << name;
        }
      }
    }
}

TEST(Recomputation, NeedsLessMemory) {
  AlbertConfig config = tiny_config();
  config.num_hidden_layers = 12;
  const RandomBatch batch(config, 3, 17, 5);
  auto model = make(config, {});
  ForwardOptions step = training_step();
  model.forward(batch.inputs, batch.pretraining, step);
  const size_t kept = model.session().last_peak();
  step.keep = Keep::kRecompute;
  model.forward(batch.inputs, batch.pretraining, step);
  EXPECT_LT(model.session().last_peak() * 3, kept);
}

TEST(Gradients, AddUpOverMicroBatches) {
  const AlbertConfig config = tiny_config();
  const RandomBatch a(config, 2, 5, 1), b(config, 3, 8, 2);
  auto both = make(config, {.precision = Precision::kF64}),
       first = make(config, {.precision = Precision::kF64}),
       second = make(config, {.precision = Precision::kF64});
  both.forward(a.inputs, a.pretraining, training_step());
  both.forward(b.inputs, b.pretraining, training_step());
  first.forward(a.inputs, a.pretraining, training_step());
  second.forward(b.inputs, b.pretraining, training_step());
  const TensorFile x = first.gradients(), y = second.gradients();
  for (const auto& [name, sum] : both.gradients().tensors) {
    auto expected = doubles(x.tensors.at(name));
    const auto other = doubles(y.tensors.at(name));
    for (size_t i = 0; i < expected.size(); ++i) expected[i] += other[i];
    EXPECT_TRUE(close(doubles(sum), expected, 1e-13, 1e-3)) << name;
  }
  both.zero_grads();
  for (const auto& [name, zero] : both.gradients().tensors)
    for (const double v : doubles(zero)) ASSERT_EQ(v, 0.0) << name;
}

TEST(Dropout, FollowsSeedAndStepAndVanishesInEvaluation) {
  const AlbertConfig config = with_dropout(tiny_config());
  const RandomBatch batch(config, 3, 9, 5);
  auto model = make(config, {});
  const auto loss = [&](bool active, uint64_t seed, uint64_t step) {
    ForwardOptions options;
    options.dropout = {active, seed, step};
    return *model.forward(batch.inputs, batch.pretraining, options).loss;
  };
  EXPECT_EQ(loss(true, 1, 1), loss(true, 1, 1));
  EXPECT_NE(loss(true, 1, 1), loss(true, 1, 2));
  EXPECT_NE(loss(true, 1, 1), loss(true, 2, 1));
  EXPECT_NE(loss(true, 1, 1), loss(false, 1, 1));
  EXPECT_EQ(loss(false, 1, 1), loss(false, 2, 9));
}

}  // namespace
}  // namespace albert::testing
