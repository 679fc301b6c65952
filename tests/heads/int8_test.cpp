// Models whose encoder has weights in int8.
#include <algorithm>

#include <gtest/gtest.h>

#include "albert/heads/memory_plan.h"
#include "tests/support/files.h"
#include "tests/support/models.h"

namespace albert::testing {
namespace {

ModelOptions int8(int threads = 1) {
  ModelOptions options;
  options.weights = WeightFormat::kInt8;
  options.backend.threads = threads;
  return options;
}

// Wide enough that a row's errors even out as they do in a real model.
AlbertConfig small_config() {
  AlbertConfig c = tiny_config();
  c.embedding_size = 24;
  c.hidden_size = 96;
  c.intermediate_size = 200;
  c.initializer_range = 0.1;
  return c;
}

double relative_error(const HostTensor& found, const HostTensor& wanted) {
  const auto a = doubles(found), b = doubles(wanted);
  double difference = 0, whole = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    whole += b[i] * b[i];
  }
  return std::sqrt(difference / whole);
}

template <class Body>
ErrorCode code_of(const Body& body) {
  try {
    body();
  } catch (const Error& e) {
    return e.code();
  }
  return ErrorCode::kInternal;
}

// Of a row of normal values 8 bits leave an error of 0.7 % (steps of 6 deviations / 254), of
// weights 0.5 %: 0.9 % each time. They add up over about three matmuls in a row in each of six
// layers.
constexpr double kExpectedError = 0.04;

TEST(Int8Model, IsNearTheSameModelInF32) {
  auto full = AlbertModel::from_config(small_config()),
       quantized = AlbertModel::from_config(small_config(), int8());
  const RandomBatch batch(small_config(), 5, 20, 7);
  const auto wanted = full.forward(batch.inputs), found = quantized.forward(batch.inputs);
  const double error = relative_error(found.last_hidden_state, wanted.last_hidden_state);
  EXPECT_LT(error, kExpectedError);
  EXPECT_GT(error, 1e-4) << "nothing was quantized";
  EXPECT_LT(relative_error(found.pooler_output, wanted.pooler_output), kExpectedError);
}

// Key and value are one weight in two tensors; whatever order they come in, they become one.
TEST(Int8Model, LoadsFromAFolderWhatItStartsFromInMemory) {
  const TemporaryFolder folder;
  AlbertModel::from_config(small_config()).save_pretrained(folder.path());
  auto loaded = AlbertModel::from_pretrained(folder.path(), int8()),
       made = AlbertModel::from_config(small_config(), int8());
  const RandomBatch batch(small_config(), 3, 20, 7);
  EXPECT_EQ(doubles(loaded.forward(batch.inputs).last_hidden_state),
            doubles(made.forward(batch.inputs).last_hidden_state));
}

TEST(Int8Model, HasTheSameBitsForAnyThreadsAndAloneOrInABatch) {
  auto one = AlbertModel::from_config(small_config(), int8(1)),
       two = AlbertModel::from_config(small_config(), int8(2));
  const RandomBatch batch(small_config(), 6, 20, 7);
  const auto all = one.forward(batch.inputs).last_hidden_state;
  EXPECT_EQ(doubles(all), doubles(two.forward(batch.inputs).last_hidden_state));
  const auto first = doubles(one.forward(batch.single(0).inputs).last_hidden_state);
  ASSERT_EQ(first.size(), 20U * 96U);
  const auto among = doubles(all);
  EXPECT_TRUE(std::equal(first.begin(), first.end(), among.begin()));
}

TEST(Int8Model, PrunedRowsAreTheSame) {
  auto model = AlbertForSequenceClassification::from_config(small_config(), int8());
  const RandomBatch batch(small_config(), 4, 20, 7);
  const auto pruned = model.forward(batch.inputs).logits;
  const auto whole = model.forward(batch.inputs, {}, {.output_hidden_states = true}).logits;
  EXPECT_EQ(doubles(pruned), doubles(whole));
}

TEST(Int8Model, RefusesWhatItCannotDo) {
  const auto made = [](ModelOptions options) {
    options.weights = WeightFormat::kInt8;
    return code_of([&] { AlbertModel::from_config(small_config(), options); });
  };
  EXPECT_EQ(made({.trainable = true}), ErrorCode::kUsage);
  EXPECT_EQ(made({.precision = Precision::kBF16}), ErrorCode::kUsage);
  EXPECT_EQ(made({.precision = Precision::kF64}), ErrorCode::kUsage);
  auto model = AlbertModel::from_config(small_config(), int8());
  EXPECT_EQ(code_of([&] { model.state_dict(); }), ErrorCode::kUsage);
  const RandomBatch batch(small_config(), 1, 4, 7);
  EXPECT_EQ(code_of([&] { model.forward(batch.inputs, {}, {.dropout = {.active = true}}); }),
            ErrorCode::kUsage);
}

TEST(Int8Model, ABaseModelsParametersTakeAThirdOfThoseInF32) {
  AlbertConfig base;
  base.hidden_size = 768;
  base.num_attention_heads = 12;
  base.intermediate_size = 3072;
  const ParameterBytes full = plan_memory("AlbertModel", base, {}).bytes;
  const ParameterBytes quantized =
      plan_memory("AlbertModel", base, {.weights = WeightFormat::kInt8}).bytes;
  EXPECT_LE(static_cast<double>(quantized.total()), 0.35 * static_cast<double>(full.total()));
}

}  // namespace
}  // namespace albert::testing
